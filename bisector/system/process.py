"""The one gateway for child processes: whatever bisector starts goes through :func:`run`."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from bisector.errors import MAKE_ROOM, NO_ROOM, EnvironmentProblem, MissingProgram
from bisector.system import procfs

WATCH_SECONDS = 0.2  # between two looks at what a sandboxed program uses
GRACE_SECONDS = 2.0  # for a program that was told to end, before it is killed
KILL_SECONDS = 10.0  # for what was killed to be gone; only what hangs in the kernel takes longer
MAX_PAUSE = 0.05  # seconds between two looks whether it is
OUTPUT_BYTES = 32 << 20  # of a child's output, what is read back; the whole stays in its log file

# What a child may know of its surroundings: no credentials, no GIT_*, no MAKEFLAGS of a caller.
_ENVIRONMENT = ("PATH", "TMPDIR", "TZ", "SOURCE_DATE_EPOCH")


class Child(Protocol):
    """What is used of the object that plumbum gives for a running program."""

    pid: int

    def wait(self, timeout: float | None = None) -> int: ...


class Box(Protocol):
    """What keeps a program apart, see :mod:`bisector.system.sandbox`."""

    def words(
        self, cwd: Path | None, keep_open: Sequence[int], temporary: str | None
    ) -> list[str]: ...

    def exceeded(self, leader: int) -> str: ...


class Stopped(Exception):
    """The work was called off by :meth:`Stop.now`; no answer to anybody's question.

    ``clean``: it ended by itself, if it had begun, as make does after tidying up.
    """

    def __init__(self, clean: bool = False) -> None:
        super().__init__("called off")
        self.clean = clean


class Stop:
    """Calls off some work from another thread, with all the child processes that it has."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[int, bool] = {}
        self.asked = False
        self.forced = False  # what did not obey was killed

    def now(self) -> None:
        """End what runs, by force where it does not obey; what would be started raises Stopped."""
        with self._lock:
            self.asked = True
            for session, boxed in self._sessions.items():
                _tell_to_end(session, boxed)
            if self._sessions:
                force = threading.Timer(GRACE_SECONDS, self._kill)
                force.daemon = True
                force.start()

    def check(self) -> None:
        """Raise Stopped if the work was called off."""
        if self.asked:
            raise Stopped

    def pause(self, seconds: float) -> None:
        """Wait a moment. Raises Stopped."""
        self.check()
        time.sleep(seconds)

    @contextlib.contextmanager
    def watching(self, session: int, boxed: bool = False) -> Iterator[None]:
        """While *session* runs, `now` ends it; *boxed* says that it is a sandbox's."""
        with self._lock:
            self._sessions[session] = boxed
        if self.asked:
            self.now()
        try:
            yield
        finally:
            with self._lock:
                del self._sessions[session]

    def _kill(self) -> None:
        # whoever runs them waits for their end, see _wait(); nobody waits for this lock meanwhile
        with self._lock:
            for session in self._sessions:
                _send(signal.SIGKILL, [one.pid for one in _living(session)])
            self.forced = True


@dataclass(frozen=True)
class Finished:
    """How a program ended.

    ``status`` is its exit status, negative for the signal that ended it, and None when it was
    stopped because its time was over or because of its ``excess``, the limit of its sandbox that
    it went beyond. ``output`` holds stdout and stderr as they came, without ``dropped`` bytes in
    the middle, which only the log file has, if there were more than OUTPUT_BYTES.
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
    box: Box | None = None,
) -> Finished:
    """Run *argv* to its end, its output going to the file *log*, and say how it ended.

    The program gets no standard input, a short allow-list of this process's environment plus
    *env*, and *timeout* seconds. It leads a session of its own, which is killed as a whole
    when its time is over or when this process is interrupted, so that nothing is left behind.
    The file descriptors *keep_open* are inherited: a lock among them is held until the last
    descendant has ended, even when this process was killed. In a *box* it is stopped when it goes
    beyond the limits there.

    Raises MissingProgram if there is no such program, EnvironmentProblem if it cannot start or if
    some of it cannot be killed, Stopped if *stop* called it off.
    """
    from plumbum import CommandNotFound, local

    stop = stop or Stop()
    stop.check()
    words = tuple(str(word) for word in argv)
    try:
        local.which(words[0])
    except CommandNotFound:
        raise _missing(words[0]) from None
    if not (starter := _system_program("env")):
        raise _missing("env")
    # plumbum adds to this process's environment and cannot take away; env(1) can. And a shell that
    # starts us in the background has SIGINT ignored, by which VTest stops HAProxy.
    around = box.words(cwd, keep_open, (env or {}).get("TMPDIR")) if box else []
    begin = ("--default-signal=INT", "-i", *environment(env), *_mortal(), *around)
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
            status, excess, left = _wait(cast(Child, child), timeout, stop, box)
        if stop.asked:
            raise Stopped(clean=status is not None and (status >= 0 or status == -signal.SIGTERM))
        if left:
            raise _unkillable(words[0], left)
    except OSError as error:
        why = error.strerror or str(error)
        hint = f"{why}: {MAKE_ROOM}" if error.errno in NO_ROOM else why
        raise EnvironmentProblem(f"cannot run {words[0]}", hint) from error
    output, dropped = read_log(log, OUTPUT_BYTES)
    return Finished(words, status, output, time.monotonic() - started, excess, dropped)


def end_orphans(folder: Path) -> None:
    """Kill the programs that were given *folder* for their temporary files, and still run.

    Those that a killed bisector started end with it, but not all that they had started: a VTest's
    test waits for ever for the VTest that is gone, and so does what bubblewrap has just begun.
    """
    mark = f"TMPDIR={folder}".encode()
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):  # somebody else's, or ended
                if mark in Path(entry.path, "environ").read_bytes().split(b"\0"):
                    os.kill(int(entry.name), signal.SIGKILL)


def environment(extra: Mapping[str, str] | None = None) -> list[str]:
    """The environment that a child gets, as NAME=VALUE words."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return [f"{name}={value}" for name, value in {**kept, "LC_ALL": "C", **(extra or {})}.items()]


def _mortal() -> tuple[str, ...]:
    """What makes a program end with this process, even when this one is killed."""
    setpriv = _system_program("setpriv")
    return (setpriv, "--pdeathsig", "KILL") if setpriv else ()


def _system_program(name: str) -> str | None:
    """The path of a program that starts others, also where PATH leaves out the system's folders."""
    return shutil.which(name) or shutil.which(name, path=os.defpath)


def _missing(program: str) -> MissingProgram:
    hint = "see 'bisector doctor' for how to get it"
    return MissingProgram(f"{program}: no such program", hint)


def read_log(log: Path, limit: int) -> tuple[str, int]:
    """A log as text, and how many bytes in its middle were left out to keep to *limit*.

    What is not UTF-8 is replaced. A note stands where bytes were left out, within a line: what
    follows it is no line's beginning, which a pattern could match.
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
    child: Child, timeout: float, stop: Stop, box: Box | None
) -> tuple[int | None, str, list[int]]:
    """The status of *child*, its excess, and which processes of its session cannot be killed."""
    try:
        with stop.watching(child.pid, box is not None):
            status, excess = _watched(child, timeout, stop, box)
    finally:
        left = _kill_members(child.pid)
        if child.pid not in left:
            child.wait()
    return status, excess, left


def _watched(child: Child, timeout: float, stop: Stop, box: Box | None) -> tuple[int | None, str]:
    """The status of *child* and its excess; it ends as soon as it goes beyond the *box*'s limits.

    The status is None if its time is over, or if it was killed and is still there.
    """
    until = time.monotonic() + timeout
    while (left := until - time.monotonic()) > 0 and not stop.forced:
        status = _status(child, min(left, WATCH_SECONDS))
        if status is not None:
            # bubblewrap tells of a signal as a shell does
            return (128 - status if box and status > 128 else status), ""
        if box and (excess := box.exceeded(child.pid)):
            return None, excess
    return None, ""


def _status(child: Child, timeout: float) -> int | None:
    """The status of *child* as soon as it ends, None if it does not within *timeout* seconds."""
    try:
        handle = os.pidfd_open(child.pid)
    except OSError:  # before Linux 5.3 one has to look again and again
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(timeout)
        return None
    try:
        ends = select.poll()
        ends.register(handle, select.POLLIN)
        return child.wait() if ends.poll(timeout * 1000) else None
    finally:
        os.close(handle)


def _tell_to_end(session: int, boxed: bool) -> None:
    # all of it, for make tells only its own children: a compiler's would go on, and write an
    # object that make removed already. And all at once, as from a terminal: a shell that sees its
    # program end goes on to the next. The leader comes last, to tidy up after the others.
    held: dict[int, int] = {}
    while more := {one.pid: one.parent for one in _living(session) if one.pid not in held}:
        _send(signal.SIGSTOP, more)
        held |= more
    leaders = {session}
    spared: set[int] = set()
    if boxed:  # bubblewrap, and what it has as the first process inside: all ends with either
        spared = {session, *(pid for pid, parent in held.items() if parent == session)}
        leaders = {pid for pid, parent in held.items() if parent in spared - {session}}
    members = sorted(held.keys() - spared or held, key=lambda pid: pid in leaders)
    _send(signal.SIGTERM, members)
    _send(signal.SIGCONT, [*members, *spared])


def _send(number: signal.Signals, pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _kill_members(session: int) -> list[int]:
    """Kill all of a session; which of its processes are there KILL_SECONDS later, mostly none.

    A process that waits in the kernel, as for a disk or a file server, ends only after that.
    """
    # a session, not a process group: VTest gives each test a group of its own
    until, pause, killed = time.monotonic() + KILL_SECONDS, 0.001, set[int]()
    while members := [one.pid for one in _living(session)]:
        _send(signal.SIGKILL, members)
        if time.monotonic() > until:
            return members
        if killed.issuperset(members):  # else some were started meanwhile, and more may have been
            time.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE)
        killed.update(members)
    return []


def _unkillable(program: str, left: Sequence[int]) -> EnvironmentProblem:
    which = f"process {', '.join(map(str, left))}"
    what = f"{program} does not end: {which} goes on {KILL_SECONDS:.0f} s after it was killed"
    return EnvironmentProblem(what, "the disk or file server that it waits for may hang")


def _living(session: int) -> list[procfs.Process]:
    """The processes of a session that have not ended."""
    return [one for one in procfs.processes() if one.session == session]
