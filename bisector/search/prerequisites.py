"""The smallest set of earlier commits with which a fix applies to a branch; independent of git.

A fix conflicts on a branch where it changes lines that earlier commits made and the branch lacks.
One of these commits has to be picked first, and may conflict with what it lacks itself. The sets
are therefore searched breadth-first: smaller sets first, each extended by one of the commits that
touched the conflicting lines.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

BUDGET = 200  # attempts to apply a set, of a few milliseconds each
TRIALS = 6  # sets that apply which are built and tested
LIMIT = 30  # commits in a set; a backport of more is impractical

Commits = tuple[str, ...]


@dataclass(frozen=True)
class Prerequisites:
    """The commits that a fix needs first: ``commits``, oldest first; None if none were found.

    ``passes``: with them the fix also builds and passes; otherwise it only applies.
    ``smallest``: proven that no smaller set is enough (or, without ``commits``, that none is);
    False if the search ended early. ``tried`` counts the attempts to apply a set.
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
    most: int = LIMIT,
) -> Prerequisites:
    """Search for the smallest set of the commits in *order* (oldest first) that the fix needs.

    *attempt* applies a set and then the fix: it returns the commits that touched the conflicting
    lines, newest first, or None if nothing conflicts. *passes* builds and tests a set that applies;
    it is called for at most *trials* sets. After *budget* attempts without a set that applies, all
    touching commits are taken and then reduced, which need not give the smallest set. Sets of more
    than *most* commits are not tried.
    """
    finder = _Finder(order, attempt, budget, most)
    first: Commits | None = None
    for number, commits in enumerate(finder.by_size(), 1):
        first = first or commits
        if passes(commits):
            return Prerequisites(commits, True, True, finder.tried)
        if number == trials:
            break
    if first is not None:
        return Prerequisites(first, False, True, finder.tried)
    if not finder.exhausted:
        return Prerequisites(None, False, True, finder.tried)
    reduced = finder.reduced()
    passed = reduced is not None and passes(reduced)
    return Prerequisites(reduced, passed, False, finder.tried)


class _Finder:
    """Tries sets of commits and counts the attempts."""

    def __init__(
        self,
        order: Sequence[str],
        attempt: Callable[[Commits], Commits | None],
        budget: int,
        most: int,
    ) -> None:
        self._index = {commit: i for i, commit in enumerate(order)}
        self._attempt = attempt
        self._budget, self._most = budget, most
        self.tried = 0

    @property
    def exhausted(self) -> bool:
        """Whether the budget is used up."""
        return self.tried >= self._budget

    def by_size(self) -> Iterator[Commits]:
        """The sets that apply, smaller ones first; these are not extended. Ends with the budget."""
        queue, seen = deque([frozenset[str]()]), set()
        while queue and not self.exhausted:
            chosen = queue.popleft()
            missing = self._try(chosen)
            if missing is None:
                yield self._sorted(chosen)
                continue
            for commit in missing:
                extended = chosen | {commit}
                if len(chosen) < len(extended) <= self._most and extended not in seen:
                    seen.add(extended)
                    queue.append(extended)

    def reduced(self) -> Commits | None:
        """A set that applies and does not without any one of its commits; None if not found."""
        chosen = frozenset[str]()
        while (missing := self._try(chosen)) is not None:
            extended = chosen.union(missing)
            if extended == chosen or len(extended) > self._most:
                return None
            chosen = extended
        for commit in reversed(self._sorted(chosen)):
            if self._try(chosen - {commit}) is None:
                chosen -= {commit}
        return self._sorted(chosen)

    def _try(self, chosen: frozenset[str]) -> Commits | None:
        self.tried += 1
        return self._attempt(self._sorted(chosen))

    def _sorted(self, chosen: frozenset[str]) -> Commits:
        return tuple(sorted(chosen, key=self._index.__getitem__))
