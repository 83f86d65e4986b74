"""Does a series grow? The Mann-Kendall test, a rank test; pure functions."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence


def chance_of_trend(values: Sequence[float]) -> float:
    """P(a series without a trend grows as much as *values* do), by the Mann-Kendall test.

    Its statistic is the number of pairs that grow less those that fall; its variance is corrected
    for ties. Kendall, Rank Correlation Methods (1975), chapters 4 and 5.
    """
    n = len(values)
    score = sum(
        (later > earlier) - (later < earlier)
        for at, earlier in enumerate(values)
        for later in values[at + 1 :]
    )
    ties = (count for count in Counter(values).values() if count > 1)
    variance = (_variance(n) - sum(map(_variance, ties))) / 18
    if score <= 0 or variance <= 0:
        return 1.0
    return math.erfc((score - 1) / math.sqrt(2 * variance)) / 2


def _variance(n: int) -> int:
    return n * (n - 1) * (2 * n + 5)


def slope(values: Sequence[float]) -> float:
    """The growth from one value to the next, by the Theil-Sen estimator: the median of all pairs'.

    0 for less than two values. Sen, JASA 63 (1968).
    """
    pairs = [
        (values[later] - values[earlier]) / (later - earlier)
        for earlier in range(len(values))
        for later in range(earlier + 1, len(values))
    ]
    return statistics.median(pairs) if pairs else 0.0
