"""A simulation of hunts and sweeps on many workers, with measured durations of probes."""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench import simulate
from bisector.jobs.hunt.transition import MOST_AT_ONCE


@dataclass(frozen=True)
class Figures:
    """Measured durations, in seconds for each probe.

    ``probes`` are whole probes on a worker (build and test), ``client`` is the client's processor
    time, which probes use one after the other. ``first`` is how long the first source tree of a
    worker occupies the client's network line, ``transfer`` how long each later one does.
    """

    probes: tuple[float, ...]
    client: float
    first: float
    transfer: float


@dataclass(frozen=True)
class Span:
    """The duration of a job in seconds, and the sum of the durations of its probes."""

    seconds: float
    work: float

    @property
    def speedup(self) -> float:
        """The factor compared with one worker whose client and line take no time."""
        return self.work / self.seconds


class Crew:
    """Workers that share a client and its network line; each runs one probe at a time."""

    def __init__(self, workers: int, figures: Figures) -> None:
        self._figures = figures
        # of each worker, when it is free and the seconds of its next transfer; _client and _line
        # are when the client and the line are free
        self._workers = [(0.0, figures.first)] * workers
        self._client = self._line = 0.0

    def round(self, begun: float, durations: Sequence[float]) -> float:
        """The time at which probes of these *durations*, all requested at *begun*, have ended."""
        end = self._client = max(begun, self._client)
        for duration in durations:
            free, tree = self._workers[0]
            self._client = max(self._client, free) + self._figures.client
            self._line = max(self._line, self._client) + tree
            heapq.heapreplace(self._workers, (self._line + duration, self._figures.transfer))
            end = max(end, self._line + duration)
        return end


def sweep(revisions: int, workers: int, figures: Figures, seed: str = "") -> Span:
    """A sweep that probes each of *revisions* commits, none of which share a build."""
    chance = random.Random(seed)
    durations = chance.choices(figures.probes, k=revisions)
    return Span(Crew(workers, figures).round(0.0, durations), sum(durations))


def hunt(revisions: int, workers: int, figures: Figures, seed: str = "") -> Span:
    """A search for a random culprit, with as many parallel probes as bisector requests.

    The processor time of the search itself is measured here and added to the simulated time of the
    probes. ``work`` is the sum of the probes that one worker needs.
    """
    chance = random.Random(seed)
    commits = [f"c{number}" for number in range(revisions)]
    culprit, weights = chance.choice(commits), dict.fromkeys(commits, 1.0)
    begun = time.process_time()
    cost = simulate.search(commits, culprit, weights, at_once=min(MOST_AT_ONCE, workers))
    thinking = (time.process_time() - begun) / max(1, cost.rounds)
    crew, seconds, left = Crew(workers, figures), 0.0, cost.probes
    for number in range(cost.rounds):
        share = round(left / (cost.rounds - number))
        seconds = crew.round(seconds + thinking, chance.choices(figures.probes, k=share))
        left -= share
    alone = simulate.search(commits, culprit, weights) if workers > 1 else cost
    return Span(seconds, sum(chance.choices(figures.probes, k=alone.probes)))
