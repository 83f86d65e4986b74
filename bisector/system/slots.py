"""What of the machine a probe may use, and how it is called off: builds take turns."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from bisector.system.process import Stop
from bisector.system.sandbox import Sandbox


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0))


class Turns:
    """So many builds at once and no more; who waits longest is next."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: list[object] = []
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self, stop: Stop) -> Iterator[None]:
        """Wait for a turn and have it. Raises Stopped if *stop* says so first (see `wake`)."""
        self._wait(stop)
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _wait(self, stop: Stop) -> None:
        me = object()
        with self._changed:
            self._waiting.append(me)
            try:
                self._changed.wait_for(
                    lambda: stop.asked or (self._free > 0 and self._waiting[0] is me)
                )
                stop.check()
                self._free -= 1
            finally:
                self._waiting.remove(me)
                self._changed.notify_all()

    def wake(self) -> None:
        """Let those that wait see whether they were called off."""
        with self._changed:
            self._changed.notify_all()


@dataclass(frozen=True)
class Lane:
    """A probe's: so many processors for its build, whose turn it is, and how to call it off.

    ``sandbox`` is what its build and its test run in, if in any.
    """

    cores: int = field(default_factory=cores)
    turns: Turns = field(default_factory=lambda: Turns(1))
    stop: Stop = field(default_factory=Stop)
    sandbox: Sandbox | None = None

    def call_off(self) -> None:
        """End the probe that has this lane; it raises Stopped."""
        self.stop.now()
        self.turns.wake()
