"""How HAProxy's memory grew in a test, and whether it grew more than elsewhere."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

CHANCE = 0.001  # P(of two series of the same kind one is taken for the greater one)


@dataclass(frozen=True)
class Growth:
    """How memory grew at a revision called ``name``: the bytes of each step, of all runs."""

    name: str
    steps: tuple[int, ...]

    def is_exceeded_by(self, steps: Sequence[int]) -> bool:
        """Whether memory grew more in *steps*, by a rank test."""
        return chance_of_more(steps, self.steps) < CHANCE


def chance_of_more(values: Sequence[float], others: Sequence[float]) -> float:
    """P(*values* exceed *others* as much as they do, if both are of the same kind).

    By the Mann-Whitney test with the normal approximation, corrected for ties; 1 if one of them is
    empty. Lehmann, Nonparametrics (1975), sections 1.3 and 1.4.
    """
    n, m = len(values), len(others)
    if not n or not m:
        return 1.0
    ranked = sorted(others)
    # pairs in which the value is greater; one that is equal counts half
    pairs = sum(bisect_left(ranked, one) + bisect_right(ranked, one) for one in values) / 2
    ties = sum(count**3 - count for count in Counter([*values, *others]).values())
    total = n + m
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    excess = pairs - n * m / 2 - 0.5  # for continuity
    if excess <= 0 or variance <= 0:
        return 1.0
    return math.erfc(excess / math.sqrt(2 * variance)) / 2
