"""The interval of a difference of means, for a few measurements of each side."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

_LEAST = 1e-6  # the variance of the mean that even equal values are given, squared below


class Interval(NamedTuple):
    """A difference and the interval that has it with the requested confidence."""

    difference: float
    low: float
    high: float


def difference(before: Sequence[float], after: Sequence[float], confidence: float) -> Interval:
    """The difference of the means of *after* and *before*, with Welch's interval.

    Both have two values at least. Welch, Biometrika 34 (1947). Values that are all equal still have
    an error of a millionth of 1, so that counting without noise does not give an empty interval.
    """
    each = [_error(values) for values in (before, after)]
    total = sum(variance for variance, _ in each)
    freedom = total**2 / sum(variance**2 / degrees for variance, degrees in each)
    found = statistics.fmean(after) - statistics.fmean(before)
    reach = student_quantile((1 + confidence) / 2, freedom) * math.sqrt(total)
    return Interval(found, found - reach, found + reach)


def _error(values: Sequence[float]) -> tuple[float, int]:
    """The variance of the mean, and its degrees of freedom."""
    return statistics.variance(values) / len(values) + _LEAST**2, len(values) - 1


def student_quantile(probability: float, freedom: float) -> float:
    """The quantile of Student's distribution, for a probability above 0.5.

    Exact for one degree of freedom, else by bisection of the distribution function, which
    is integrated by Simpson's rule.
    """
    if freedom <= 1:
        return math.tan(math.pi * (probability - 0.5))
    low, high = 0.0, 1.0
    while _below(high, freedom) < probability:
        high *= 2
    for _ in range(50):
        middle = (low + high) / 2
        if _below(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return high


def _below(value: float, freedom: float) -> float:
    """P(a variable with Student's distribution is below *value*, which is above 0)."""
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2))
    scale /= math.sqrt(freedom * math.pi)
    # the substitution t = tan(angle) * sqrt(freedom) makes the range finite
    end = math.atan(value / math.sqrt(freedom))
    steps = 64
    width = end / steps
    points = (math.cos(index * width) ** (freedom - 1) for index in range(steps + 1))
    factors = (1 if index in (0, steps) else 4 if index % 2 else 2 for index in range(steps + 1))
    area = math.fsum(f * p for f, p in zip(factors, points, strict=True)) * width / 3
    return 0.5 + scale * math.sqrt(freedom) * area
