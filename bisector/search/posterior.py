"""The posterior probability of each hypothesis on where the first NEW revision is.

The hypotheses exclude each other and one of them holds: a commit of the range is the first NEW one,
so that it and all its descendants are NEW; or the change came before the range (BEFORE), and the
whole range is NEW; or it never came (NEVER), and the whole range is OLD.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence, Set

from bisector.search.graph import Graph
from bisector.search.information import NOTHING, Mass, information
from bisector.search.noise import Fit, Noise, Runs, fits

# Hypotheses that are not commits; the others are the commits' indexes, which are not negative.
BEFORE, NEVER = -1, -2

# Masses are integers, in units of 2**-60 of the total. Their sums are exact in any order of
# addition, so that rounding neither loses a candidate nor makes equal parts unequal.
_UNIT = 2**60


class Posterior:
    """Bayes' rule: each hypothesis's prior weight times the likelihood of all runs under it.

    ``mass`` has the hypotheses with a weight and a likelihood above 0, ``possible`` the indexes of
    the commits that fit the runs, whatever their weight.
    """

    def __init__(self, graph: Graph, weights: dict[int, float], noise: Noise) -> None:
        """Start without runs; *weights* are those of the commits, by index, in graph order."""
        self._graph, self._noise = graph, noise
        self._weights = weights
        self._scale = sum(weights.values()) or 1.0  # the weight of all commits together
        outside = noise.no_transition / (1 - 2 * noise.no_transition) * self._scale
        self._outside = {BEFORE: outside, NEVER: outside} if outside else {}
        self._all_runs = Runs()
        self._runs_on_new = dict.fromkeys([*weights, *self._outside], Runs())
        self.possible = list(weights)
        self.mass: dict[int, Mass] = {}
        self._recompute()

    @property
    def total(self) -> Mass:
        """The mass of all hypotheses."""
        new, false_old, false_new = zip(*self.mass.values(), strict=True)
        return sum(new), sum(false_old), sum(false_new)

    def runs_left(self) -> int:
        """The estimated number of runs until one hypothesis is left.

        The entropy of the posterior in bits, divided by the information of a run that halves the
        probability mass, rounded up.
        """
        total = self.total
        bits = sum(m / total[0] * math.log2(total[0] / m) for m, *_ in self.mass.values())
        twice = (2 * total[0], 2 * total[1], 2 * total[2])
        return math.ceil(bits / (information(total, NOTHING, twice) / twice[0]))

    def excludes(self, new_under: Set[int], is_new: bool) -> bool:
        """Whether a run with this observation would contradict every possible commit."""
        return not any((commit in new_under) is is_new for commit in self.possible)

    def update(self, new_under: Collection[int], is_new: bool) -> None:
        """Add one run on a revision that is NEW under the hypotheses *new_under*."""
        self._all_runs = self._all_runs.plus(is_new)
        for hypothesis in new_under:
            if hypothesis in self._runs_on_new:
                self._runs_on_new[hypothesis] = self._runs_on_new[hypothesis].plus(is_new)
        self._recompute()

    def cuts(self, commits: Sequence[int]) -> dict[int, Mass]:
        """The mass under which each commit is NEW: that of BEFORE, itself and its ancestors.

        *commits* are indexes in graph order.
        """
        cuts: dict[int, Mass] = {}
        before = self.mass.get(BEFORE, NOTHING)
        for commit in commits:
            # Parents outside *commits* have no ancestors with mass: ancestors of OLD are OLD.
            parents = [p for p in self._graph.parents[commit] if p in cuts]
            if len(parents) < 2:
                above = cuts[parents[0]] if parents else before
                cuts[commit] = _plus(above, self.mass.get(commit, NOTHING))
            else:  # the parents of a merge share ancestors, which count once
                cuts[commit] = before
                for ancestor in self._graph.ancestors(commit, {*cuts}):
                    cuts[commit] = _plus(cuts[commit], self.mass.get(ancestor, NOTHING))
        return cuts

    def _recompute(self) -> None:
        """Set ``mass`` and ``possible`` from the weights and all runs."""
        fit = fits(self._noise, {*self._runs_on_new.values()}, self._all_runs)
        fitting = {h: fit[runs] for h, runs in self._runs_on_new.items() if fit[runs].likelihood}
        self.possible = [h for h in fitting if h >= 0]
        weights = {h: self._weights[h] for h in self.possible if self._weights[h]}
        if not weights:  # only commits of weight 0 fit: the weights are wrong, ignore them
            weights = dict.fromkeys(self.possible, self._scale / len(self._weights))
        weights |= {h: weight for h, weight in self._outside.items() if h in fitting}
        posterior = {h: weight * fitting[h].likelihood for h, weight in weights.items()}
        total = sum(posterior.values()) or 1.0
        self.mass = {
            h: _mass(max(1, int(p / total * _UNIT)), fitting[h]) for h, p in posterior.items()
        }


def _mass(mass: int, fit: Fit) -> Mass:
    return mass, int(mass * fit.false_old), int(mass * fit.false_new)


def _plus(first: Mass, second: Mass) -> Mass:
    return first[0] + second[0], first[1] + second[1], first[2] + second[2]
