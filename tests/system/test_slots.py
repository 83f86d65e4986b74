"""Turns: so many builds at once, first come first served, and who is called off does not wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest

from bisector.system.process import Stop, Stopped
from bisector.system.slots import Lane, Turns, cores


def until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came about")


class Worker:
    """Takes a turn in a thread of its own, and keeps it until it may go."""

    def __init__(self, turns: Turns, lane: Lane | None = None) -> None:
        self.lane = lane or Lane(1, turns)
        self.has_it = threading.Event()
        self.may_go = threading.Event()
        self.stopped = False
        self._thread = threading.Thread(target=self._work, args=(turns,))
        self._thread.start()

    def _work(self, turns: Turns) -> None:
        try:
            with turns.taken(self.lane.stop):
                self.has_it.set()
                self.may_go.wait(10)
        except Stopped:
            self.stopped = True

    def end(self) -> None:
        self.may_go.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


def waiting(turns: Turns) -> int:
    return len(turns._waiting)


def is_waiting(turns: Turns, number: int) -> bool:
    return waiting(turns) == number


def test_there_are_so_many_at_once_and_no_more() -> None:
    turns = Turns(2)
    workers = [Worker(turns) for _ in range(3)]
    until(lambda: sum(one.has_it.is_set() for one in workers) == 2 and waiting(turns) == 1)
    time.sleep(0.05)
    assert sum(one.has_it.is_set() for one in workers) == 2
    next(one for one in workers if one.has_it.is_set()).end()
    until(lambda: all(one.has_it.is_set() for one in workers))
    for one in workers:
        one.end()


def test_who_waits_longest_is_next() -> None:
    turns = Turns(1)
    workers = []
    for number in range(4):
        workers.append(Worker(turns))
        assert workers[0].has_it.wait(5)
        until(partial(is_waiting, turns, number))
    for one, later in pairwise(workers):
        assert not later.has_it.is_set()
        one.end()
        assert later.has_it.wait(5)
    workers[-1].end()


def test_one_that_fails_gives_its_turn_back() -> None:
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError), turns.taken(Stop()):
        raise ZeroDivisionError
    with turns.taken(Stop()):
        pass


def test_who_is_called_off_while_it_waits_leaves_and_the_next_one_moves_up() -> None:
    turns = Turns(1)
    first = Worker(turns)
    assert first.has_it.wait(5)
    second = Worker(turns)
    until(lambda: waiting(turns) == 1)
    third = Worker(turns)
    until(lambda: waiting(turns) == 2)
    second.lane.call_off()
    second.end()
    assert second.stopped and not second.has_it.is_set()
    first.end()
    assert third.has_it.wait(5)
    third.end()
    assert waiting(turns) == 0


def test_who_was_called_off_before_takes_no_turn() -> None:
    turns = Turns(1)
    lane = Lane(1, turns)
    lane.call_off()
    with pytest.raises(Stopped), turns.taken(lane.stop):
        raise AssertionError("it has a turn")
    with turns.taken(Stop()):
        pass


def test_a_lane_of_its_own_has_all_processors_and_need_not_wait() -> None:
    lane = Lane()
    assert lane.cores == cores() >= 1
    with lane.turns.taken(lane.stop):
        pass
