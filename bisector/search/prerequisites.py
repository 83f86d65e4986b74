"""The smallest set of earlier commits with which a fix applies; pure.

What a fix clashes with, on a branch, are lines that earlier commits have made. One of those
commits must be there first, and clashes in turn with what it lacks itself. So the sets are grown
by one commit at a time, smallest first, by whatever has touched the lines of the clash.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

BUDGET = 200  # attempts to apply; a few milliseconds each
TRIALS = 6  # sets that apply, built and tested
LIMIT = 30  # commits; nobody backports more for one fix

Commits = tuple[str, ...]


@dataclass(frozen=True)
class Prerequisites:
    """What has to be there first: ``commits``, oldest first; None if no such set was found.

    ``passes``: with them, the fix also builds and passes; else they only let it apply.
    ``smallest``: no smaller set does the same, or none at all; else the search was cut short.
    ``tried`` counts the sets.
    """

    commits: Commits | None
    passes: bool
    smallest: bool
    tried: int


def search(
    order: Sequence[str],
    attempt: Callable[[Commits], Commits | None],
    passes: Callable[[Commits], bool],
    *,
    budget: int = BUDGET,
    trials: int = TRIALS,
) -> Prerequisites:
    """The smallest set of the commits in *order* (oldest first) with which the fix applies.

    *attempt* says what has touched the lines on which a set, or the fix after it, clashes (newest
    first); None where nothing clashes. *passes* builds and tests. Where the *budget* of attempts
    ends first, all that is touched is taken and then thinned out, which need not be the smallest.
    """
    finder = _Finder(order, attempt, budget)
    first: Commits | None = None
    for number, commits in enumerate(finder.by_size(), 1):
        first = first or commits
        if passes(commits):
            return Prerequisites(commits, True, True, finder.tried)
        if number == trials:
            break
    if first is not None:
        return Prerequisites(first, False, True, finder.tried)
    if not finder.spent:
        return Prerequisites(None, False, True, finder.tried)
    thinned = finder.thinned()
    good = thinned is not None and passes(thinned)
    return Prerequisites(thinned, good, False, finder.tried)


class _Finder:
    """Tries sets of commits, and remembers how many."""

    def __init__(
        self, order: Sequence[str], attempt: Callable[[Commits], Commits | None], budget: int
    ) -> None:
        self._place = {commit: at for at, commit in enumerate(order)}
        self._attempt = attempt
        self._budget = budget
        self.tried = 0

    @property
    def spent(self) -> bool:
        """Did the budget end?"""
        return self.tried >= self._budget

    def by_size(self) -> Iterator[Commits]:
        """The sets that apply and need all of their commits, smaller ones first."""
        queue, seen = deque([frozenset[str]()]), set()
        while queue and not self.spent:
            chosen = queue.popleft()
            lacking = self._try(chosen)
            if lacking is None:
                yield self._sorted(chosen)
                continue
            for commit in lacking:
                grown = chosen | {commit}
                if len(chosen) < len(grown) <= LIMIT and grown not in seen:
                    seen.add(grown)
                    queue.append(grown)

    def thinned(self) -> Commits | None:
        """A set that applies and none of whose commits can be left out; None if there is none."""
        chosen = frozenset[str]()
        while (lacking := self._try(chosen)) is not None:
            grown = chosen.union(lacking)
            if grown == chosen or len(grown) > LIMIT:
                return None
            chosen = grown
        for commit in reversed(self._sorted(chosen)):
            if self._try(chosen - {commit}) is None:
                chosen -= {commit}
        return self._sorted(chosen)

    def _try(self, chosen: frozenset[str]) -> Commits | None:
        self.tried += 1
        return self._attempt(self._sorted(chosen))

    def _sorted(self, chosen: frozenset[str]) -> Commits:
        return tuple(sorted(chosen, key=self._place.__getitem__))
