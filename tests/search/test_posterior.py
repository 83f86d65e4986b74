"""The posterior, compared with a calculation for each single hypothesis."""

from __future__ import annotations

from random import Random

import pytest

from bisector.search.graph import Graph
from bisector.search.noise import Noise
from bisector.search.posterior import BEFORE, NEVER, Posterior


def random_graph(rnd: Random, length: int) -> Graph:
    """A graph with lines, branches and merges."""
    steps = [rnd.choice([[1], [1], [1, 2], [2], [1, 3]]) for _ in range(length)]
    return Graph.of(
        [(f"r{i}", [f"r{i - s}" for s in step if s <= i]) for i, step in enumerate(steps)]
    )


@pytest.mark.parametrize("seed", range(20))
def test_the_mass_of_each_hypothesis_is_weight_times_likelihood(seed: int) -> None:
    rnd = Random(seed)
    graph = random_graph(rnd, 12)
    weights = {i: rnd.choice([0.5, 1.0, 3.0]) for i in range(12)}
    posterior = Posterior(graph, weights, Noise(0.3, 0.1, no_transition=0.02))
    runs = [(rnd.randrange(12), rnd.random() < 0.5) for _ in range(15)]
    for revision, observed_new in runs:
        posterior.update(graph.ancestors(revision) | {BEFORE}, observed_new)

    def likelihood(hypothesis: int) -> float:
        product = 1.0
        for revision, observed_new in runs:
            is_new = hypothesis in graph.ancestors(revision) | {BEFORE}
            p_right = 0.7 if is_new else 0.9
            product *= p_right if observed_new is is_new else 1 - p_right
        return product

    share = 0.96 / sum(weights.values())
    prior = {i: weight * share for i, weight in weights.items()} | {BEFORE: 0.02, NEVER: 0.02}
    products = {h: p * likelihood(h) for h, p in prior.items()}
    for hypothesis, p in products.items():
        mass = posterior.mass[hypothesis][0] / posterior.total[0]
        assert mass == pytest.approx(p / sum(products.values()))
    for revision, cut in posterior.cuts(range(12)).items():
        new = sum(posterior.mass[h][0] for h in graph.ancestors(revision) | {BEFORE})
        assert cut[0] == new


def test_a_run_before_the_range_changes_only_the_odds_of_before() -> None:
    posterior = Posterior(random_graph(Random(1), 5), dict.fromkeys(range(5), 1.0), Noise(0.3, 0.1))
    before = dict(posterior.mass)
    posterior.update({BEFORE}, False)
    odds = posterior.mass[BEFORE][0] / posterior.mass[NEVER][0]
    assert odds == pytest.approx(0.3 / 0.9)
    assert posterior.mass[0][0] / posterior.mass[NEVER][0] == pytest.approx(
        before[0][0] / before[-2][0]
    )
