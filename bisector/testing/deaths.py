"""HAProxy instances that die while VTest waits: such a test is ended, and how they died is kept.

VTest asks how an instance ended only when the test stops it, and until then waits for what cannot
come any more: a response (15 s and more), the pid file, a barrier. Meanwhile the dead instance is a
zombie, a child of the process that runs the test. If that process is killed, VTest prints the
test's log and ends, as after its own time limit.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from bisector.system import procfs

# A zombie that VTest does not ask about for so long, in so many looks in which VTest was asleep,
# is one that it is not about to ask about: a VTest that gets no processor is not asleep.
DEAD_SECONDS, LOOKS = 0.5, 3

CRASHES = frozenset(
    (
        *(signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL),
        *(signal.SIGSEGV, signal.SIGSYS, signal.SIGTRAP),
    )
)
BY_SIGNAL = 128  # plus a signal is the status of a master whose worker died by the signal
_STARTED = re.compile(r"^\*+\s+(\S+)\s+PID: (\d+)$", re.M)


@dataclass(frozen=True)
class Death:
    """How an HAProxy instance died. ``instance`` is its name in the test, such as h1, or ''.

    ``signal`` is the number of the one that killed it, or killed a worker of this master; 0 if it
    ended by itself. ``status`` is its exit status then.
    """

    instance: str
    signal: int
    status: int

    def __str__(self) -> str:
        if self.signal:
            return f"HAProxy died by signal {self.signal} ({signal.Signals(self.signal).name})"
        return f"HAProxy ended with exit status {self.status}"


@dataclass
class _Seen:
    """Since when a zombie is there, and how often VTest was asleep in a look at it."""

    since: float
    looks: int = 0

    @property
    def forgotten(self) -> bool:
        """Whether VTest waits for something else than this zombie."""
        return time.monotonic() - self.since >= DEAD_SECONDS and self.looks >= LOOKS


@dataclass
class DeathWatch:
    """Looks for dead instances of ``program`` in a running test, and ends the test.

    It counts what VTest itself would call a bad exit status, except of an instance in daemon mode,
    which is no child of the test's process.
    """

    program: Path
    _seen: dict[int, _Seen] = field(default_factory=dict)
    _dead: dict[int, procfs.Zombie] = field(default_factory=dict)  # by pid in its own namespace

    def look(self, session: int) -> None:
        """Look once at the processes of VTest's *session*; kill the test's if an instance is dead.

        A watcher of process.run().
        """
        dead = [zombie for zombie in procfs.zombies() if self._is_instance(zombie, session)]
        for zombie in dead:
            seen = self._seen.setdefault(zombie.pid, _Seen(time.monotonic()))
            seen.looks += procfs.is_asleep(zombie.parent)
        if any(self._seen[zombie.pid].forgotten for zombie in dead):
            self._dead |= {procfs.inner_pid(zombie.pid): zombie for zombie in dead}
            for group in {zombie.group for zombie in dead}:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)

    def deaths(self, log: str) -> tuple[Death, ...]:
        """The deaths for which a test was ended, with the instances' names from its *log*."""
        names = instances(log)
        return tuple(_death(zombie, names.get(pid, "")) for pid, zombie in self._dead.items())

    def _is_instance(self, zombie: procfs.Zombie, session: int) -> bool:
        """Whether *zombie* is an instance that ended in a way that the test does not expect.

        The parent of an instance leads the process group of both. This is not so for what a shell
        of the test runs, nor for the workers of a master.
        """
        return (
            zombie.session == session
            and zombie.group == zombie.parent
            and zombie.name == procfs.kernel_name(self.program)
            and _is_abnormal(zombie.status)
        )


def instances(log: str) -> dict[int, str]:
    """The names of the programs that VTest started, such as h1, by pid, from its *log*."""
    return {int(pid): name for name, pid in _STARTED.findall(log)}


def may_die(case: str) -> bool:
    """Whether the text of a test *case* says that HAProxy ends in its own way."""
    return "-expectexit" in case


def _is_abnormal(status: int) -> bool:
    """Whether *status*, of waitpid(2), is a crash or a failure; not if a signal asked it to end."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0 or code > BY_SIGNAL:
        return (-code if code < 0 else code - BY_SIGNAL) in CRASHES
    return code > 0


def _death(zombie: procfs.Zombie, instance: str) -> Death:
    code = os.waitstatus_to_exitcode(zombie.status)
    if code < 0:
        return Death(instance, -code, 0)
    return Death(instance, code - BY_SIGNAL if code > BY_SIGNAL else 0, code)
