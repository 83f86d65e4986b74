"""Simulated searches with a known answer: their numbers of probes and rounds."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bisector.search.bisection import Observation, Search
from bisector.search.costs import Costs
from bisector.search.graph import Graph
from bisector.search.noise import Noise


@dataclass(frozen=True)
class Cost:
    """The cost of one search without its two ends; ``right``: it found the culprit.

    ``seconds`` is what Costs expects the probes to take, 0 without these.
    """

    probes: int
    rounds: int
    right: bool
    seconds: float = 0.0


def search(
    commits: Sequence[str],
    culprit: str,
    weights: Mapping[str, float],
    *,
    at_once: int = 1,
    false_old: float = 0.0,
    seed: str = "",
    costs: Costs | None = None,
) -> Cost:
    """Search for *culprit* on a line of commits, with up to *at_once* probes a round.

    The last commit is NEW. *false_old* is P(observed as OLD | NEW). If it is not 0, the search ends
    at a confidence of 99 %, and starts with the same observations of the ends as a hunt: the last
    commit was NEW once, which proves it as there is no false NEW, and the commit before the range
    OLD three times.
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
    probes, rounds, seconds = 0, 0, 0.0
    while chosen := process.choose_many(at_once, costs.seconds if costs else None):
        rounds += 1
        probes += len(chosen)
        for revision in chosen:
            new = graph.index[revision] >= first and chance.random() >= false_old
            process.record(revision, Observation.NEW if new else Observation.OLD)
            seconds += spent(costs, revision)
    return Cost(probes, rounds, process.candidates() == (culprit,), seconds)


def spent(costs: Costs | None, revision: str) -> float:
    """The seconds of a probe of *revision*, after which a build tree holds it."""
    if costs is None:
        return 0.0
    seconds = costs.seconds(revision)
    costs.built(revision)
    return seconds


def git_bisect(
    total: int,
    culprit: int,
    *,
    false_old: float = 0.0,
    seed: str = "",
    seconds: Callable[[int], float] = lambda place: 0.0,
) -> Cost:
    """The cost of git bisect on a line of *total* commits, the last one bad.

    *culprit* is an index, *seconds* what the probe of a commit takes, by its index. git tests the
    oldest commit within a thousandth of the middle, and takes every observation for exact (git's
    bisect.c: approx_halfway, do_find_bisection).
    """
    chance = random.Random(seed)
    low, left, probes, spent = 0, total, 0, 0.0
    while left > 1:
        slack = max(1, left // 1024 - 1)
        weight = max(2, math.ceil((left - slack) / 2)) if left > 2 else 1
        probes += 1
        spent += seconds(low + weight - 1)
        if low + weight > culprit and chance.random() >= false_old:
            left = weight
        else:
            low, left = low + weight, left - weight
    return Cost(probes, probes, low == culprit, spent)


def bits(weights: Mapping[str, float], culprit: str) -> float:
    """The information content of the culprit in bits, -log2 P(culprit) by the weights.

    It is a lower bound of the mean number of probes if the weights are probabilities.
    """
    return math.log2(sum(weights.values()) / weights[culprit])
