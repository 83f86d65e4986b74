"""How long hunts and sweeps take on so many workers, if probes take what they were measured to."""

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
    """What was measured, in seconds for each probe.

    ``probes`` are whole probes on a worker (build and test), ``client`` is what the client does
    for one while no other gets its time. Its line is taken for ``first`` by the tree that a worker
    gets first, for ``transfer`` by each later one.
    """

    probes: tuple[float, ...]
    client: float
    first: float
    transfer: float


@dataclass(frozen=True)
class Span:
    """A job's seconds by the clock, and the seconds of its probes one after the other."""

    seconds: float
    work: float

    @property
    def speedup(self) -> float:
        """Beside one worker, whose client and line cost nothing."""
        return self.work / self.seconds


class Crew:
    """Workers, and the client and the line that they share; each worker has one probe at a time."""

    def __init__(self, workers: int, figures: Figures) -> None:
        self._figures = figures
        # when it is free, and what its next tree takes; the line and the client are free at _line
        self._workers = [(0.0, figures.first)] * workers
        self._client = self._line = 0.0

    def round(self, begun: float, durations: Sequence[float]) -> float:
        """When probes of these *durations*, all asked for at the time *begun*, are answered."""
        end = self._client = max(begun, self._client)
        for duration in durations:
            free, tree = self._workers[0]
            self._client = max(self._client, free) + self._figures.client
            self._line = max(self._line, self._client) + tree
            heapq.heapreplace(self._workers, (self._line + duration, self._figures.transfer))
            end = max(end, self._line + duration)
        return end


def sweep(revisions: int, workers: int, figures: Figures, seed: str = "") -> Span:
    """A verdict for each of so many revisions that all differ."""
    chance = random.Random(seed)
    durations = chance.choices(figures.probes, k=revisions)
    return Span(Crew(workers, figures).round(0.0, durations), sum(durations))


def hunt(revisions: int, workers: int, figures: Figures, seed: str = "") -> Span:
    """A search for a culprit that lies anywhere, as many probes at once as bisector asks for.

    The search's own thinking counts: it is measured here, beside what the probes would take. What
    one worker needs for it is the work.
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
