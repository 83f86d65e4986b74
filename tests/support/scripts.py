"""Run a shell script as bisector runs its children, or stop one."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from bisector.system import process
from bisector.system.process import Finished
from bisector.system.stop import Stop, Stopped


def shell(script: str, log: Path, timeout: float = 10.0, **more: str) -> Finished:
    """Run *script*, its output going to *log*, with *more* in the environment."""
    return process.run(["sh", "-c", script], log=log, timeout=timeout, env=more)


def stopped(script: str, log: Path) -> tuple[Stopped, float]:
    """Stop *script* when it has printed a line; the exception, and the seconds until it came."""
    stop = Stop()

    def request() -> None:
        for _ in range(1000):
            if log.exists() and log.read_text().endswith("\n"):
                break
            time.sleep(0.01)
        stop.request()

    requester = threading.Thread(target=request)
    requester.start()
    started = time.monotonic()
    with pytest.raises(Stopped) as caught:
        process.run(["sh", "-c", script], log=log, timeout=30.0, stop=stop)
    requester.join()
    return caught.value, time.monotonic() - started


def first_pid(log: Path) -> int:
    """The process that a script names in its first line; a shell may add who was killed."""
    return int(log.read_text().split()[0])
