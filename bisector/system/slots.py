"""The share of this machine that a probe may use, and the limit on parallel builds."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from bisector.system.sandbox import Sandbox
from bisector.system.stop import Stop


def cores() -> int:
    """The number of processors that this process may use, see sched_getaffinity(2)."""
    return len(os.sched_getaffinity(0))


class FairSemaphore:
    """A semaphore that serves its waiters in the order of their arrival, and can be cancelled."""

    def __init__(self, permits: int) -> None:
        self._free = permits
        self._waiting: list[object] = []
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def acquired(self, stop: Stop) -> Iterator[None]:
        """Wait for a permit and hold it. Raises Stopped if *stop* was requested, see `notify`."""
        self._acquire(stop)
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _acquire(self, stop: Stop) -> None:
        waiter = object()
        with self._changed:
            self._waiting.append(waiter)
            try:
                self._changed.wait_for(
                    lambda: stop.requested or (self._free > 0 and self._waiting[0] is waiter)
                )
                stop.check()
                self._free -= 1
            finally:
                self._waiting.remove(waiter)
                self._changed.notify_all()

    def notify(self) -> None:
        """Make each waiter check whether its stop was requested."""
        with self._changed:
            self._changed.notify_all()


@dataclass(frozen=True)
class Slot:
    """What one probe may use: processors, a build permit, a sandbox; and how to cancel it.

    ``cores`` is the number of parallel jobs of its make. ``build_permits`` is shared by the probes
    that must not all build at once. Build and test run in the ``sandbox`` if there is one.
    """

    cores: int = field(default_factory=cores)
    build_permits: FairSemaphore = field(default_factory=lambda: FairSemaphore(1))
    stop: Stop = field(default_factory=Stop)
    sandbox: Sandbox | None = None

    def cancel(self) -> None:
        """End the probe that uses this slot, from another thread; it raises Stopped."""
        self.stop.request()
        self.build_permits.notify()
