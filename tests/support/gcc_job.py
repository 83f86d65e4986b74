"""A job on a machine that has gcc and a made VTest, and neither tcc nor Lua."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bisector.build import tcc
from bisector.build.toolchain import Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.git.history import History
from bisector.probing.context import Context
from bisector.system.tools import Lua, Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.clone import Clone

# it builds by the toolchain's flags, as HAProxy's does
MAKEFILE = """\
haproxy: src/haproxy.o
\t$(CC) $(ARCH_FLAGS) -o $@ $^ $(ADDLIB)
%.o: %.c
\t$(CC) $(OPT_CFLAGS) $(ARCH_FLAGS) -c -o $@ $<
"""


def gcc_job(
    clone: Clone, workspace: Workspace, vtest: Path, monkeypatch: pytest.MonkeyPatch
) -> Context:
    """The job's context; *vtest* is the program. Skips the test without gcc, gcov or make."""
    for name in ("gcc", "gcov", "make"):
        if not shutil.which(name):
            pytest.skip(f"no {name} on this machine")
    monkeypatch.setattr(tcc, "find", lambda: None)
    lua = Lua("5.4", Path("/lua/include"), Path("/lua/lib"), "lua5.4", "lua-id")
    gcc, make = Tool(Path("gcc"), "gcc", "gcc-id"), Tool(Path("make"), "make", "make-id")
    history, tool = History.open(clone.path, workspace), Tool(vtest, "vtest", "id")
    oracle = VTestCase("own", "d", "own.vtc", files=(("own.vtc", ""),))
    return Context(workspace, history, Toolchains(Dev.of(make, gcc, lua, {})), oracle, (tool,))


def program(path: Path, text: str) -> Path:
    """The script *text* as a program at *path*."""
    path.write_text(text)
    path.chmod(0o755)
    return path
