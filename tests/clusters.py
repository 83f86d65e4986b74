"""A Dask cluster on this machine's loopback, and a HAProxy that takes no time to build and test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import pygit2
import pytest

from bisector import session, tools
from bisector.oracle import Oracle
from bisector.probe import Probe
from bisector.sandbox import OFF
from bisector.scheduler import Scheduler
from bisector.session import Options
from bisector.toolchain import DEV
from bisector.workspace import Workspace
from tests.conftest import Clone

SCHEDULER = (sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard")
# without the look around: it is not this machine that is tried
_SERVE = """
import sys
from bisector.scheduler import Scheduler
from bisector.worker import serve
from bisector.workspace import Workspace
serve(Scheduler(sys.argv[1]), Workspace.open(), lambda own: print(own, flush=True))
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
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))

    def new_workspace(self, name: str) -> Workspace:
        """A workspace with a Lua to compile with, lest the system has none."""
        workspace = Workspace(self.folder / name)
        lua = tools.lua_folder(workspace)
        (lua / "include").mkdir(parents=True)
        (lua / "lib").mkdir()
        version = '#define LUA_VERSION_MAJOR "5"\n#define LUA_VERSION_MINOR "4"\n'
        (lua / "include/lua.h").write_text(version)
        (lua / "lib/liblua5.4.a").write_text("")
        return workspace

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
        chain = session.find_chain(Options(), self.workspace, DEV)
        vtest = tools.require_vtest(self.workspace)
        judge = oracle or Oracle("any", "any.vtc", "digest", (("any.vtc", "vtest x"),))
        place = str(self.clone.git.path)
        return Probe(place, tree, chain, judge, str(vtest.path), vtest.identity, run, again=False)

    def store(self, name: str) -> pygit2.Repository:
        """Where the worker with this workspace keeps the trees that came to it."""
        (path,) = (self.folder / name / "scratch").glob("**/received.git")
        return pygit2.Repository(str(path))


class Machines:
    """A scheduler and workers, each a process of its own; all end with the context."""

    def __init__(self, tls: Path | None = None) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"{'tls' if tls else 'tcp'}://127.0.0.1:{self.port}"
        self._tls: list[str] = []
        if tls:  # a certificate and its key in one file
            self._tls = [f"--tls-{what}={tls}" for what in ("ca-file", "cert", "key")]
        self.workers: list[subprocess.Popen[str]] = []
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        self.scheduler = self.schedule()
        return self

    def __exit__(self, *what: object) -> None:
        for one in reversed(self._processes):
            self.kill(one)

    def schedule(self) -> subprocess.Popen[str]:
        """Start a scheduler, for the first time or again; it is ready when this returns."""
        host = self.address.rpartition(":")[0]
        words = (*SCHEDULER, "--host", host, "--port", str(self.port), *self._tls)
        process = self._start(words, stderr=subprocess.PIPE)
        assert process.stderr is not None
        while "Scheduler at" not in (line := process.stderr.readline()):
            assert line, "the scheduler ended"
        return process

    def work(self, workspace: Workspace, command: Sequence[str] = WORKER) -> None:
        """Start a worker with this workspace; it is ready when this returns."""
        env = {"BISECTOR_WORKSPACE": str(workspace.root)}
        process = self._start((*command, self.address), env)
        assert process.stdout is not None
        while "tcp://127.0.0.1:" not in (line := process.stdout.readline()):
            assert line, "the worker ended"
        self.workers.append(process)

    def _start(
        self, words: Sequence[str], more: Mapping[str, str] | None = None, stderr: int | None = None
    ) -> subprocess.Popen[str]:
        env = {**os.environ, **(more or {})}
        process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=stderr, text=True)
        self._processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[str]) -> None:
        """End it all of a sudden."""
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self._processes.remove(process)

    def asked(self, same: bool = False) -> Scheduler:
        """What a client has to know; nothing is sandboxed."""
        return Scheduler(self.address, same=same, sandbox=OFF)
