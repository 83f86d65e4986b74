"""Clusters on this machine, and a HAProxy that takes no time to build and test."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pygit2
import pytest

from bench.machines import Machines
from bisector.build.toolchains.dev import Dev
from bisector.probing import toolchains
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.options import Options
from bisector.probing.probe import Probe
from bisector.system import tools
from bisector.system.sandbox import OFF
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.clone import Clone

# without the look around: it is not this machine that is tried
_SERVE = """
import sys
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.dask.worker import serve
from bisector.system.workspace import Workspace
*limit, address = sys.argv[1:]
workspace = Workspace.open(limit=int(limit[0])) if limit else Workspace.open()
serve(Scheduler(address), workspace, lambda own: print(own, flush=True))
"""
WORKER = (sys.executable, "-c", _SERVE)
MAKE = '#!/bin/sh\n[ "$1" != --version ] || exec echo "GNU Make 4"\nexec sh ./src/build.sh\n'
GCC = "#!/bin/sh\necho gcc {}\n"
VTEST = '#!/bin/sh\nfor case; do :; done\n. "$HAPROXY_PROGRAM"\n'  # it knows $case
BUILD = "cp src/haproxy.c haproxy && chmod 755 haproxy\n"
GOOD = "echo all was well\n"
BAD = "echo '---- c1    EXPECT resp.status (503) == \"200\" failed'; exit 1\n"


class Ground:
    """A machine with such a HAProxy: its programs, a clone, the client's workspace."""

    def __init__(self, folder: Path, clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.clone = clone
        self.workspace = self.new_workspace("client")
        self._programs = folder / "bin"
        self._programs.mkdir()
        for name, text in (("make", MAKE), ("gcc", GCC.format(12)), ("vtest", VTEST)):
            self.program(name, text)
        monkeypatch.setenv("PATH", f"{self._programs}:{os.environ['PATH']}")
        monkeypatch.setenv("VTEST_PROGRAM", str(self._programs / "vtest"))
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))

    def new_workspace(self, name: str) -> Workspace:
        """An empty workspace."""
        return with_lua(self.folder / name)

    def program(self, name: str, text: str) -> None:
        path = self._programs / name
        path.write_text(text)
        path.chmod(0o755)

    def tree(self, haproxy: str = GOOD, build: str = BUILD) -> str:
        """A HAProxy that does *haproxy* when it is tested, and is built so."""
        first = self.clone.commit({"doc/x.txt": "x"})
        return self.clone.tree({"src/haproxy.c": haproxy, "src/build.sh": build}, first)

    def request(self, tree: str, oracle: Oracle | None = None, run: int = 0) -> Probe:
        """The question that a client asks."""
        toolchain = toolchains.find_toolchain(Options(), self.workspace, Dev.name)
        judge = oracle or VTestCase("any", "digest", "any.vtc", files=(("any.vtc", "vtest x"),))
        place, needed = str(self.clone.git.path), judge.find_tools(self.workspace)
        return Probe(place, tree, toolchain, judge, needed, run, again=False)

    def store(self, name: str) -> pygit2.Repository:
        """Where the worker with this workspace keeps the trees that came to it."""
        (path,) = (self.folder / name / "scratch").glob("**/received.git")
        return pygit2.Repository(str(path))


def with_lua(folder: Path) -> Workspace:
    """A workspace with a Lua to compile with, lest the system has none."""
    workspace = Workspace(folder)
    lua = tools.lua_folder(workspace)
    (lua / "include").mkdir(parents=True)
    (lua / "lib").mkdir()
    version = '#define LUA_VERSION_MAJOR "5"\n#define LUA_VERSION_MINOR "4"\n'
    (lua / "include/lua.h").write_text(version)
    (lua / "lib/liblua5.4.a").write_text("")
    return workspace


def machines(tls: Path | None = None, limit: int | None = None) -> Machines:
    """A cluster for it, whose workers do not look around first; *limit* is their workspaces'."""
    return Machines(tls, WORKER if limit is None else (*WORKER, str(limit)))


def asked(made: Machines, same: bool = False) -> Scheduler:
    """What a client of *made* has to know; nothing is sandboxed."""
    return Scheduler(made.address, same=same, sandbox=OFF)
