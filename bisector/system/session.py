"""The processes of a session, see setsid(2): terminating and killing all of them.

A session rather than a process group, since VTest starts each test in a process group of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from bisector.system import procfs

KILL_SECONDS = 10.0  # until a killed process is gone; longer only if it hangs in the kernel
TEMPORARY = "tmp"  # a build's TMPDIR, beside its log
MAX_PAUSE_SECONDS = 0.05  # between two checks whether it is gone


def members(session: int) -> list[procfs.Process]:
    """The running processes of *session*, which is the pid of its leader."""
    return [process for process in procfs.processes() if process.session == session]


def terminate(session: int, guards: int = 0) -> None:
    """Send SIGTERM to the processes of *session*, except to its first *guards* processes.

    The guards are the leader, its child and so on, which run the others in a sandbox.

    All processes get it, since make passes it on only to its direct children: a compiler's
    assembler would go on and write an object file that make has already removed. They are stopped
    first and get it together, as from a terminal, since a shell whose program ends would start the
    next one. The leader is the last, so that it cleans up after the others.
    """
    parents: dict[int, int] = {}
    while more := {one.pid: one.parent for one in members(session) if one.pid not in parents}:
        send(signal.SIGSTOP, more)
        parents |= more
    leaders = {session}
    spared: set[int] = set()
    for _ in range(guards):
        spared |= leaders
        leaders = {pid for pid, parent in parents.items() if parent in leaders}
    targets = sorted(parents.keys() - spared or parents, key=lambda pid: pid in leaders)
    send(signal.SIGTERM, targets)
    send(signal.SIGCONT, [*targets, *spared])


def ask_to_end(leader: int) -> None:
    """Send SIGTERM to the *leader* of a session, and wait until it has ended the others.

    It is waited for during KILL_SECONDS.
    """
    deadline, pause = time.monotonic() + KILL_SECONDS, 0.001
    send(signal.SIGTERM, [leader])
    send(signal.SIGCONT, [leader])  # it may be stopped, see terminate()
    while any(process.pid == leader for process in members(leader)) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(2 * pause, MAX_PAUSE_SECONDS)


def kill(session: int) -> list[int]:
    """Kill all processes of *session* and wait; the pids of those that remain, usually none.

    A process that waits in the kernel, e.g. for a disk or a file server, ends only after that; it
    is waited for during KILL_SECONDS.
    """
    deadline, pause, killed = time.monotonic() + KILL_SECONDS, 0.001, set[int]()
    while pids := [process.pid for process in members(session)]:
        send(signal.SIGKILL, pids)
        if time.monotonic() > deadline:
            return pids
        if killed.issuperset(pids):  # else a killed process may have forked: look again at once
            time.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE_SECONDS)
        killed.update(pids)
    return []


def send(number: signal.Signals, pids: Iterable[int]) -> None:
    """Send a signal to *pids*; those that have ended are skipped."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def kill_orphans(folder: Path) -> None:
    """Kill all running processes whose TMPDIR is *folder* or TEMPORARY in it.

    Child processes of a killed bisector are killed by the kernel (PR_SET_PDEATHSIG), but not all
    their descendants: a test of VTest waits forever for the VTest that was killed, and so does a
    bubblewrap that was starting.
    """
    variables = {f"TMPDIR={place}".encode() for place in (folder, folder / TEMPORARY)}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):  # another user's, or it has ended
                content = Path(entry.path, "environ").read_bytes()
                if not variables.isdisjoint(content.split(b"\0")):
                    os.kill(int(entry.name), signal.SIGKILL)
