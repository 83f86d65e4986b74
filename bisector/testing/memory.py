"""HAProxy's memory in the course of a test: where the test measures it, and what its log says."""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Sequence
from pathlib import Path

from bisector.search import trend

SCRIPT = Path(__file__).parent / "preload" / "memory.sh"
MOST_SAMPLES = 100  # of one run

PARTS = 4  # of a series, each of which has more than the one before if it grows
CHANCE = 0.001  # P(a series without a trend is taken for one that grows)

_SAMPLE = re.compile(r"memory\|(?:(\d+) (\d+))?$", re.M)


def interval(times: int) -> int:
    """After how many of *times* repetitions the memory is measured again."""
    return max(1, times // MOST_SAMPLES)


def samples(log: str) -> list[dict[int, int]]:
    """The sizes in kB of HAProxy's processes, by pid, in each of the samples in *log*."""
    found: list[dict[int, int]] = []
    for pid, size in _SAMPLE.findall(log):
        if not pid:
            found.append({})
        elif found:
            found[-1][int(pid)] = int(size)
    return found


def grows(values: Sequence[float]) -> bool:
    """Whether *values* go on to grow: by a rank test, and from each part of them to the next."""
    if trend.chance_of_trend(values) > CHANCE:
        return False
    edges = [len(values) * part // PARTS for part in range(PARTS + 1)]
    parts = [values[begin:end] for begin, end in itertools.pairwise(edges)]
    middles = list(map(statistics.median, parts))
    return all(earlier < later for earlier, later in itertools.pairwise(middles))
