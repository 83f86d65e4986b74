"""The posterior, against the hypotheses spelt out one by one."""

from __future__ import annotations

from random import Random

import pytest

from bisector.search.graph import Graph
from bisector.search.noise import Noise
from bisector.search.posterior import BEFORE, NEVER, Belief


def random_graph(rnd: Random, length: int) -> Graph:
    """Lines, branches and merges."""
    steps = [rnd.choice([[1], [1], [1, 2], [2], [1, 3]]) for _ in range(length)]
    return Graph.of(
        [(f"r{i}", [f"r{i - s}" for s in step if s <= i]) for i, step in enumerate(steps)]
    )


@pytest.mark.parametrize("seed", range(20))
def test_it_is_weight_times_likelihood_for_every_hypothesis(seed: int) -> None:
    rnd = Random(seed)
    graph = random_graph(rnd, 12)
    weights = {i: rnd.choice([0.5, 1.0, 3.0]) for i in range(12)}
    belief = Belief(graph, weights, Noise(0.3, 0.1, no_transition=0.02))
    runs = [(rnd.randrange(12), rnd.random() < 0.5) for _ in range(15)]
    for revision, says_new in runs:
        belief.learn(graph.ancestors(revision) | {BEFORE}, says_new)

    def likelihood(hypothesis: int) -> float:
        product = 1.0
        for revision, says_new in runs:
            is_new = hypothesis in graph.ancestors(revision) | {BEFORE}
            right = 0.7 if is_new else 0.9
            product *= right if says_new is is_new else 1 - right
        return product

    share = 0.96 / sum(weights.values())
    prior = {i: weight * share for i, weight in weights.items()} | {BEFORE: 0.02, NEVER: 0.02}
    posterior = {h: p * likelihood(h) for h, p in prior.items()}
    for hypothesis, p in posterior.items():
        mass = belief.mass[hypothesis][0] / belief.total[0]
        assert mass == pytest.approx(p / sum(posterior.values()))
    for revision, cut in belief.cuts(range(12)).items():
        new = sum(belief.mass[h][0] for h in graph.ancestors(revision) | {BEFORE})
        assert cut[0] == new


def test_runs_before_the_range_speak_for_or_against_before_and_nothing_else() -> None:
    belief = Belief(random_graph(Random(1), 5), dict.fromkeys(range(5), 1.0), Noise(0.3, 0.1))
    before = dict(belief.mass)
    belief.learn({BEFORE}, False)
    odds = belief.mass[BEFORE][0] / belief.mass[NEVER][0]
    assert odds == pytest.approx(0.3 / 0.9)
    assert belief.mass[0][0] / belief.mass[NEVER][0] == pytest.approx(before[0][0] / before[-2][0])
