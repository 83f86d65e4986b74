"""Where to cut a mass of hypotheses: what a probe tells, and several probes at once.

A revision cuts the mass in two: the hypotheses by which it is NEW, and those by which it is OLD.
Several cuts are taken as nested, as they are on a line. Where histories merge that is only about
right, which costs probes and never changes an answer.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

# Some hypotheses' mass; of it, what goes with a NEW revision that says OLD, and with an OLD one
# that says NEW. All in the same integer units, so that sums and differences are exact.
Mass = tuple[int, int, int]

NOTHING: Mass = (0, 0, 0)

_LN_2 = math.log(2)

_ROUNDING = 1e-12  # entropies whose difference is relatively less are the same


class Point(NamedTuple):
    """A revision that could be probed."""

    commit: int  # its index in the graph
    cut: Mass  # of the hypotheses by which it is NEW
    worth: float  # P(testable) per second of probing


def information(cut: Mass, low: Mass, high: Mass) -> float:
    """What a run at `cut` is expected to tell of the hypotheses between two cuts, times their mass.

    In bits: the entropy of what it says, less what of that is the test's own noise. 0 if the cut is
    not between the two.
    """
    new, old = cut[0] - low[0], high[0] - cut[0]
    if new <= 0 or old <= 0:
        return 0.0
    false_old, false_new = cut[1] - low[1], high[2] - cut[2]
    if not (false_old or false_new):
        return _entropy(new, old)
    false_old = min(max(false_old, 0), new)  # within bounds when cuts are not quite nested
    false_new = min(max(false_new, 0), old)
    said = _entropy(new - false_old + false_new, old - false_new + false_old)
    noise = _entropy(false_old, new - false_old) + _entropy(false_new, old - false_new)
    return said - noise if said - noise > _ROUNDING * noise else 0.0


def _entropy(part: int, other: int) -> float:
    """The bits of a choice between two masses, times their sum."""
    if not part or not other:
        return 0.0
    total = part + other
    p = min(part, other) / total  # the smaller one, whose P isn't rounded to 1
    return -total * (p * math.log2(p) + (1 - p) * math.log1p(-p) / _LN_2)


def spread(points: Iterable[Point], cuts: Iterable[Mass], count: int) -> list[Point]:
    """Up to `count` points to probe at once, at least one if any tells something.

    They are chosen between the `cuts`, the outermost included: each stretch gets as many as are
    expected to tell most there, and has its mass split by them in about equal parts.
    """
    points = list(points)
    bounds = list(pairwise(sorted(set(cuts))))
    if len(bounds) == 1:
        return _even(points, *bounds[0], count)
    found = [_best(points, low, high) for low, high in bounds]
    shares = [0] * len(bounds)
    for _ in range(count):
        # n even cuts tell log2(n + 1) bits, so this is what one more of them tells
        gains = [one[0] * math.log2(1 + 1 / (n + 1)) for one, n in zip(found, shares, strict=True)]
        shares[gains.index(max(gains))] += 1
    chosen: list[Point] = []
    for (low, high), (_, best), share in zip(bounds, found, shares, strict=True):
        if best is not None:
            chosen += [best] if share == 1 else _even(points, low, high, share)
    return chosen


def _even(points: Sequence[Point], low: Mass, high: Mass, count: int) -> list[Point]:
    """Points that split the mass from low to high in about count + 1 equal parts.

    Fewer if a part has no point to end it; the last one is sought in all that is left.
    """
    chosen = []
    for parts in range(count + 1, 1, -1):
        # An even part ends half-way to the end of the next one.
        _, best = _best(points, low, _between(low, high, 2, parts))
        if best is not None:
            chosen.append(best)
            low = best.cut
    return chosen


def _between(low: Mass, high: Mass, part: int, parts: int) -> Mass:
    """The cut that is `part` of `parts` on the way from one cut to another."""
    (a, b, c), (x, y, z) = low, high
    return (
        a + (x - a) * part // parts,
        b + (y - b) * part // parts,
        c + (z - c) * part // parts,
    )


def _best(points: Iterable[Point], low: Mass, high: Mass) -> tuple[float, Point | None]:
    """The point that tells most per second between two cuts; of equals, the first."""
    best, most = None, 0.0
    for point in points:
        if low[0] < point.cut[0] < high[0]:
            value = point.worth * information(point.cut, low, high)
            if value > most:
                best, most = point, value
    return most, best


def likely_testable(skipped: Sequence[bool]) -> list[float]:
    """P(testable) of each commit in a line, given which were found not to be.

    The nearest SKIP on either side, d commits away, is a factor d / (d + length), where length goes
    from the first to the last SKIP: on a line, nothing between them is known to be testable. So a
    stretch is left in geometric steps, and its ends are tried before its inside, where two
    factors meet. On a graph the line is the topological order: neighbours are mostly relatives.
    """
    skips = [place for place, skip in enumerate(skipped) if skip]
    chances = [1.0] * len(skipped)
    if not skips:
        return chances
    length = skips[-1] - skips[0] + 1
    for place in range(len(skipped)):
        cut = bisect.bisect(skips, place)
        for skip in skips[max(0, cut - 1) : cut + 1]:
            distance = abs(place - skip)
            chances[place] *= distance / (distance + length)
    return chances
