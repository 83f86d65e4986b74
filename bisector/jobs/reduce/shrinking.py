"""The reduction itself: passes over a text that leave parts out, until none can go any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import cycle
from typing import NamedTuple, Protocol

from bisector.jobs.reduce.kept import Kept
from bisector.search.ddmin import Attempt, Reduction
from bisector.system import sizes
from bisector.testing import text_units
from bisector.testing.text_units import Span, by_two, levels, lines, unimportant, words

STEADY_RUNS = 5  # of each side, by which the result of a pass is checked
_CHECKS = 3  # at most, if the machine seems to be too busy
_MOST_RUNS = 5  # of each side, by which a candidate is accepted
_THINNED = 0.9  # of the one before: the size of the next text that is remembered

# Bytes that are no UTF-8 stay what they are.
_CODEC = ("utf-8", "surrogateescape")


class Pass(NamedTuple):
    """One way to cut a text into parts that may go."""

    name: str
    parts: Callable[[str], Sequence[Span]]


def _level(depth: int) -> Callable[[str], Sequence[Span]]:
    def parts(text: str) -> Sequence[Span]:
        found = levels(text)
        return found[depth] if depth < len(found) else ()

    return parts


PASSES = (
    Pass("comments", unimportant),
    Pass("sections and commands", _level(0)),
    Pass("what is in them", _level(1)),
    Pass("what is in that", _level(2)),
    Pass("lines", lines),
    Pass("pairs of lines", lambda text: by_two(lines(text), 0)),
    Pass("pairs of lines", lambda text: by_two(lines(text), 1)),
    Pass("pairs of words", lambda text: by_two(words(text), 0)),
    Pass("pairs of words", lambda text: by_two(words(text), 1)),
    Pass("words", words),
)


class Tester(Protocol):
    """Tells whether a text does, see Trials."""

    @property
    def width(self) -> int: ...

    def submit(self, text: bytes, runs: int) -> Future[bool]: ...

    def is_steady(self, text: bytes, runs: int) -> bool: ...


class Shrinking:
    """Makes the text *whole* smaller, with *seconds* to do it in, from the best one in *kept*.

    ``text`` is the smallest so far. ``steady`` are those that were checked by STEADY_RUNS, the
    whole one first. *tell* is called with a line on the progress, *note* with one on each pass.
    """

    def __init__(
        self,
        tester: Tester,
        kept: Kept,
        whole: bytes,
        seconds: float,
        tell: Callable[[str], None],
        note: Callable[[str], None],
    ) -> None:
        self._tester, self._kept = tester, kept
        self._tell, self._note = tell, note
        self._whole = whole
        self._begin = self._counted = time.monotonic()
        self._seconds = seconds
        self._runs = 1  # by which a candidate is accepted
        self._trials = 0
        self._since: list[bytes] = []  # some of the texts that were accepted since the last check
        self.text = whole
        self.steady = [whole]

    def run(self) -> str:
        """Reduce; the reason why more may be left out of ``text`` than was, '' if not so."""
        if (best := self._kept.best) and best != self._whole:
            self._accept(best)
            self._check()
        unchanged = 0
        for one in cycle(PASSES):
            before = self.text
            in_time = self._pass(one)
            self._check()
            self._count()
            unchanged = unchanged + 1 if self.text == before else 0
            if self.text != before:
                self._note(f"without {one.name}: {_size(self.text)}")
            if not in_time:
                return "the time is up"
            if self._runs > _MOST_RUNS:
                return "the test is not steady enough with less of the file"
            if unchanged == len(PASSES):
                return ""
        raise AssertionError("cycle() does not end")

    def _pass(self, one: Pass) -> bool:
        """Leave out what can go of the parts of one pass; False if the time is up before its end.

        The attempts under way are waited for in any case.
        """
        base = self.text.decode(*_CODEC)
        parts = one.parts(base)
        reduction = Reduction(len(parts))
        under_way: dict[Future[bool], tuple[Attempt, bytes]] = {}
        while True:
            while len(under_way) < self._tester.width and self._left > 0:
                if (attempt := reduction.ask()) is None:
                    break
                gone = sorted(set(range(len(parts))).difference(attempt.kept))
                candidate = text_units.without(base, (parts[at] for at in gone)).encode(*_CODEC)
                if self._kept.is_rejected(candidate):
                    reduction.tell(attempt, fails=False)
                else:
                    under_way[self._tester.submit(candidate, self._runs)] = attempt, candidate
            if not under_way:
                return reduction.done
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                attempt, candidate = under_way.pop(future)
                before = reduction.kept
                reduction.tell(attempt, fails=self._judged(candidate, does=future.result()))
                if reduction.kept != before:
                    self._accept(candidate)
            self._show(one)

    def _judged(self, candidate: bytes, *, does: bool) -> bool:
        self._trials += 1
        if not does:
            self._kept.reject(candidate)
        return does

    def _accept(self, text: bytes) -> None:
        self.text = text
        self._kept.keep(text)
        last = self._since[-1] if self._since else self.steady[-1]
        if len(text) <= _THINNED * len(last):
            self._since.append(text)

    def _check(self) -> None:
        """Check that the text is steady; if not, go back to the newest one that is.

        From then on a candidate needs more runs to be accepted.
        """
        if self.text == self.steady[-1]:
            return
        if self._is_steady(self.text):
            self.steady.append(self.text)
        else:
            steady = newest(self._since, self._is_steady)
            self.steady += [steady] if steady else []
            self.text = self.steady[-1]
            self._kept.keep(self.text)
            self._runs += 2
            self._note(f"the test is not steady with less: back to {_size(self.text)}")
        self._since = []

    def _is_steady(self, text: bytes) -> bool:
        """Whether *text* does in STEADY_RUNS; again if what is known to do does not do, either.

        That is what a busy machine can cause.
        """
        for _ in range(_CHECKS):
            if self._tester.is_steady(text, STEADY_RUNS):
                return True
            if self._tester.is_steady(self.steady[-1], STEADY_RUNS):
                return False
        return False

    @property
    def _left(self) -> float:
        return self._seconds - (time.monotonic() - self._begin)

    def _count(self) -> None:
        """Record the trials and the seconds since the last call."""
        now = time.monotonic()
        self._kept.count(self._trials, round(now - self._counted, 3))
        self._trials, self._counted = 0, now

    def _show(self, one: Pass) -> None:
        trials = self._kept.tally.trials + self._trials
        left = f"{_lines(self.text):,} of {_lines(self._whole):,} lines left"
        self._tell(f"{one.name}: {left}, {trials} trials, {max(0.0, self._left) / 60:.1f} min left")


def newest(texts: Sequence[bytes], does: Callable[[bytes], bool]) -> bytes | None:
    """The last of *texts*, each of which is a part of the one before, that *does*; None if none.

    It is found by halving: what one of them lacks, those after it lack, too.
    """
    low, high = 0, len(texts)
    while low < high:
        middle = (low + high) // 2
        if does(texts[middle]):
            low = middle + 1
        else:
            high = middle
    return texts[low - 1] if low else None


def _size(text: bytes) -> str:
    return f"{_lines(text):,} lines, {sizes.show(len(text))}"


def _lines(text: bytes) -> int:
    return len(text.splitlines())
