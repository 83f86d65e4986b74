"""Which commit to measure next, to find the commit that changed a metric; free of I/O.

Commits are positions on a line: 0 is the one before the range, 1 to n are those of the range. The
next measurement is the one with the most expected information on the jump per second, as in
:mod:`bisector.search.bisection`; without noise it halves the gap with the largest step.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from bisector.search.change_point import Gap, Posterior, Samples, posterior
from bisector.search.information import probability_testable
from bisector.search.levels import Estimate
from bisector.search.predictions import Mixture, Predictions, information

Seconds = Callable[[int], float]  # the expected duration of a measurement, above 0

CONFIDENCE = 0.99
ENDS_FIRST = 3  # measurements of each end, before anything is inferred
LEAST_BITS = 0.002  # a measurement that is expected to bring less is not worth making
MOST_RUNS = 40  # of one commit: more of them tell of its binary, not of the commit
_PARTS = 8  # of a gap's weight: it is measured at their borders
_OTHERS = 4  # changes besides those found that are allowed for


@dataclass(frozen=True)
class FoundChange:
    """A change of the metric: one of the commits ``first`` to ``last`` (positions).

    ``effect`` is the estimated change of the metric's logarithm, ``probability`` that of a change
    that counts, here rather than elsewhere.
    """

    first: int
    last: int
    effect: Estimate
    probability: float


class ChangeSearch:
    """Find the commit of a line that changed a metric most.

    *weights* are the prior weights of the commits 1 to n, *threshold* is the relative change that
    the user asks for, 0.02 for 2 %. Usage:

        while (position := search.choose()) is not None:
            search.record(position, values)  # or skip(position)
        search.changes()
    """

    def __init__(
        self, weights: Sequence[float], threshold: float, confidence: float = CONFIDENCE
    ) -> None:
        self.end = len(weights)
        self._threshold = math.log1p(threshold)
        self._confidence = confidence
        self._weights = [0.0, *accumulate(weights)]
        self._counted = [0, *accumulate(int(weight > 0) for weight in weights)]
        self._values: dict[int, list[float]] = {}
        self._skipped: set[int] = set()
        self._allowed: list[FoundChange] = []
        self._posterior: Posterior | None = None

    def record(self, position: int, values: Sequence[float]) -> None:
        """Add measurements of one commit; all values are above 0."""
        self._values.setdefault(position, []).extend(map(math.log, values))
        self._posterior = None

    def skip(self, position: int) -> None:
        """Never choose this commit: it cannot be measured."""
        self._skipped.add(position)

    def look_for_another(self) -> bool:
        """Allow for the change that was found, and look for another one from now on.

        Whether there was one, and only one commit can have made it.
        """
        change = self.change()
        if change is None or self._free(change.first, change.last):
            return False
        self._allowed.append(change)
        self._posterior = None
        return True

    def choose(self, seconds: Seconds | None = None) -> int | None:
        """The commit to measure next; None if the answer is sure, or no measurement would help."""
        for end in (0, self.end):
            if end not in self._skipped and len(self._values.get(end, ())) < ENDS_FIRST:
                return end
        if len(self._values) < 2 or self._is_sure:
            return None
        chances = probability_testable([at in self._skipped for at in range(self.end + 1)])
        best, most = None, 0.0
        for position, mixture in self._options(Predictions(self.posterior)):
            bits = information(mixture)
            worth = bits * chances[position] / (seconds(position) if seconds else 1.0)
            if bits > LEAST_BITS and worth > most:
                best, most = position, worth
        return best

    def change(self) -> FoundChange | None:
        """The likeliest change besides those allowed for; None if there is rather none.

        The commits between two measured ones are given as a set.
        """
        if not self.posterior.gaps or self.posterior.never > 0.5:
            return None
        best = self.posterior.best
        return FoundChange(*self._span(best), best.effect, best.probability)

    def changes(self) -> list[FoundChange]:
        """The changes allowed for, then the one that change() has, the largest first.

        The probability of each is that given the others.
        """
        found = self._found
        others = self._not_measured_further(found)
        sure = [
            replace(one, probability=self._given(one, [other for other in others if other != one]))
            for one in found
        ]
        return sorted(sure, key=lambda one: -abs(one.effect.mean))

    @property
    def _found(self) -> list[FoundChange]:
        """The changes allowed for, then the one looked for, if there is one."""
        return [*self._allowed, *filter(None, [self.change()])]

    @property
    def no_other(self) -> float:
        """The probability that no other commit makes a change that counts."""
        return self._posterior_given(self._found).never

    @property
    def measured(self) -> int:
        """The number of commits that were measured."""
        return len(self._values)

    def standing(self) -> str:
        """What is known, in a few words, for display."""
        if len(self._values) < 2 or not self.posterior.gaps:
            return "measuring both ends"
        first, last = self._span(self.posterior.best)
        count, most = self._counted[last] - self._counted[first - 1], self.posterior.best
        chance = f"P(no change) = {self.posterior.never:.2f}"
        return f"{count} candidates with P = {most.probability:.2f}, {chance}"

    @property
    def posterior(self) -> Posterior:
        """The posterior of the change looked for."""
        if self._posterior is None:
            self._posterior = self._posterior_given(self._allowed)
        return self._posterior

    def _posterior_given(self, known: Sequence[FoundChange]) -> Posterior:
        """The posterior of one more change than those *known*."""
        samples = Samples.of(self._values)
        at = [one.position for one in samples.measured]
        spans = list(pairwise(at))
        taken = {
            gap
            for gap, (low, high) in enumerate(spans)
            if any(low < one.last and one.first <= high for one in known)
        }
        total = self._counted[-1] or 1
        return posterior(
            samples,
            [self._weights[high] - self._weights[low] for low, high in spans],
            [(self._counted[high] - self._counted[low]) / total for low, high in spans],
            self._threshold,
            taken,
        )

    def _given(self, change: FoundChange, others: Sequence[FoundChange]) -> float:
        """The probability of *change* given *others*."""
        gaps = self._posterior_given(others).gaps
        chances = (gap.probability for gap in gaps if self._span(gap)[1] == change.last)
        return next(chances, 0.0)

    def _not_measured_further(self, found: Sequence[FoundChange]) -> list[FoundChange]:
        """*found*, and what else is likely by the measurements there are.

        Two changes of one size share the probability of the one that is looked for.
        """
        every = list(found)
        while len(every) < len(found) + _OTHERS:
            left = self._posterior_given(every)
            if not left.gaps or left.never > 0.5:
                break
            every.append(FoundChange(*self._span(left.best), left.best.effect, 0.0))
        return every

    @property
    def _is_sure(self) -> bool:
        """Whether one commit, or none, has the requested confidence."""
        found = self.posterior
        if not found.gaps or found.never >= self._confidence:
            return True
        return found.best.probability >= self._confidence and not self._inside(found.best)

    def _span(self, gap: Gap) -> tuple[int, int]:
        """The first and the last commit of a gap."""
        at = sorted(self._values)
        return at[gap.index] + 1, at[gap.index + 1]

    def _inside(self, gap: Gap) -> list[int]:
        """The commits of a gap at which its weight divides into parts, and that can be measured."""
        first, last = self._span(gap)
        free = self._free(first, last)
        if not free:
            return []
        low, high = self._weights[first - 1], self._weights[last]
        cuts = (low + (high - low) * part / _PARTS for part in range(1, _PARTS))
        spots = {bisect.bisect_left(self._weights, cut, first, last - 1) for cut in cuts}
        return sorted({min(free, key=lambda at: abs(at - spot)) for spot in spots})

    def _free(self, first: int, last: int) -> list[int]:
        """The commits from *first* to before *last* that can be measured and divide the weight."""
        low, high = self._weights[first - 1], self._weights[last]
        return [
            at
            for at in range(first, last)
            if at not in self._skipped and low < self._weights[at] < high
        ]

    def _options(self, predictions: Predictions) -> list[tuple[int, Mixture]]:
        """The commits that may be measured, with what is expected of each."""
        options = []
        for gap in predictions.likely:
            first, last = self._span(gap)
            weight = self._weights[last] - self._weights[first - 1]
            for position in self._inside(gap):
                before = (self._weights[position] - self._weights[first - 1]) / weight
                counted = self._counted[last] - self._counted[first - 1] or 1
                share = (self._counted[position] - self._counted[first - 1]) / counted
                options.append((position, predictions.inside(gap, before, share)))
        for index, one in enumerate(self.posterior.samples.measured):
            if one.runs < MOST_RUNS:
                options.append((one.position, predictions.again(index)))
        return options
