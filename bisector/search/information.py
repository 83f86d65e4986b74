"""The expected information of a probe, and the choice of several probes at once.

A revision divides the mass of the hypotheses into two: those under which it is NEW (the *cut*) and
those under which it is OLD. Cuts are treated as nested, which is exact on a linear history. Where
histories merge it is an approximation, which can cost probes but cannot change an answer.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

# The mass of a set of hypotheses; its expected part with a false OLD if the revision is NEW; its
# expected part with a false NEW if the revision is OLD. All are integers of one unit, so that sums
# and differences are exact.
Mass = tuple[int, int, int]

NOTHING: Mass = (0, 0, 0)

_LN_2 = math.log(2)

_ROUNDING = 1e-12  # entropies with a smaller relative difference count as equal


class Point(NamedTuple):
    """A revision that can be probed."""

    commit: int  # its index in the graph
    cut: Mass  # of the hypotheses under which it is NEW
    worth: float  # P(testable) per second of probing


def information(cut: Mass, low: Mass, high: Mass) -> float:
    """The expected information of a run at `cut` on the hypotheses between two cuts.

    In bits times the mass between `low` and `high`. It is the mutual information of state and
    observation, I(S; O) = H(O) - H(O | S), where H(O | S) comes from the test's error rates.
    0 if the cut is not between the two.
    """
    new, old = cut[0] - low[0], high[0] - cut[0]
    if new <= 0 or old <= 0:
        return 0.0
    false_old, false_new = cut[1] - low[1], high[2] - cut[2]
    if not (false_old or false_new):
        return _entropy(new, old)
    false_old = min(max(false_old, 0), new)  # clamped: cuts may not be exactly nested
    false_new = min(max(false_new, 0), old)
    observation = _entropy(new - false_old + false_new, old - false_new + false_old)
    noise = _entropy(false_old, new - false_old) + _entropy(false_new, old - false_new)
    return observation - noise if observation - noise > _ROUNDING * noise else 0.0


def _entropy(part: int, other: int) -> float:
    """The entropy in bits of a choice between two masses, times their sum."""
    if not part or not other:
        return 0.0
    total = part + other
    p = min(part, other) / total  # the smaller probability, as the other may round to 1
    return -total * (p * math.log2(p) + (1 - p) * math.log1p(-p) / _LN_2)


def spread(points: Iterable[Point], cuts: Iterable[Mass], count: int) -> list[Point]:
    """Up to `count` points to probe at once; at least one if any is informative.

    `cuts` are the two outermost ones and those of revisions that are already being probed; they
    bound intervals. New probes are assigned to intervals greedily, by expected information, and
    divide the mass of each interval into about equal parts.
    """
    points = list(points)
    intervals = list(pairwise(sorted(set(cuts))))
    if len(intervals) == 1:
        return _even(points, *intervals[0], count)
    best_points = [_best(points, low, high) for low, high in intervals]
    shares = [0] * len(intervals)
    for _ in range(count):
        # n even cuts yield log2(n + 1) bits, so one more yields the difference to log2(n + 2)
        gains = [
            value * math.log2(1 + 1 / (n + 1))
            for (value, _), n in zip(best_points, shares, strict=True)
        ]
        shares[gains.index(max(gains))] += 1
    chosen: list[Point] = []
    for (low, high), (_, best), share in zip(intervals, best_points, shares, strict=True):
        if best is not None:
            chosen += [best] if share == 1 else _even(points, low, high, share)
    return chosen


def _even(points: Sequence[Point], low: Mass, high: Mass, count: int) -> list[Point]:
    """Points that divide the mass from low to high into about count + 1 equal parts.

    Fewer if a part contains no informative point. The last point is sought in all that is left.
    """
    chosen = []
    for parts in range(count + 1, 1, -1):
        # In an interval two parts wide the most informative point is about where the first ends.
        _, best = _best(points, low, _between(low, high, 2, parts))
        if best is not None:
            chosen.append(best)
            low = best.cut
    return chosen


def _between(low: Mass, high: Mass, part: int, parts: int) -> Mass:
    """The cut at the fraction part / parts of the way from low to high."""
    (a, b, c), (x, y, z) = low, high
    return (
        a + (x - a) * part // parts,
        b + (y - b) * part // parts,
        c + (z - c) * part // parts,
    )


def _best(points: Iterable[Point], low: Mass, high: Mass) -> tuple[float, Point | None]:
    """The most expected information per second between two cuts, and its point.

    Of equal points the first; 0 and None if no point is informative.
    """
    best, most = None, 0.0
    for point in points:
        if low[0] < point.cut[0] < high[0]:
            value = point.worth * information(point.cut, low, high)
            if value > most:
                best, most = point, value
    return most, best


def probability_testable(skipped: Sequence[bool]) -> list[float]:
    """The estimated P(testable) of each commit on a line, given which ones were skipped.

    A heuristic: the nearest SKIP on either side, d commits away, contributes a factor
    d / (d + length), where length extends from the first to the last SKIP, since none of the
    commits between them is known to be testable. The search thus leaves an untestable stretch in
    geometric steps, and tries its ends before its inside, where two factors apply. On a graph the
    line is the topological order, in which neighbours are mostly related.
    """
    skips = [index for index, skip in enumerate(skipped) if skip]
    chances = [1.0] * len(skipped)
    if not skips:
        return chances
    length = skips[-1] - skips[0] + 1
    for index in range(len(skipped)):
        after = bisect.bisect(skips, index)
        for skip in skips[max(0, after - 1) : after + 1]:
            distance = abs(index - skip)
            chances[index] *= distance / (distance + length)
    return chances
