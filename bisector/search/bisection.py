"""Weighted bisection over a commit graph: from the observations so far to the next revision.

Model: exactly one revision of the range, the *first NEW revision*, changed the state from OLD to
NEW. A revision is NEW if and only if it is the first NEW revision or has it among its ancestors;
everything before the range is OLD. A NEW observation therefore keeps the observed revision and its
ancestors as candidates, an OLD one excludes them, and a SKIP (untestable) carries no information.
The caller supplies prior weights; they determine the number of probes, not the answer.

With a flaky test the model of the revisions is the same, but an observation only changes
probabilities, and neither end of the range is certain: there may be no first NEW revision in it.

Each step is the greedy choice by expected information gain per second (Lindley 1956, "On a measure
of the information provided by an experiment"), on a posterior as in Ben-Or and Hassidim 2008, "The
Bayesian learner is optimal for noisy binary search". With equal weights, equal costs and no noise
it is `git bisect`.

Deterministic and free of I/O: the same observations lead to the same choices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Mapping
from enum import Enum

from bisector.search.graph import Graph, Revision
from bisector.search.information import (
    NOTHING,
    Mass,
    Point,
    information,
    probability_testable,
    spread,
)
from bisector.search.noise import EXACT, Noise
from bisector.search.posterior import BEFORE, NEVER, Posterior

Seconds = Callable[[Revision], float]  # the expected duration of a probe, above 0


class Observation(Enum):
    """The result of one run of the test on one revision, in git bisect's terms.

    In the search for a bug's introduction OLD is good and NEW is bad; in the search for its fix
    OLD is bad and NEW is good.
    """

    OLD = "old"
    NEW = "new"
    SKIP = "skip"


class NoTransition(Enum):
    """The hypotheses under which no revision of the range is the first NEW one."""

    BEFORE = BEFORE  # the whole range is NEW, and so is what lies before it
    NEVER = NEVER  # the whole range is OLD, including `new`


class Contradiction(ValueError):
    """No first NEW revision fits all observations: the test is flaky, or there are two changes."""


class Search:
    """Find the first NEW revision among `new` and its ancestors.

    Weights (>= 0, of any scale) are proportional to the prior probability of each revision. A
    revision of weight 0 is not a candidate: its state is taken to be that of its parents. Without
    weights all revisions are equally likely, as in git bisect. Usage:

        while (revision := search.choose()) is not None:
            search.record(revision, probe(revision))
        search.candidates()  # one revision, or those that SKIPs make indistinguishable

    Without `noise` every observation is exact, `new` is NEW and everything before the range is OLD.
    With `noise` nothing is known at the start: record what was observed on `new` and on `old`, the
    revision before the range. A revision can then be chosen and recorded repeatedly, once for each
    run, and the result may be that there is no candidate (see `no_transition`).
    """

    def __init__(
        self,
        graph: Graph,
        new: Revision,
        weights: Mapping[Revision, float] | None = None,
        noise: Noise | None = None,
        old: Revision | None = None,
    ) -> None:
        """Start without observations, on `new` and its ancestors in the graph.

        Without `old` the revision before the range is never chosen, so with noise the search may
        end below the requested confidence.

        Raises KeyError if `new` is not in the graph or a weight is missing, ValueError if a weight
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
        self._observations: dict[int, Observation] = {}  # the latest of each revision
        self._nearest_testable: dict[int, frozenset[int]] = {}
        self._posterior = Posterior(graph, self._weights, self._noise)
        if self._exact:
            self.record(new, Observation.NEW)

    def __contains__(self, revision: Revision) -> bool:
        """Whether `record` accepts the revision: it is in the range of the search, or is `old`."""
        return self._index(revision) is not None

    def record(self, revision: Revision, observation: Observation) -> None:
        """Add the observation of one run, of a chosen revision or of any other.

        A SKIP does not replace an earlier OLD or NEW; an OLD or NEW replaces an earlier SKIP.

        Raises ValueError if the revision is not in the range. Without noise, raises Contradiction
        and leaves the search unchanged if no candidate would be left.
        """
        if (index := self._index(revision)) is None:
            raise ValueError(f"{revision} is not in the range of the search")
        if observation is Observation.SKIP:
            self._observations.setdefault(index, observation)
        elif index == BEFORE:
            self.record_before(observation)
        else:
            self._update(self._graph.ancestors(index) | {BEFORE}, observation, revision)
            self._observations[index] = observation
        self._find_nearest_testable()

    def skip(self, revisions: Collection[Revision]) -> None:
        """Add a SKIP of those of *revisions* that are in the range."""
        for revision in revisions:
            if (index := self._index(revision)) is not None:
                self._observations.setdefault(index, Observation.SKIP)
        self._find_nearest_testable()

    def _find_nearest_testable(self) -> None:
        skipped = {i for i in self._range if self._observations.get(i) is Observation.SKIP}
        self._nearest_testable = self._graph.nearest_descendants(self._range, skipped)

    def record_before(self, observation: Observation) -> None:
        """Add the observation of one run before the range, whether or not `old` is named.

        Raises Contradiction if it is NEW and there is no noise.
        """
        if observation is not Observation.SKIP:
            self._update({BEFORE}, observation, "what lies before the range")
            self._observations[BEFORE] = observation

    def choose(
        self, seconds: Seconds | None = None, pending: Collection[Revision] = ()
    ) -> Revision | None:
        """The revision with the highest expected information per second, to be probed next.

        Without `seconds` all probes are taken to last equally long. `pending` revisions are being
        probed and have no observation yet. None if no probe can distinguish the candidates any
        further or the requested confidence is reached; with `pending` revisions, None may be
        temporary, until they are recorded.
        """
        return next(iter(self.choose_many(1, seconds, pending)), None)

    def choose_many(
        self, count: int, seconds: Seconds | None = None, pending: Collection[Revision] = ()
    ) -> tuple[Revision, ...]:
        """Up to `count` revisions to probe in parallel, in addition to the `pending` ones.

        They are chosen for the highest joint information: k probes split the probability mass into
        about k + 1 equal parts. Fewer are returned if no others are informative.
        """
        pending_indexes = {self._index(revision) for revision in pending}
        chosen: list[int] = []
        # A side branch outside the candidates is tried second: one that forks off between two
        # untestable commits can still distinguish them.
        for pool in () if self._settled() else (self._posterior.possible, self._range):
            if len(chosen) == count:
                break
            cuts = self._cuts(pool)
            points = self._points(cuts, seconds)
            ends = NOTHING, self._posterior.total
            while len(chosen) < count:
                taken = pending_indexes.union(chosen)
                free = [point for point in points if point.commit not in taken]
                taken_cuts = [cuts[i] for i in taken if i in cuts]
                selected = spread(free, [*ends, *taken_cuts], count - len(chosen))
                if not selected:
                    break
                chosen += [point.commit for point in selected]
        return tuple(self._revision(i) for i in chosen)

    def obsolete(self, pending: Collection[Revision]) -> tuple[Revision, ...]:
        """The pending revisions whose observations can no longer add information."""
        if self._settled():
            return tuple(pending)
        cuts, total = self._cuts(self._range), self._posterior.total
        return tuple(
            revision
            for revision in pending
            if (index := self._index(revision)) is None
            or not information(cuts[index], NOTHING, total)
        )

    def candidates(self) -> tuple[Revision, ...]:
        """The revisions that may be the first NEW one, parents first.

        With noise: the most probable ones, as many as the requested confidence needs. Empty only
        if it is more probable that there is none; `no_transition` then has the reason.
        """
        return tuple(self._graph.revisions[i] for i in self._most_probable() if i >= 0)

    def no_transition(self) -> NoTransition | None:
        """Why there is no candidate; None if there is one."""
        hypotheses = self._most_probable()
        if max(hypotheses) >= 0:
            return None
        return NoTransition(max(hypotheses, key=lambda h: self._posterior.mass[h][0]))

    def confidence(self) -> float:
        """The posterior probability (0 to 1) of `candidates` or `no_transition`; 1 if exact."""
        hypotheses, reason = self._most_probable(), self.no_transition()
        answer = [reason.value] if reason else [i for i in hypotheses if i >= 0]
        return sum(self._posterior.mass[i][0] for i in answer) / self._posterior.total[0]

    def steps_left(self) -> int:
        """The estimated number of runs left; 0 at the end of the search."""
        return 0 if self.choose() is None else self._posterior.runs_left()

    def _update(self, new_under: set[int], observation: Observation, what: str) -> None:
        """Add an OLD or NEW observation of *what*, which is NEW under the given hypotheses."""
        is_new = observation is Observation.NEW
        if self._exact and self._posterior.excludes(new_under, is_new):
            state = observation.value
            raise Contradiction(f"{what} can't be {state}, given the other observations")
        self._posterior.update(new_under, is_new)

    def _index(self, revision: Revision) -> int | None:
        """The revision's index in the graph, BEFORE for `old`, None outside the range."""
        if revision == self._old:
            return BEFORE
        index = self._graph.index.get(revision)
        return index if index in self._weights else None

    def _revision(self, index: int) -> Revision:
        return self._old if index == BEFORE and self._old else self._graph.revisions[index]

    def _cuts(self, pool: list[int]) -> dict[int, Mass]:
        """The mass of the hypotheses under which `old`, if named, and each commit is NEW."""
        old = {} if self._old is None else {BEFORE: self._posterior.mass.get(BEFORE, NOTHING)}
        return old | self._posterior.cuts(pool)

    def _points(self, cuts: Mapping[int, Mass], seconds: Seconds | None) -> list[Point]:
        """The revisions among *cuts* that can be probed: all that were not skipped."""
        observations = [self._observations.get(index) for index in cuts]
        chances = probability_testable([seen is Observation.SKIP for seen in observations])
        points = []
        for (index, cut), chance, seen in zip(cuts.items(), chances, observations, strict=True):
            if seen is not Observation.SKIP:
                worth = chance if seen is None else 1.0
                if seconds is not None:
                    worth /= seconds(self._revision(index))
                points.append(Point(index, cut, worth))
        return points

    def _group(self, hypothesis: int) -> Hashable:
        """A key that is equal for hypotheses that no test can distinguish."""
        testable = self._nearest_testable.get(hypothesis)
        if testable is None:
            return hypothesis
        first, *others = testable or (NEVER,)
        return testable if others else first

    def _mass_by_group(self) -> dict[Hashable, int]:
        masses: dict[Hashable, int] = {}
        for hypothesis, (mass, *_) in self._posterior.mass.items():
            group = self._group(hypothesis)
            masses[group] = masses.get(group, 0) + mass
        return masses

    def _most_probable(self) -> list[int]:
        """The hypotheses of the fewest groups that together have the requested confidence."""
        masses, left = self._mass_by_group(), self._posterior.total[0]
        doubt = (1 - self._noise.confidence) * left
        groups = set()
        for group in sorted(masses, key=lambda group: -masses[group]):
            if left <= doubt:
                break
            groups.add(group)
            left -= masses[group]
        return [h for h in self._posterior.mass if self._group(h) in groups]

    def _settled(self) -> bool:
        """Whether a single group of hypotheses has the requested confidence."""
        total = self._posterior.total[0]
        most = max(self._mass_by_group().values())
        return total - most <= (1 - self._noise.confidence) * total
