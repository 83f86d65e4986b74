"""Searches whose answer is known: how many probes and rounds they take. No builds, no git."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bisector.search.bisection import Observation, Search
from bisector.search.graph import Graph
from bisector.search.noise import Noise


@dataclass(frozen=True)
class Cost:
    """What one search took, the two ends left out; *right* says if it found the culprit."""

    probes: int
    rounds: int
    right: bool


def search(
    commits: Sequence[str],
    culprit: str,
    weights: Mapping[str, float],
    *,
    at_once: int = 1,
    false_old: float = 0.0,
    seed: str = "",
) -> Cost:
    """Search *culprit* on a line of commits, the last one NEW, with up to *at_once* probes a round.

    With *false_old*, the chance that a NEW revision says OLD, the search goes on until it is 99 %
    sure. The ends are known then as the hunt knows them: NEW was seen once, which an OLD one
    cannot say, and what lies before the range was OLD three times.
    """
    graph = Graph.of([(c, commits[at - 1 : at]) for at, c in enumerate(commits)])
    noise = Noise(false_old=false_old) if false_old else None
    process = Search(graph, commits[-1], weights, noise)
    if noise:
        process.record(commits[-1], Observation.NEW)
        for _ in range(3):
            process.record_before(Observation.OLD)
    chance = random.Random(seed)
    first = graph.index[culprit]
    probes = rounds = 0
    while chosen := process.choose_many(at_once):
        rounds += 1
        probes += len(chosen)
        for revision in chosen:
            new = graph.index[revision] >= first and chance.random() >= false_old
            process.record(revision, Observation.NEW if new else Observation.OLD)
    return Cost(probes, rounds, process.candidates() == (culprit,))


def git_bisect(total: int, culprit: int, *, false_old: float = 0.0, seed: str = "") -> Cost:
    """What git bisect takes on a line of *total* commits, the last one bad.

    It tests the oldest commit that is half-way, give or take a thousandth, and believes all it
    sees (bisect.c: approx_halfway, do_find_bisection).
    """
    chance = random.Random(seed)
    low, left, probes = 0, total, 0
    while left > 1:
        slack = max(1, left // 1024 - 1)
        weight = max(2, math.ceil((left - slack) / 2)) if left > 2 else 1
        probes += 1
        if low + weight > culprit and chance.random() >= false_old:
            left = weight
        else:
            low, left = low + weight, left - weight
    return Cost(probes, probes, low == culprit)


def bits(weights: Mapping[str, float], culprit: str) -> float:
    """What it takes at least, in probes, if the weights are believed: the culprit's surprise."""
    return math.log2(sum(weights.values()) / weights[culprit])
