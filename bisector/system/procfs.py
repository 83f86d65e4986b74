"""The processes of this machine, read from /proc, see proc(5)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

_NAME_BYTES = 15  # of a program's name, which the kernel keeps
_PAGE, _TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """A process that has not ended. ``resident`` is its resident set size in bytes.

    ``name`` is that of its program, see kernel_name().
    """

    pid: int
    parent: int
    session: int
    threads: int
    resident: int
    name: str


@dataclass(frozen=True)
class Zombie:
    """A process that has ended, and whose parent has not asked yet how, see wait(2).

    ``name`` is that of its program, see kernel_name(). ``status`` is as waitpid(2) returns it; 0 if
    the kernel does not tell.
    """

    pid: int
    parent: int
    group: int
    session: int
    name: str
    status: int


def processes() -> Iterator[Process]:
    """All processes that have not ended, without zombies."""
    for pid, name, words in _entries():
        if words[0] not in b"ZX":
            parent, session, threads, pages = (int(words[n]) for n in (1, 3, 17, 21))
            yield Process(pid, parent, session, threads, pages * _PAGE, os.fsdecode(name))


def zombies() -> Iterator[Zombie]:
    """All processes that have ended and still have an entry."""
    for pid, name, words in _entries():
        if words[0] == b"Z":
            parent, group, session = (int(word) for word in words[1:4])
            status = int(words[49]) if len(words) > 49 else 0  # since Linux 3.5
            yield Zombie(pid, parent, group, session, os.fsdecode(name), status)


def is_asleep(pid: int) -> bool:
    """Whether all threads of a process wait for an event; False if it has ended.

    It is not asleep if it runs, waits for a processor or a disk, or is stopped.
    """
    try:
        with os.scandir(f"/proc/{pid}/task") as threads:
            return all(_stat(thread.path)[1][0] == b"S" for thread in threads)
    except OSError:
        return False


def inner_pid(pid: int) -> int:
    """The pid of a process in its own pid namespace, such as that of a sandbox.

    It is *pid* if the process is gone or the kernel does not tell (before Linux 4.1).
    """
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_bytes().splitlines():
            if line.startswith(b"NSpid:"):
                return int(line.split()[-1])
    return pid


def demand(pid: int) -> float:
    """The seconds in which threads of a process ran or waited for a processor; 0 if it is gone.

    Where the kernel does not count the waiting (/proc/PID/task/TID/schedstat), that in which they
    ran.
    """
    total = 0.0
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/task") as threads:
        for thread in threads:
            try:
                ran, waited = Path(thread.path, "schedstat").read_bytes().split()[:2]
                total += (int(ran) + int(waited)) / 1e9
            except (OSError, ValueError):
                with contextlib.suppress(OSError):
                    total += sum(map(int, _stat(thread.path)[1][11:13])) / _TICKS
    return total


def kernel_name(program: Path) -> str:
    """What the kernel keeps of the name of a *program*: its first bytes."""
    return os.fsdecode(os.fsencode(program.name)[:_NAME_BYTES])


def _entries() -> Iterator[tuple[int, bytes, list[bytes]]]:
    """The pid of each process, its program's name, and the other fields of its stat."""
    # scandir, since Path.glob checks each entry again and fails if its process has ended
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                yield int(entry.name), *_stat(entry.path)


def _stat(folder: str) -> tuple[bytes, list[bytes]]:
    """The program's name in the file stat of *folder* in /proc, and the fields after it.

    The name may contain spaces and ')'. Raises OSError if the process has ended.
    """
    handle = os.open(f"{folder}/stat", os.O_RDONLY)  # takes a third of the time of Path.open()
    try:
        begin, _, fields = os.read(handle, 4096).rpartition(b")")
        return begin.partition(b"(")[2], fields.split()
    finally:
        os.close(handle)


def descendants(pid: int, among: Collection[Process]) -> list[Process]:
    """The processes in *among* that are children of *pid*, their children, and so on."""
    children: dict[int, list[Process]] = {}
    for process in among:
        children.setdefault(process.parent, []).append(process)
    found = list(children.get(pid, ()))
    for process in found:  # the list grows during the loop
        found += children.get(process.pid, ())
    return found


def killed_for_memory() -> int:
    """How many processes the kernel has killed for lack of memory since boot.

    This is oom_kill of /proc/vmstat; 0 where that is missing (before Linux 4.13).
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return 0
