"""Delta debugging: a minimal part of the items with which a test still fails.

After ddmin of Zeller and Hildebrandt 2002, "Simplifying and Isolating Failure-Inducing Input", with
the order of Lithium: chunks of the items are left out one after the other, each chunk once, then
chunks of half the size. Where most of the items can go, as lines of a long file, ddmin itself would
try each chunk again after each that went. It is independent of what the items are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

Item = TypeVar("Item")


class TrialResult(Enum):
    """The result of testing a part of the items."""

    FAIL = "fail"
    PASS = "pass"
    UNRESOLVED = "unresolved"


@dataclass(frozen=True)
class Minimum(Generic[Item]):
    """Items that fail together, in their original order, and no longer if any one is removed.

    For ``undecided`` ones the latter is unproven: the test without the item was UNRESOLVED.
    """

    items: tuple[Item, ...]
    undecided: tuple[Item, ...]


@dataclass(frozen=True)
class Attempt:
    """A part that is to be tested: the indexes that are ``kept``, all of ``whole`` but a chunk."""

    kept: tuple[int, ...]
    chunk: tuple[int, ...]
    whole: tuple[int, ...]


class Reduction:
    """Finds a 1-minimal part of so many items that all together fail.

    Several attempts may be under way at a time, and end in any order: ask() for them, tell() how
    each ended. ``kept`` are the indexes of the smallest part so far that fails. It is 1-minimal
    when the reduction is ``done``: then each part with one index less was tested.
    """

    def __init__(self, count: int) -> None:
        self.kept = tuple(range(count))
        self.done = not count
        self._size = count
        self._chunks: deque[tuple[int, ...]] = deque([self.kept] if count else [])
        self._open = 0  # attempts under way
        self._removed = False  # something, since this size was begun

    def ask(self) -> Attempt | None:
        """The next part to test; None if that depends on the attempts under way, or when done."""
        while not self._chunks and not self._open and not self.done:
            self._next_size()
        if not self._chunks:
            return None
        self._open += 1
        chunk = self._chunks.popleft()
        gone = set(chunk)
        kept = tuple(index for index in self.kept if index not in gone)
        return Attempt(kept, chunk, self.kept)

    def tell(self, attempt: Attempt, *, fails: bool) -> None:
        """Record how *attempt* ended.

        If it fails, but another chunk went meanwhile, it is tried again without that one.
        """
        self._open -= 1
        if not fails:
            return
        if attempt.whole == self.kept:
            self.kept, self._removed = attempt.kept, True
        else:
            self._chunks.appendleft(attempt.chunk)

    def _next_size(self) -> None:
        """Begin with chunks of half the size; single items are tried until all are needed."""
        if (self._size <= 1 and not self._removed) or not self.kept:
            self.done = True
            return
        self._size = max(1, min(self._size, len(self.kept)) // 2)
        starts = range(0, len(self.kept), self._size)
        self._chunks = deque(self.kept[start : start + self._size] for start in starts)
        self._removed = False


def ddmin(items: Sequence[Item], test: Callable[[tuple[Item, ...]], TrialResult]) -> Minimum[Item]:
    """Reduce *items* to a 1-minimal part that fails; *test* is called at most once for each part.

    It is deterministic: the same results lead to the same tests. The empty part is taken to PASS
    and is not tested.

    Raises ValueError unless all items together FAIL.
    """
    results: dict[tuple[int, ...], TrialResult] = {(): TrialResult.PASS}

    def run(part: tuple[int, ...]) -> TrialResult:
        if part not in results:
            results[part] = test(tuple(items[index] for index in part))
        return results[part]

    reduction = Reduction(len(items))
    if run(reduction.kept) is not TrialResult.FAIL:
        raise ValueError("all items together do not fail")
    while attempt := reduction.ask():
        reduction.tell(attempt, fails=run(attempt.kept) is TrialResult.FAIL)
    kept = reduction.kept
    undecided = (
        index
        for index in kept
        if run(tuple(other for other in kept if other != index)) is TrialResult.UNRESOLVED
    )
    return Minimum(tuple(items[n] for n in kept), tuple(items[n] for n in undecided))
