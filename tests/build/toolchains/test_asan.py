"""The toolchain with the sanitizers: its variables, for old Makefiles of HAProxy and new ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.build import sanitizers
from bisector.build.toolchains import TOOLCHAINS
from bisector.build.toolchains.asan import Asan
from bisector.errors import MissingLibrary
from bisector.system.tools import Lua, Tool
from bisector.system.workspace import Workspace

MAKE = Tool(Path("/usr/bin/make"), "GNU Make 4.3", "make-id")
GCC = Tool(Path("/usr/bin/gcc"), "gcc 12.2.0", "gcc-id")
LUA = Lua("5.4", Path("/lua/include"), Path("/lua/lib"), "lua5.4", "lua-id")
VARIABLES = dict(Asan.of(MAKE, GCC, LUA, {}).variables)


def test_it_is_one_of_the_toolchains_and_its_verdicts_are_proof() -> None:
    assert TOOLCHAINS["asan"] is Asan
    assert Asan.is_real


def test_compiler_and_linker_get_the_sanitizers_by_a_variable_of_all_versions() -> None:
    assert "-fsanitize=address,undefined" in VARIABLES["ARCH_FLAGS"].split()
    assert VARIABLES["CPU_CFLAGS"] == VARIABLES["OPT_CFLAGS"] == "-O1"
    assert VARIABLES["DEBUG_CFLAGS"] == ""
    assert not {"CFLAGS", "LDFLAGS"} & set(VARIABLES)


def test_haproxys_pools_hide_nothing_from_it() -> None:
    assert "-DDEBUG_NO_POOLS" in VARIABLES["DEBUG"].split()


def test_the_compiler_is_tried_with_the_sanitizers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(workspace: Workspace) -> Tool:
        raise MissingLibrary("no libasan")

    monkeypatch.setattr(sanitizers, "compiler", fails)
    with pytest.raises(MissingLibrary):
        Asan.find_compiler(Workspace(tmp_path))
