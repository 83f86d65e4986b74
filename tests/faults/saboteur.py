"""Runs bisector and spoils one of its steps on the disk, or writes down which steps there are.

    python -m tests.faults.saboteur record FILE - WORDS…
    python -m tests.faults.saboteur kill STEP NTH WORDS…     ends it by SIGKILL before that step
    python -m tests.faults.saboteur full STEP NTH WORDS…     from then on there is no room
    python -m tests.faults.saboteur clock - NTH WORDS…       the clock jumps back at its NTH reading

A step is what changes a file or a folder that belongs to the trial, by kind: hashes and numbers in
its name are stars.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bisector.cli import main

DAY = 86400.0  # seconds

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink"}
_NEEDS_ROOM = ("open", "os.mkdir", "os.symlink", "fsync")
_VARYING = re.compile(
    r"(?<=/scratch/)[^/]+|(?<=/bisector-)\d+(?:/[^/]+)?|[0-9a-f]{12,}|(?<=/)[0-9a-f]{2}(?=/|$)"
    r"|(?<=\.)[a-z0-9_]{8}$|\d+|(?<=^/)[a-z0-9_]{8}$"
)

Action = Callable[[str, int], None]
"""Told of each step before it happens: its kind, and how many of that kind there were with it."""


class Steps:
    """Watches this process's steps below some folders."""

    def __init__(self, folders: tuple[str, ...], action: Action) -> None:
        self._folders = folders
        self._action = action
        self._seen: Counter[str] = Counter()
        self._lock = threading.RLock()
        self._fsync: Callable[[int], None] = os.fsync
        os.fsync = self._watched_fsync
        sys.addaudithook(self._watch)

    def _watch(self, event: str, args: tuple[object, ...]) -> None:
        if event == "open" and isinstance(args[2], int) and args[2] & _WRITING:
            self._step(event, args[0])
        elif event in _EVENTS:
            self._step(event, args[1] if event == "os.rename" else args[0])

    def _watched_fsync(self, fd: Any) -> None:
        self._step("fsync", str(Path(f"/proc/self/fd/{fd}").readlink()))
        self._fsync(fd)

    def _step(self, event: str, path: object) -> None:
        for folder in self._folders if isinstance(path, (str, Path)) else ():
            if str(path).startswith(f"{folder}/"):
                kind = f"{event} {_VARYING.sub('*', str(path).removeprefix(folder))}"
                with self._lock:
                    self._seen[kind] += 1
                    self._action(kind, self._seen[kind])


def recording(file: str) -> Action:
    sink = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    return lambda kind, nth: void(os.write(sink, f"{kind}\t{nth}\n".encode()))


def killing(wanted: str, when: int) -> Action:
    def action(kind: str, nth: int) -> None:
        if (kind, nth) == (wanted, when):
            os.kill(os.getpid(), signal.SIGKILL)

    return action


def filling(wanted: str, when: int) -> Action:
    full = threading.Event()

    def action(kind: str, nth: int) -> None:
        if (kind, nth) == (wanted, when):
            full.set()
        if full.is_set() and kind.startswith(_NEEDS_ROOM):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return action


def turn_clock_back(when: int) -> None:
    """From its *when*-th reading on the clock is a day behind."""
    real, read = time.time, Counter[str]()

    def behind() -> float:
        read["times"] += 1
        return real() - (DAY if read["times"] >= when else 0)

    time.time = behind


def void(result: object) -> None:
    """Nothing."""


if __name__ == "__main__":
    way, first, second, *words = sys.argv[1:]
    places = (os.environ["BISECTOR_WORKSPACE"], os.environ["TMPDIR"])
    if way == "clock":
        turn_clock_back(int(second))
    else:
        actions = {
            "record": lambda: recording(first),
            "kill": lambda: killing(first, int(second)),
            "full": lambda: filling(first, int(second)),
        }
        Steps(places, actions[way]())
    sys.exit(main(["bisector", *words]))
