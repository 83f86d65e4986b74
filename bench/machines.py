"""A Dask cluster on the loopback interface: a scheduler and workers in separate processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from bench.measure import ROOT
from bisector.system.workspace import Workspace

_SCHEDULER = (sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard")
WORKER = (sys.executable, "-m", "bisector", "worker")


class Machines:
    """A context manager of a cluster's processes, which it kills at its end.

    *tls* is a file with certificate and key; None for plain TCP. *worker* is the command that
    starts a worker, without the scheduler's address.
    """

    def __init__(self, tls: Path | None = None, worker: Sequence[str] = WORKER) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"{'tls' if tls else 'tcp'}://127.0.0.1:{self.port}"
        self.workers: list[subprocess.Popen[str]] = []
        self._tls = [f"--tls-{what}={tls}" for what in ("ca-file", "cert", "key")] if tls else []
        self._worker = worker
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        self.scheduler = self.schedule()
        return self

    def __exit__(self, *what: object) -> None:
        for one in reversed(self._processes):
            self.kill(one)

    def schedule(self) -> subprocess.Popen[str]:
        """Start a scheduler, or start it again; return when it is ready."""
        host = self.address.rpartition(":")[0]
        words = (*_SCHEDULER, "--host", host, "--port", str(self.port), *self._tls)
        process = self._start(words, stderr=subprocess.PIPE)
        assert process.stderr is not None
        while "Scheduler at" not in (line := process.stderr.readline()):
            assert line, "the scheduler ended"
        return process

    def work(self, workspace: Workspace) -> None:
        """Start a worker with this workspace; return when it is ready."""
        env = {"BISECTOR_WORKSPACE": str(workspace.root)}
        process = self._start((*self._worker, self.address), env)
        assert process.stdout is not None
        while "tcp://127.0.0.1:" not in (line := process.stdout.readline()):
            assert line, "the worker ended"
        self.workers.append(process)

    def _start(
        self, words: Sequence[str], more: Mapping[str, str] | None = None, stderr: int | None = None
    ) -> subprocess.Popen[str]:
        env = {**os.environ, "PYTHONPATH": str(ROOT), **(more or {})}
        process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=stderr, text=True)
        self._processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[str]) -> None:
        """Kill the process with SIGKILL and wait for its end."""
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self._processes.remove(process)
