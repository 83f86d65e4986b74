"""Running child processes: everything that bisector starts goes through :func:`run`."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from bisector.errors import MAKE_ROOM, NO_ROOM, EnvironmentProblem, MissingProgram
from bisector.system import session
from bisector.system.stop import Stop, Stopped

# Between two checks of what a sandboxed program uses, and between two calls of a watcher.
WATCH_SECONDS = 0.2
_WATCH_SHARE = 0.04  # of the time, at most: one look takes 15 ms in a build tree
NOT_EXECUTED = (126, 127)  # exit statuses of a shell or a sandbox whose program cannot be executed
OUTPUT_BYTES = 32 << 20  # of a program's output that is read back; the log file has all of it

_DOCTOR = "see 'bisector doctor' for how to get it"

# What a child gets of this process's environment: no credentials, no GIT_*, no MAKEFLAGS.
_ENVIRONMENT = ("PATH", "TMPDIR", "TZ", "SOURCE_DATE_EPOCH")


class Child(Protocol):
    """The part of subprocess.Popen that is used of what plumbum returns."""

    pid: int

    def wait(self, timeout: float | None = None) -> int: ...


class Confinement(Protocol):
    """A sandbox around a program, see :class:`bisector.system.sandbox.Box`."""

    @property
    def guards(self) -> int: ...

    def words(
        self, cwd: Path | None, keep_open: Sequence[int], temporary: str | None
    ) -> list[str]: ...

    def exceeded(self, leader: int) -> str: ...

    def end(self, leader: int) -> None: ...


Watcher = Callable[[int], None]
"""Called with the pid of a running program, which is also its session."""


@dataclass(frozen=True)
class Finished:
    """How a program ended.

    ``status`` is its exit status, -N if signal N ended it, or None if it was killed because of its
    timeout or because of its ``excess``, a text that names the limit of its sandbox that it
    exceeded. ``output`` is stdout and stderr, interleaved; if there were more than OUTPUT_BYTES,
    ``dropped`` bytes are left out in the middle, which only the log file has. ``seconds`` is the
    elapsed time.
    """

    argv: tuple[str, ...]
    status: int | None
    output: str
    seconds: float
    excess: str = ""
    dropped: int = 0

    @property
    def ok(self) -> bool:
        return self.status == 0

    @property
    def timed_out(self) -> bool:
        return self.status is None and not self.excess


def run(
    argv: Sequence[str | Path],
    *,
    log: Path,
    timeout: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
    stop: Stop | None = None,
    box: Confinement | None = None,
    watchers: Sequence[Watcher] = (),
) -> Finished:
    """Run *argv* to its end, with its output in the file *log*, and say how it ended.

    The program gets no standard input, a few variables of this process's environment plus *env*,
    and *timeout* seconds. It leads a session of its own, see setsid(2). All of the session is
    killed when the program has ended, at the timeout, and when this process is interrupted. The
    kernel kills the program when this process ends, see setpriv(1) and PR_SET_PDEATHSIG in
    prctl(2). The file descriptors *keep_open* are inherited: an flock(2) lock among them is held
    until the last descendant has ended, even if this process was killed. In a *box* the program is
    killed when it exceeds the limits there. The *watchers* are called every WATCH_SECONDS or so.

    Raises MissingProgram if there is no such program, EnvironmentProblem if it cannot start or if
    some of its processes cannot be killed, Stopped if *stop* was requested.
    """
    from plumbum import local

    stop = stop or Stop()
    stop.check()
    words = tuple(str(word) for word in argv)
    if not shutil.which(words[0]):  # plumbum searches the PATH of the time when it was imported
        raise MissingProgram(f"{words[0]}: no such program", _DOCTOR)
    starter = require_env()
    # env(1), since plumbum can only add to the environment. SIGINT is reset, since a shell that
    # starts bisector in the background ignores it, and VTest stops HAProxy by it.
    around = box.words(cwd, keep_open, (env or {}).get("TMPDIR")) if box else []
    begin = ("--default-signal=INT", "-i", *environment(env), *_die_with_parent(), *around)
    command = local[starter][(*begin, *words)]
    started = time.monotonic()
    try:
        with log.open("wb") as sink:
            child = command.popen(
                cwd=str(cwd) if cwd else None,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                new_session=True,
                pass_fds=tuple(keep_open),
            )
            status, excess, remaining = _wait(cast(Child, child), timeout, stop, box, watchers)
        if stop.requested:
            raise Stopped(clean=status is not None and (status >= 0 or status == -signal.SIGTERM))
        if remaining:
            raise _unkillable(words[0], remaining)
    except OSError as error:
        why = error.strerror or str(error)
        hint = f"{why}: {MAKE_ROOM}" if error.errno in NO_ROOM else why
        raise EnvironmentProblem(f"cannot run {words[0]}", hint) from error
    output, dropped = read_log(log, OUTPUT_BYTES)
    return Finished(words, status, output, time.monotonic() - started, excess, dropped)


def environment(extra: Mapping[str, str] | None = None) -> list[str]:
    """The environment of a child process with *extra* variables, as NAME=VALUE words."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return [f"{name}={value}" for name, value in {**kept, "LC_ALL": "C", **(extra or {})}.items()]


def _die_with_parent() -> tuple[str, ...]:
    """The command prefix by which the kernel kills a program when this process ends."""
    setpriv = _system_program("setpriv")
    return (setpriv, "--pdeathsig", "KILL") if setpriv else ()


def require_env() -> str:
    """The path of env(1), which starts all other programs. Raises MissingProgram."""
    if found := _system_program("env"):
        return found
    raise MissingProgram(
        "env: no such program, or busybox's, which lacks --default-signal", _DOCTOR
    )


def _system_program(name: str) -> str | None:
    """The path of env or setpriv, also if PATH lacks the folders of the system; not busybox's."""
    found = shutil.which(name) or shutil.which(name, path=os.defpath)
    return found if found and Path(found).resolve().name != "busybox" else None


def read_log(log: Path, limit: int) -> tuple[str, int]:
    """The text of *log*, and how many bytes in its middle were left out to keep to *limit* bytes.

    What is not UTF-8 is replaced. A note within a line stands where bytes were left out, so that
    the text after it does not begin a line, which a pattern could match.
    """
    with log.open("rb") as source:
        size = source.seek(0, os.SEEK_END)
        dropped = max(0, size - limit)
        source.seek(0)
        content = source.read(limit // 2 if dropped else limit)
        if dropped:
            source.seek(len(content) + dropped)
            content += b" [... %d bytes left out ...] " % dropped + source.read(limit // 2)
    return content.decode("utf-8", "replace"), dropped


def _wait(
    child: Child, timeout: float, stop: Stop, box: Confinement | None, watchers: Sequence[Watcher]
) -> tuple[int | None, str, list[int]]:
    """The status of *child*, its excess, and the pids of its session that cannot be killed."""
    status = None
    try:
        with stop.registered(child.pid, box.guards if box else 0):
            status, excess = _watch(child, timeout, stop, box, watchers)
    finally:
        if box and status is None:
            box.end(child.pid)
        remaining = session.kill(child.pid)
        if child.pid not in remaining:
            child.wait()
    return status, excess, remaining


def _watch(
    child: Child, timeout: float, stop: Stop, box: Confinement | None, watchers: Sequence[Watcher]
) -> tuple[int | None, str]:
    """Wait until *child* ends or exceeds a limit of *box*; its status and its excess.

    The status is None after *timeout* seconds, and if it was killed and still runs.
    """
    deadline, pause = time.monotonic() + timeout, WATCH_SECONDS
    while (seconds := deadline - time.monotonic()) > 0 and not stop.killed:
        status = _status(child, min(seconds, pause))
        if status is not None:
            # a sandbox reports signal N as status 128 + N
            return (128 - status if box and status > 128 else status), ""
        begin = time.monotonic()
        if box and (excess := box.exceeded(child.pid)):
            return None, excess
        for watcher in watchers:
            watcher(child.pid)
        pause = max(WATCH_SECONDS, (time.monotonic() - begin) / _WATCH_SHARE)
    return None, ""


def _status(child: Child, timeout: float) -> int | None:
    """The status of *child* when it ends, None if it does not within *timeout* seconds.

    Waits on a pidfd, see pidfd_open(2), which wakes up at once; the timeout of Popen.wait() polls.
    """
    try:
        handle = os.pidfd_open(child.pid)
    except OSError:  # before Linux 5.3
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(timeout)
        return None
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return child.wait() if poll.poll(timeout * 1000) else None
    finally:
        os.close(handle)


def _unkillable(program: str, pids: Sequence[int]) -> EnvironmentProblem:
    which = f"process {', '.join(map(str, pids))}"
    what = f"{program} does not end: {which} goes on {session.KILL_SECONDS:.0f} s after SIGKILL"
    return EnvironmentProblem(what, "the disk or file server that it waits for may hang")
