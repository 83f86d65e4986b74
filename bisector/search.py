"""Weighted bisection over a commit graph: given the outcomes so far, which revision next.

The model: exactly one revision of the range, the *first NEW one*, turned OLD into NEW, and a
revision is NEW if and only if that one is itself or among its ancestors. What lies before the range
is OLD. So a NEW revision leaves itself and its ancestors as candidates, an OLD one rules them out,
and one that can't be tested (SKIP) says nothing. Which commits are likely is the caller's knowledge
and comes in as weights; they decide how many probes it takes, not what the answer is.

Nothing here knows git, files or chance: the same records give the same choices.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

Revision = str  # an opaque id, for instance a commit's hash

# Weights are turned into integers, in units of 2**-60 of all that is left. Their sums are exact in
# whatever order a graph adds them up: no candidate is lost in rounding, equal splits are equal.
_UNIT = 2**60


class Outcome(Enum):
    """What a probe says, in git bisect's terms.

    For a bug's introduction OLD is good and NEW bad, for its fix OLD is bad and NEW good.
    """

    OLD = "old"
    NEW = "new"
    SKIP = "skip"


class Contradiction(ValueError):
    """No first NEW revision fits all the records: the test is flaky, or the bug came and went."""


@dataclass(frozen=True)
class Graph:
    """The commits of a range, parents first. Commits are known by their index in `revisions`."""

    revisions: tuple[Revision, ...]
    parents: tuple[tuple[int, ...], ...]
    index: Mapping[Revision, int] = field(repr=False)

    @classmethod
    def of(cls, history: Sequence[tuple[Revision, Sequence[Revision]]]) -> Graph:
        """Make a graph of (revision, its parents) pairs; parents outside the range are dropped.

        Raises ValueError if a revision comes twice, or before one of its parents.
        """
        index = {revision: place for place, (revision, _) in enumerate(history)}
        if len(index) < len(history):
            raise ValueError("a revision comes twice in the history")
        parents = tuple(tuple(index[p] for p in named if p in index) for _, named in history)
        for place, above in enumerate(parents):
            if any(parent >= place for parent in above):
                raise ValueError(f"{history[place][0]} comes before one of its parents")
        return cls(tuple(index), parents, index)

    def ancestors(self, index: int, within: Container[int] | None = None) -> set[int]:
        """The commit itself and its ancestors, by paths that don't leave `within`."""
        found, todo = {index}, [index]
        while todo:
            for parent in self.parents[todo.pop()]:
                if parent not in found and (within is None or parent in within):
                    found.add(parent)
                    todo.append(parent)
        return found


class Search:
    """Find the first NEW revision among `new`, which is known to be NEW, and its ancestors.

    Weights (>= 0, any scale) say how likely each revision is the one. Weight 0: it can't be, so its
    outcome is its parents'. Without weights all are equal, which is git bisect. To use it:

        while (revision := search.choose()) is not None:
            search.record(revision, probe(revision))
        search.candidates()  # one revision, or those that SKIPs keep from being told apart
    """

    def __init__(
        self, graph: Graph, new: Revision, weights: Mapping[Revision, float] | None = None
    ) -> None:
        """Start with nothing recorded but `new`, and with the graph's other revisions left out.

        Raises KeyError if `new` isn't in the graph or a weight is missing, ValueError if a weight
        is negative or not finite.
        """
        self._graph = graph
        self._range = sorted(graph.ancestors(graph.index[new]))
        self._weights = {
            i: 1.0 if weights is None else weights[graph.revisions[i]] for i in self._range
        }
        if min(self._weights.values()) < 0 or not math.isfinite(sum(self._weights.values())):
            raise ValueError("weights must be finite and not negative")
        self._outcomes = {graph.index[new]: Outcome.NEW}
        self._inside = self._range  # ancestors of all that are NEW, of none that is OLD
        self._mass = self._masses()

    def __contains__(self, revision: Revision) -> bool:
        """Is the revision in the range of this search, so that `record` takes it?"""
        return self._graph.index.get(revision) in self._weights

    def record(self, revision: Revision, outcome: Outcome) -> None:
        """Take in what a probe said, whether or not `choose` asked for it.

        A SKIP does not take back an earlier OLD or NEW; an OLD or NEW does replace an earlier SKIP.
        Raises Contradiction, and stays as it was, if nothing would fit any more; ValueError if the
        revision is not in the range.
        """
        if revision not in self:
            raise ValueError(f"{revision} is not in the range of the search")
        index, new = self._graph.index[revision], outcome is Outcome.NEW
        if outcome is Outcome.SKIP:
            self._outcomes.setdefault(index, outcome)
            return
        below = self._graph.ancestors(index)
        inside = [i for i in self._inside if (i in below) is new]
        if not inside:
            raise Contradiction(f"{revision} can't be {outcome.value}, given the other outcomes")
        self._outcomes[index], self._inside = outcome, inside
        self._mass = self._masses()

    def choose(self) -> Revision | None:
        """The revision to probe next; None if no probe can tell the candidates apart any more."""
        if len(self._mass) < 2:
            return None
        # Outside of the candidates, a side branch that forks off between two untestable ones can
        # still tell them apart.
        for pool in (self._inside, self._range):
            if (best := self._best(pool)) is not None:
                return self._graph.revisions[best]
        return None

    def candidates(self) -> tuple[Revision, ...]:
        """The revisions that may still be the first NEW one, parents first; never empty."""
        return tuple(self._graph.revisions[i] for i in self._mass)

    def only_weightless(self) -> bool:
        """Have all the candidates weight 0, so that by the weights there is no first NEW one?"""
        return not any(self._weights[i] for i in self._mass)

    def steps_left(self) -> int:
        """About how many probes are left: the bits still missing, rounded up; 0 at the end."""
        if self.choose() is None:
            return 0
        total = sum(self._mass.values())
        bits = sum(mass / total * math.log2(total / mass) for mass in self._mass.values())
        return math.ceil(bits)

    def _masses(self) -> dict[int, int]:
        """P(first NEW | records) of each candidate, in units."""
        weights = {i: self._weights[i] for i in self._inside if self._weights[i]}
        if not weights:  # the weights can't all be right: go on without them
            weights = dict.fromkeys(self._inside, 1.0)
        total = sum(weights.values())
        return {i: max(1, int(weight / total * _UNIT)) for i, weight in weights.items()}

    def _best(self, pool: Sequence[int]) -> int | None:
        """The untested commit of the pool that is expected to tell most; of equals, the first."""
        total, new = sum(self._mass.values()), self._new_mass(pool)
        testable = _testable([self._outcomes.get(i) for i in pool])
        best, most = None, 0.0
        for i, chance in zip(pool, testable, strict=True):
            if i in self._outcomes or not 0 < new[i] < total:
                continue
            if (value := chance * _information(new[i], total)) > most:
                best, most = i, value
        return best

    def _new_mass(self, pool: Sequence[int]) -> dict[int, int]:
        """P(it is NEW) of each commit in the pool, in units: its own and its ancestors' mass."""
        masses: dict[int, int] = {}
        for i in pool:
            # Parents outside the pool lead to no candidate: what is OLD has OLD ancestors only.
            parents = [p for p in self._graph.parents[i] if p in masses]
            if len(parents) < 2:
                masses[i] = self._mass.get(i, 0) + sum(masses[p] for p in parents)
            else:  # a merge's parents share ancestors, to be counted once
                masses[i] = sum(self._mass.get(a, 0) for a in self._graph.ancestors(i, masses))
        return masses


def _information(part: int, total: int) -> float:
    """Bits that a probe with P(NEW) = part / total is expected to give: the entropy of P."""
    p = min(part, total - part) / total  # the smaller one, whose P isn't rounded to 1
    return -(p * math.log2(p) + (1 - p) * math.log1p(-p) / math.log(2))


def _testable(outcomes: Sequence[Outcome | None]) -> list[float]:
    """P(testable) of each commit in a line, given the outcomes so far.

    The nearest SKIP on either side, d commits away, is a factor d / (d + length), where length goes
    from the first to the last SKIP: on a line, nothing between them is known to be testable. So a
    stretch is left in geometric steps, and its ends are tried before its inside, where two
    factors meet. On a graph the line is the topological order: neighbours are mostly relatives.
    """
    skips = [place for place, outcome in enumerate(outcomes) if outcome is Outcome.SKIP]
    chances = [1.0] * len(outcomes)
    if not skips:
        return chances
    length = skips[-1] - skips[0] + 1
    for place in range(len(outcomes)):
        cut = bisect.bisect(skips, place)
        for skip in skips[max(0, cut - 1) : cut + 1]:
            distance = abs(place - skip)
            chances[place] *= distance / (distance + length)
    return chances


def farthest(
    total: int, probed: Collection[int], among: Collection[int] | None = None
) -> int | None:
    """The index of a line 0..total-1 that is farthest from all that is probed; None if all are.

    For finding a bad revision between two good ones, which are just outside the line and count as
    probed. `among` narrows the choice, for instance to releases. Of equals, the first.
    """
    edges = [-1, *sorted(probed), total]
    best, most = None, 0
    for index in range(total) if among is None else sorted(among):
        cut = bisect.bisect(edges, index)
        if (distance := min(index - edges[cut - 1], edges[cut] - index)) > most:
            best, most = index, distance
    return best


def widest_gap(total: int, probed: Collection[int]) -> int:
    """The most neighbours in a line 0..total-1 without a probe: how long a bad stretch can hide."""
    edges = [-1, *sorted(set(probed)), total]
    return max(right - left - 1 for left, right in pairwise(edges))
