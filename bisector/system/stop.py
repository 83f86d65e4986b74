"""Cancelling work from another thread, with the child processes that it runs."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator

from bisector.system import session

GRACE_SECONDS = 2.0  # between SIGTERM and SIGKILL


class Stopped(Exception):
    """The work was cancelled by :meth:`Stop.request`, so it has no result.

    ``clean``: its program had started and ended by itself, as make does after it has removed
    unfinished files.
    """

    def __init__(self, clean: bool = False) -> None:
        super().__init__("cancelled")
        self.clean = clean


class Stop:
    """A stop request for some work, and the sessions of child processes that it is running.

    ``requested`` is set once and for all. ``killed`` says that the grace period is over and
    SIGKILL was sent.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[int, int] = {}
        self.requested = False
        self.killed = False

    def request(self) -> None:
        """Terminate the registered sessions, and kill what is left of them after GRACE_SECONDS.

        `check` and :func:`bisector.system.process.run` raise Stopped from now on.
        """
        with self._lock:
            self.requested = True
            for leader, guards in self._sessions.items():
                session.terminate(leader, guards)
            if self._sessions:
                timer = threading.Timer(GRACE_SECONDS, self._kill)
                timer.daemon = True
                timer.start()

    def check(self) -> None:
        """Raise Stopped if a stop was requested."""
        if self.requested:
            raise Stopped

    def pause(self, seconds: float) -> None:
        """Sleep. Raises Stopped if a stop was requested before."""
        self.check()
        time.sleep(seconds)

    @contextlib.contextmanager
    def registered(self, leader: int, guards: int = 0) -> Iterator[None]:
        """While this context lasts, `request` ends the session of the process *leader*.

        Its first *guards* processes run a sandbox: what runs inside is to be ended.
        """
        with self._lock:
            self._sessions[leader] = guards
        if self.requested:
            self.request()
        try:
            yield
        finally:
            with self._lock:
                del self._sessions[leader]

    def _kill(self) -> None:
        # does not wait for their end, which the thread that runs them does: the lock is held
        with self._lock:
            for leader, guards in self._sessions.items():
                pids = {process.pid for process in session.members(leader)}
                # a guard ends when all inside has, and with it what has left the session
                session.send(signal.SIGKILL, pids - {leader} if guards else pids)
            self.killed = True
