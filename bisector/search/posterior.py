"""How likely each hypothesis is, given what the test said: where the first NEW revision is.

Exactly one holds: a commit of the range is the first NEW one, so that it and all its descendants
are NEW; or the change came before the range, and all of it is NEW; or it never came, and all of it
is OLD.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set

from bisector.search.graph import Graph
from bisector.search.information import NOTHING, Mass
from bisector.search.noise import Fit, Noise, Runs, fits

# Hypotheses that are no commit; the others are the commits' indices, which are not negative.
BEFORE, NEVER = -1, -2

# Masses are integers, in units of 2**-60 of all that is left. Their sums are exact in whatever
# order a graph adds them up: no candidate is lost in rounding, equal splits are equal.
_UNIT = 2**60


class Belief:
    """The posterior: each hypothesis's weight times the likelihood of all that the test said.

    `mass` has the hypotheses that are left, `possible` the commits that fit, whatever their weight.
    """

    def __init__(self, graph: Graph, weights: dict[int, float], noise: Noise) -> None:
        """Start with no runs. The weights are those of the commits, in the graph's order."""
        self._graph, self._noise = graph, noise
        self._weights = weights
        self._scale = sum(weights.values()) or 1.0  # what the commits have together
        apart = noise.no_transition / (1 - 2 * noise.no_transition) * self._scale
        self._apart = {BEFORE: apart, NEVER: apart} if apart else {}
        self._in_all = Runs()
        self._on_new = dict.fromkeys([*weights, *self._apart], Runs())
        self.possible = list(weights)
        self.mass: dict[int, Mass] = {}
        self._weigh()

    @property
    def total(self) -> Mass:
        """All of the mass."""
        new, false_old, false_new = zip(*self.mass.values(), strict=True)
        return sum(new), sum(false_old), sum(false_new)

    def refuses(self, implying: Set[int], is_new: bool) -> bool:
        """Would such a run fit no commit of those that are possible?"""
        return not any((commit in implying) is is_new for commit in self.possible)

    def learn(self, implying: Collection[int], is_new: bool) -> None:
        """Take in one run on a revision that is NEW by the `implying` hypotheses."""
        self._in_all = self._in_all.plus(is_new)
        for hypothesis in implying:
            if hypothesis in self._on_new:
                self._on_new[hypothesis] = self._on_new[hypothesis].plus(is_new)
        self._weigh()

    def cuts(self, commits: Sequence[int]) -> dict[int, Mass]:
        """The mass by which each of the commits is NEW: BEFORE, its own and its ancestors'."""
        cuts: dict[int, Mass] = {}
        before = self.mass.get(BEFORE, NOTHING)
        for commit in commits:
            # Parents elsewhere lead to nothing that has mass: what is OLD has OLD ancestors only.
            parents = [p for p in self._graph.parents[commit] if p in cuts]
            if len(parents) < 2:
                above = cuts[parents[0]] if parents else before
                cuts[commit] = _plus(above, self.mass.get(commit, NOTHING))
            else:  # a merge's parents share ancestors, to be counted once
                cuts[commit] = before
                for ancestor in self._graph.ancestors(commit, {*cuts}):
                    cuts[commit] = _plus(cuts[commit], self.mass.get(ancestor, NOTHING))
        return cuts

    def _weigh(self) -> None:
        """Work out the masses anew."""
        fit = fits(self._noise, {*self._on_new.values()}, self._in_all)
        of = {h: fit[runs] for h, runs in self._on_new.items() if fit[runs].likelihood}
        self.possible = [h for h in of if h >= 0]
        weights = {h: self._weights[h] for h in self.possible if self._weights[h]}
        if not weights:  # the weights can't all be right: go on without them
            weights = dict.fromkeys(self.possible, self._scale / len(self._weights))
        weights |= {h: weight for h, weight in self._apart.items() if h in of}
        posterior = {h: weight * of[h].likelihood for h, weight in weights.items()}
        total = sum(posterior.values()) or 1.0
        self.mass = {h: _mass(max(1, int(p / total * _UNIT)), of[h]) for h, p in posterior.items()}


def _mass(mass: int, fit: Fit) -> Mass:
    return mass, int(mass * fit.false_old), int(mass * fit.false_new)


def _plus(one: Mass, other: Mass) -> Mass:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]
