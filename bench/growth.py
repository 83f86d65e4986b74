"""How long hunts and sweeps take on so many workers, if probes take what they were measured to."""

from __future__ import annotations

import heapq
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench import simulate


@dataclass(frozen=True)
class Figures:
    """What was measured, in seconds for each probe.

    ``probes`` are whole probes on a worker (build and test), ``client`` is what the client does
    for one while no other gets its time, ``transfer`` what a tree's archive takes on its line.
    """

    probes: tuple[float, ...]
    client: float
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


def round_of(durations: Sequence[float], workers: int, figures: Figures) -> float:
    """Seconds until probes of these *durations* that are asked at once have all been answered.

    The client asks one after the other, and one line carries all trees; a worker has one probe at
    a time.
    """
    idle = [0.0] * min(workers, len(durations))
    client = line = end = 0.0
    for duration in durations:
        client = max(client, idle[0]) + figures.client
        line = max(line, client) + figures.transfer
        end = max(end, line + duration)
        heapq.heapreplace(idle, line + duration)
    return end


def sweep(revisions: int, workers: int, figures: Figures, seed: str = "") -> Span:
    """A verdict for each of so many revisions that all differ."""
    chance = random.Random(seed)
    durations = chance.choices(figures.probes, k=revisions)
    return Span(round_of(durations, workers, figures), sum(durations))


def hunt(revisions: int, workers: int, figures: Figures, seed: str = "") -> Span:
    """A search for a culprit that lies anywhere, as many probes at once as there are workers.

    The search's own thinking counts: it is measured here, beside what the probes would take. What
    one worker needs for it is the work.
    """
    chance = random.Random(seed)
    commits = [f"c{number}" for number in range(revisions)]
    culprit, weights = chance.choice(commits), dict.fromkeys(commits, 1.0)
    begun = time.process_time()
    cost = simulate.search(commits, culprit, weights, at_once=workers)
    seconds = time.process_time() - begun
    left = cost.probes
    for number in range(cost.rounds):
        share = round(left / (cost.rounds - number))
        seconds += round_of(chance.choices(figures.probes, k=share), workers, figures)
        left -= share
    alone = simulate.search(commits, culprit, weights) if workers > 1 else cost
    return Span(seconds, sum(chance.choices(figures.probes, k=alone.probes)))
