"""Locks on files and folders, which the kernel releases when their holder ends: flock(2)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

from bisector.system.files import explained

_PROBE_SECONDS = 0.001  # about what is_locked() takes


@contextlib.contextmanager
def lock(path: Path, *, wait: bool = False) -> Iterator[int | None]:
    """Yield the file descriptor of an exclusive flock(2) lock on *path*, which is created.

    If it is locked already, yield None, or with *wait*, block until it is free.
    Raises WorkspaceProblem if the file cannot be opened.
    """
    with explained(f"cannot lock {path}"):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if wait:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle if wait or _take(handle) else None
    finally:
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Whether *path* has a lock(). The check takes a shared lock for a moment, see _take()."""
    with explained(f"cannot read {path}"):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
    try:
        return not _flock(handle, fcntl.LOCK_SH)
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    """Try to take an exclusive lock; False if another process has one.

    An exclusive lock is also refused while is_locked() has a shared one. A shared lock tells the
    two cases apart: it is refused only if there is an exclusive one. Then try again.
    """
    while not _flock(handle, fcntl.LOCK_EX):
        if not _flock(handle, fcntl.LOCK_SH):
            return False
        fcntl.flock(handle, fcntl.LOCK_UN)
        # at random, so that two processes that retry do not collide again
        time.sleep(random.uniform(0, _PROBE_SECONDS))
    return True


def _flock(handle: int, how: int) -> bool:
    """Whether *handle* could be locked without waiting."""
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def hold(path: Path, *, alone: bool = False) -> Iterator[bool]:
    """Take a shared lock on the file or folder *path*, so that it is not removed while in use.

    Yields False if it does not exist. To remove it, hold it *alone*, with an exclusive lock: yields
    False, too, if it is locked. Raises WorkspaceProblem if it cannot be opened.
    """
    with explained(f"cannot lock {path}"):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            handle = None
    if handle is None:
        yield False
        return
    try:
        if not alone:
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield (not alone or _flock(handle, fcntl.LOCK_EX)) and _is_at(handle, path)
    finally:
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    """Whether *path* is still the file that was opened as *handle*."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
