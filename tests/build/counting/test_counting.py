"""The toolchains whose binaries count: what they add to those of a job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bisector.build import tcc
from bisector.build.counting import by_gcov, by_tcc
from bisector.build.toolchain import Toolchain, Toolchains
from bisector.build.toolchains import TOOLCHAINS
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.build.toolchains.release import Release
from bisector.system.tools import Lua, Tool
from bisector.system.workspace import Workspace

LUA = Lua("5.4", Path("/lua/include"), Path("/lua/lib"), "lua5.4", "lua-id")
MAKE, GCC = Tool(Path("make"), "make", "make-id"), Tool(Path("gcc"), "gcc", "gcc-id")


def toolchain(name: str, extra: Mapping[str, str] | None = None) -> Toolchain:
    return TOOLCHAINS[name].of(MAKE, GCC, LUA, extra or {})


@pytest.mark.parametrize("name", [Dev.name, Release.name])
def test_a_counting_toolchain_is_gccs_without_optimisation(name: str) -> None:
    made = by_gcov(Toolchains(toolchain(Fast.name), None, toolchain(name)))
    assert made
    words = dict(made.variables)
    assert words["ARCH_FLAGS"] == "--coverage"
    assert words["CPU_CFLAGS"] == words["OPT_CFLAGS"] == "-O0"
    assert made.name not in (Dev.name, Fast.name, Release.name), "its objects lie apart"
    assert made.identity != toolchain(name).identity


def test_the_users_own_flags_stay() -> None:
    made = by_gcov(Toolchains(toolchain(Dev.name, {"ARCH_FLAGS": "-m32", "ADDLIB": "-lx"})))
    assert made
    words = dict(made.variables)
    assert words["ARCH_FLAGS"] == "-m32 --coverage"
    assert words["ADDLIB"].startswith("-lx ")


def test_tcc_alone_has_no_gcov() -> None:
    assert by_gcov(Toolchains(toolchain(Fast.name))) is None


def test_tcc_counts_with_flags_of_its_own(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcc, "compiled", lambda workspace, source: Path("/t/flush.o"))
    fast = Fast.of(MAKE, GCC, LUA, {"ADDLIB": "-lx"})
    made = by_tcc(workspace, fast)
    words = dict(made.variables)
    assert (words["ARCH_FLAGS"], words["ADDLIB"]) == ("-ftest-coverage", "-lx /t/flush.o")
    assert made.name != Fast.name, "its objects lie apart"
    assert made.identity != fast.identity
