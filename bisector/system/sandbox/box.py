"""What both kinds of sandbox have in common: limits, and the interface towards process.run()."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from bisector.system import procfs, sizes

_ONLINE = ("/etc/pki", "/etc/ca-certificates")  # where certificates are looked up


class Network(StrEnum):
    """What a program inside may reach: nothing, a loopback device, or all that the machine can.

    Only a program that is to download something gets the machine's network.
    """

    NONE = "none"
    LOOPBACK = "loopback"
    MACHINE = "machine"


def _memory() -> int:
    """Half of the machine's memory, in bytes."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


@dataclass(frozen=True)
class Limits:
    """Upper limits for one build or test. All but ``tasks`` are in bytes.

    ``tasks`` is the number of processes and threads; ``memory`` the sum of their resident set
    sizes; ``file`` the size of one file, see RLIMIT_FSIZE in setrlimit(2); ``folder`` the size of
    the writable folders; ``scratch`` the size of /tmp, if that is a tmpfs of its own.
    """

    tasks: int = 4096
    memory: int = field(default_factory=_memory)
    file: int = 512 << 20
    folder: int = 2 << 30
    scratch: int = 1 << 30

    def words(self, others: int = 0) -> list[str]:
        """The prlimit(1) command that runs the words after it within those that the kernel checks.

        It counts *others* besides the tasks inside. It does not check the tasks of root, which
        `exceeded` does.
        """
        tasks = self.tasks + others
        return ["prlimit", f"--nproc={tasks}", f"--fsize={self.file}", "--core=0", "--"]

    def exceeded(self, running: Iterable[procfs.Process], size: int) -> str:
        """The limit that *running* processes with *size* bytes in their folders exceed, or ''."""
        tasks = memory = 0
        for process in running:
            tasks, memory = tasks + process.threads, memory + process.resident
        if tasks > self.tasks:
            return f"more than {self.tasks} processes and threads"
        if memory > self.memory:
            return f"more than {sizes.show(self.memory)} of memory"
        return f"more than {sizes.show(self.folder)} written" if size > self.folder else ""


@dataclass(frozen=True, kw_only=True)
class Sandbox(ABC):
    """A kind of sandbox on this machine, as plain data that is sent with a probe.

    ``reads`` are read-only paths besides the system's. ``remark`` says in a report why this kind
    is used and what it does not keep, '' if it keeps all.
    """

    reads: tuple[str, ...] = ()
    limits: Limits = Limits()
    remark: str = ""

    @property
    @abstractmethod
    def said(self) -> str:
        """Its name and version for a report."""

    @property
    @abstractmethod
    def separates_networks(self) -> bool:
        """Whether each program inside has a network of its own, so that no two share a port."""

    @property
    @abstractmethod
    def guards(self) -> int:
        """How many processes run the program inside, each the parent of the next."""

    @abstractmethod
    def words(
        self, box: Box, cwd: Path | None, keep_open: Sequence[int], temporary: str | None
    ) -> list[str]:
        """See Box.words()."""

    @abstractmethod
    def end(self, leader: int) -> None:
        """See Box.end()."""

    def box(
        self,
        *folders: Path,
        reads: Iterable[Path] = (),
        network: Network = Network.LOOPBACK,
    ) -> Box:
        """A sandbox for one program that may write to *folders* and also read *reads*."""
        return Box(self, tuple(map(str, folders)), (*self.reads, *map(str, reads)), network)


@dataclass(frozen=True)
class Box:
    """A sandbox around one program, which may write to ``folders`` and read ``reads``."""

    sandbox: Sandbox
    folders: tuple[str, ...]
    reads: tuple[str, ...]
    network: Network = Network.LOOPBACK

    def online(self) -> Box:
        """The same with the machine's network, and what certificates are looked up in."""
        return replace(self, reads=(*self.reads, *_ONLINE), network=Network.MACHINE)

    @property
    def guards(self) -> int:
        """How many processes stand between process.run() and the program."""
        return self.sandbox.guards

    def words(
        self, cwd: Path | None, keep_open: Sequence[int], temporary: str | None = None
    ) -> list[str]:
        """The command line that runs the words after it inside.

        The descriptors *keep_open* are kept, by the guards, until all processes inside have ended.
        TMPDIR is *temporary* if that is writable inside, else another folder that is.
        """
        return self.sandbox.words(self, cwd, keep_open, temporary)

    def exceeded(self, leader: int) -> str:
        """The limit that the processes of the sandbox with the first guard *leader* exceed, or ''.

        Orphans become children of a guard, so all are descendants.
        """
        running = procfs.descendants(leader, list(procfs.processes()))
        return self.sandbox.limits.exceeded(running, sum(map(_size, self.folders)))

    def end(self, leader: int) -> None:
        """End all processes inside, before the session of *leader* is killed."""
        self.sandbox.end(leader)


def _size(folder: str) -> int:
    """The bytes that the files below *folder* occupy on the disk (blocks of 512 bytes)."""
    total, folders = 0, [folder]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:  # removed meanwhile, or without permissions
            continue
    return total
