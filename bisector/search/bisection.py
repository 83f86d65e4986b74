"""Weighted bisection over a commit graph: given the outcomes so far, which revision next.

The model: exactly one revision of the range, the *first NEW one*, turned OLD into NEW, and a
revision is NEW if and only if that one is itself or among its ancestors. What lies before the range
is OLD. So a NEW revision leaves itself and its ancestors as candidates, an OLD one rules them out,
and one that can't be tested (SKIP) says nothing. Which commits are likely is the caller's knowledge
and comes in as weights; they decide how many probes it takes, not what the answer is.

With a flaky test the same holds of what revisions are, but a run only makes it more or less likely,
and neither end is certain: perhaps there is no first NEW revision in the range at all.

Nothing here knows git, files or chance: the same records give the same choices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Mapping
from enum import Enum

from bisector.search.graph import Graph, Revision
from bisector.search.information import NOTHING, Mass, Point, information, likely_testable, spread
from bisector.search.noise import EXACT, Noise
from bisector.search.posterior import BEFORE, NEVER, Belief

Seconds = Callable[[Revision], float]  # how long it would take to probe one, above 0


class Outcome(Enum):
    """What a probe says, in git bisect's terms.

    For a bug's introduction OLD is good and NEW bad, for its fix OLD is bad and NEW good.
    """

    OLD = "old"
    NEW = "new"
    SKIP = "skip"


class NoTransition(Enum):
    """Why no revision of the range is the first NEW one."""

    BEFORE = BEFORE  # all of them are NEW, and so is what lies before
    NEVER = NEVER  # all of them are OLD, `new` too


class Contradiction(ValueError):
    """No first NEW revision fits all the records: the test is flaky, or the bug came and went."""


class Search:
    """Find the first NEW revision among `new` and its ancestors.

    Weights (>= 0, any scale) say how likely each revision is the one. Weight 0: it can't be, so its
    outcome is its parents'. Without weights all are equal, which is git bisect. To use it:

        while (revision := search.choose()) is not None:
            search.record(revision, probe(revision))
        search.candidates()  # one revision, or those that SKIPs keep from being told apart

    Without `noise` each outcome is the truth, and so is that `new` is NEW and what lies before the
    range OLD. With it nothing is known beforehand: record what was seen on `new`, and on `old`, the
    revision before the range; one can be chosen and recorded any number of times, once for each
    run; and there may be no candidate at the end (see `no_transition`).
    """

    def __init__(
        self,
        graph: Graph,
        new: Revision,
        weights: Mapping[Revision, float] | None = None,
        noise: Noise | None = None,
        old: Revision | None = None,
    ) -> None:
        """Start with nothing recorded, and with the graph's other revisions left out.

        If `old` isn't named it is never chosen, and doubts about it may be left at the end.

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
        self._exact = noise is None
        self._noise = noise or EXACT
        self._old = old
        self._outcomes: dict[int, Outcome] = {}  # the latest of each
        self._landings: dict[int, frozenset[int]] = {}
        self._belief = Belief(graph, self._weights, self._noise)
        if self._exact:
            self.record(new, Outcome.NEW)

    def __contains__(self, revision: Revision) -> bool:
        """Is the revision in the range of this search, or `old`, so that `record` takes it?"""
        return self._place(revision) is not None

    def record(self, revision: Revision, outcome: Outcome) -> None:
        """Take in what a run said, whether or not `choose` asked for it.

        A SKIP does not take back an earlier OLD or NEW; an OLD or NEW does replace an earlier SKIP.
        Without noise it raises Contradiction, and stays as it was, if nothing would fit any more.
        Raises ValueError if the revision is not in the range.
        """
        if (place := self._place(revision)) is None:
            raise ValueError(f"{revision} is not in the range of the search")
        if outcome is Outcome.SKIP:
            self._outcomes.setdefault(place, outcome)
        elif place == BEFORE:
            self.record_before(outcome)
        else:
            self._learn(self._graph.ancestors(place) | {BEFORE}, outcome, revision)
            self._outcomes[place] = outcome
        skipped = {i for i in self._range if self._outcomes.get(i) is Outcome.SKIP}
        self._landings = self._graph.landings(self._range, skipped)

    def record_before(self, outcome: Outcome) -> None:
        """Take in what a run said of what lies before the range, whether or not `old` is named.

        Raises Contradiction if it is NEW and there is no noise.
        """
        if outcome is not Outcome.SKIP:
            self._learn({BEFORE}, outcome, "what lies before the range")
            self._outcomes[BEFORE] = outcome

    def choose(
        self, seconds: Seconds | None = None, pending: Collection[Revision] = ()
    ) -> Revision | None:
        """The revision to probe next, or None: the one expected to tell most per second.

        Without `seconds` all take the same time. None if no probe can tell the candidates apart any
        more, or the answer is as certain as was asked for; with some `pending`, whose outcome is
        yet to come, perhaps only until they are recorded.
        """
        return next(iter(self.choose_many(1, seconds, pending)), None)

    def choose_many(
        self, count: int, seconds: Seconds | None = None, pending: Collection[Revision] = ()
    ) -> tuple[Revision, ...]:
        """Up to `count` revisions to probe at once, beside those that are being probed already.

        Together they are expected to tell most: k probes leave about k + 1 equal parts. Fewer come
        back if no more can tell anything.
        """
        busy = {self._place(revision) for revision in pending}
        chosen: list[int] = []
        # Outside of the candidates, a side branch that forks off between two untestable ones can
        # still tell them apart.
        for pool in () if self._settled() else (self._belief.possible, self._range):
            if len(chosen) == count:
                break
            cuts = self._cuts(pool)
            points = self._points(cuts, seconds)
            ends = NOTHING, self._belief.total
            while len(chosen) < count:
                taken = busy.union(chosen)
                free = [point for point in points if point.commit not in taken]
                between = [cuts[i] for i in taken if i in cuts]
                more = spread(free, [*ends, *between], count - len(chosen))
                if not more:
                    break
                chosen += [point.commit for point in more]
        return tuple(self._name(i) for i in chosen)

    def moot(self, pending: Collection[Revision]) -> tuple[Revision, ...]:
        """Those of the pending revisions whose outcome can tell nothing any more."""
        if self._settled():
            return tuple(pending)
        cuts, total = self._cuts(self._range), self._belief.total
        return tuple(
            revision
            for revision in pending
            if (place := self._place(revision)) is None
            or not information(cuts[place], NOTHING, total)
        )

    def candidates(self) -> tuple[Revision, ...]:
        """The revisions that may be the first NEW one, parents first.

        With noise: the likeliest ones, as many as it takes for the confidence that was asked for.
        Empty only if it is likelier that there is none; `no_transition` says why.
        """
        return tuple(self._graph.revisions[i] for i in self._likeliest() if i >= 0)

    def no_transition(self) -> NoTransition | None:
        """Why there is no candidate; None if there is one."""
        likeliest = self._likeliest()
        if max(likeliest) >= 0:
            return None
        return NoTransition(max(likeliest, key=lambda h: self._belief.mass[h][0]))

    def confidence(self) -> float:
        """P(what `candidates` or `no_transition` says is so | records); 1.0 without noise."""
        likeliest, reason = self._likeliest(), self.no_transition()
        said = [reason.value] if reason else [i for i in likeliest if i >= 0]
        return sum(self._belief.mass[i][0] for i in said) / self._belief.total[0]

    def steps_left(self) -> int:
        """About how many runs are left: the bits still missing, rounded up; 0 at the end."""
        if self.choose() is None:
            return 0
        total = self._belief.total
        bits = sum(m / total[0] * math.log2(total[0] / m) for m, *_ in self._belief.mass.values())
        twice = (2 * total[0], 2 * total[1], 2 * total[2])
        return math.ceil(bits / (information(total, NOTHING, twice) / twice[0]))

    def _learn(self, implying: set[int], outcome: Outcome, what: str) -> None:
        is_new = outcome is Outcome.NEW
        if self._exact and self._belief.refuses(implying, is_new):
            raise Contradiction(f"{what} can't be {outcome.value}, given the other outcomes")
        self._belief.learn(implying, is_new)

    def _place(self, revision: Revision) -> int | None:
        """The revision's index, BEFORE if it is `old`, None if it is not in the range."""
        if revision == self._old:
            return BEFORE
        index = self._graph.index.get(revision)
        return index if index in self._weights else None

    def _name(self, place: int) -> Revision:
        return self._old if place == BEFORE and self._old else self._graph.revisions[place]

    def _cuts(self, pool: list[int]) -> dict[int, Mass]:
        """The mass by which `old`, if it is named, and each commit of the pool is NEW."""
        old = {} if self._old is None else {BEFORE: self._belief.mass.get(BEFORE, NOTHING)}
        return old | self._belief.cuts(pool)

    def _points(self, cuts: Mapping[int, Mass], seconds: Seconds | None) -> list[Point]:
        """What could be probed of that: all but what can't be tested."""
        outcomes = [self._outcomes.get(place) for place in cuts]
        chances = likely_testable([outcome is Outcome.SKIP for outcome in outcomes])
        points = []
        for (place, cut), chance, outcome in zip(cuts.items(), chances, outcomes, strict=True):
            if outcome is not Outcome.SKIP:
                worth = chance if outcome is None else 1.0
                if seconds is not None:
                    worth /= seconds(self._name(place))
                points.append(Point(place, cut, worth))
        return points

    def _group(self, hypothesis: int) -> Hashable:
        """The same for hypotheses that no test can tell apart."""
        landing = self._landings.get(hypothesis)
        if landing is None:
            return hypothesis
        first, *others = landing or (NEVER,)
        return landing if others else first

    def _by_group(self) -> dict[Hashable, int]:
        masses: dict[Hashable, int] = {}
        for hypothesis, (mass, *_) in self._belief.mass.items():
            group = self._group(hypothesis)
            masses[group] = masses.get(group, 0) + mass
        return masses

    def _likeliest(self) -> list[int]:
        """The fewest groups of hypotheses that are as certain as was asked for."""
        masses, left = self._by_group(), self._belief.total[0]
        doubt = (1 - self._noise.confidence) * left
        likeliest = set()
        for group in sorted(masses, key=lambda group: -masses[group]):
            if left <= doubt:
                break
            likeliest.add(group)
            left -= masses[group]
        return [h for h in self._belief.mass if self._group(h) in likeliest]

    def _settled(self) -> bool:
        """Is one group of hypotheses as certain as was asked for?"""
        total = self._belief.total[0]
        most = max(self._by_group().values())
        return total - most <= (1 - self._noise.confidence) * total
