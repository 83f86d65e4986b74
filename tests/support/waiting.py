"""Wait for what another thread or process does, for a few seconds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from bisector.system.slots import FairSemaphore


def until(condition: Callable[[], bool]) -> None:
    """Wait until *condition* holds."""
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came about")


def is_gone(pid: int) -> bool:
    """Whether the process ends within two seconds: it is killed, but the kernel takes its time."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":  # ended; nobody has asked for its status yet
            return True
        time.sleep(0.01)
    return False


def waiting(semaphore: FairSemaphore) -> int:
    """The number of threads that wait for *semaphore*."""
    return len(semaphore._waiting)
