"""The fair semaphore of builds, and cancelling a slot that waits for it."""

from __future__ import annotations

import threading
import time
from functools import partial
from itertools import pairwise

import pytest

from bisector.system.slots import FairSemaphore, Slot, cores
from bisector.system.stop import Stop, Stopped
from tests.support.waiting import until, waiting


class Worker:
    """Acquires the semaphore in a thread of its own, and holds it until `end`."""

    def __init__(self, semaphore: FairSemaphore, slot: Slot | None = None) -> None:
        self.slot = slot or Slot(1, semaphore)
        self.holds = threading.Event()
        self.release = threading.Event()
        self.stopped = False
        self._thread = threading.Thread(target=self._work, args=(semaphore,))
        self._thread.start()

    def _work(self, semaphore: FairSemaphore) -> None:
        try:
            with semaphore.acquired(self.slot.stop):
                self.holds.set()
                self.release.wait(10)
        except Stopped:
            self.stopped = True

    def end(self) -> None:
        self.release.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


def is_waiting(semaphore: FairSemaphore, number: int) -> bool:
    return waiting(semaphore) == number


def test_no_more_than_its_permits_are_held_at_once() -> None:
    semaphore = FairSemaphore(2)
    workers = [Worker(semaphore) for _ in range(3)]
    until(lambda: sum(worker.holds.is_set() for worker in workers) == 2 and waiting(semaphore) == 1)
    time.sleep(0.05)
    assert sum(worker.holds.is_set() for worker in workers) == 2
    next(worker for worker in workers if worker.holds.is_set()).end()
    until(lambda: all(worker.holds.is_set() for worker in workers))
    for worker in workers:
        worker.end()


def test_the_first_waiter_is_the_next_holder() -> None:
    semaphore = FairSemaphore(1)
    workers = []
    for number in range(4):
        workers.append(Worker(semaphore))
        assert workers[0].holds.wait(5)
        until(partial(is_waiting, semaphore, number))
    for holder, waiter in pairwise(workers):
        assert not waiter.holds.is_set()
        holder.end()
        assert waiter.holds.wait(5)
    workers[-1].end()


def test_a_permit_is_released_after_an_exception() -> None:
    semaphore = FairSemaphore(1)
    with pytest.raises(ZeroDivisionError), semaphore.acquired(Stop()):
        raise ZeroDivisionError
    with semaphore.acquired(Stop()):
        pass


def test_a_cancelled_waiter_leaves_the_queue() -> None:
    semaphore = FairSemaphore(1)
    first = Worker(semaphore)
    assert first.holds.wait(5)
    second = Worker(semaphore)
    until(lambda: waiting(semaphore) == 1)
    third = Worker(semaphore)
    until(lambda: waiting(semaphore) == 2)
    second.slot.cancel()
    second.end()
    assert second.stopped and not second.holds.is_set()
    first.end()
    assert third.holds.wait(5)
    third.end()
    assert waiting(semaphore) == 0


def test_a_cancelled_slot_acquires_no_permit() -> None:
    semaphore = FairSemaphore(1)
    slot = Slot(1, semaphore)
    slot.cancel()
    with pytest.raises(Stopped), semaphore.acquired(slot.stop):
        raise AssertionError("it was acquired")
    with semaphore.acquired(Stop()):
        pass


def test_a_default_slot_has_all_processors_and_a_free_permit() -> None:
    slot = Slot()
    assert slot.cores == cores() >= 1
    with slot.build_permits.acquired(slot.stop):
        pass
