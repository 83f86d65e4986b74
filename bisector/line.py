"""Probing a line of revisions evenly, where there is nothing to bisect yet."""

from __future__ import annotations

import bisect
from collections.abc import Collection
from itertools import pairwise


def farthest(
    total: int, probed: Collection[int], among: Collection[int] | None = None
) -> int | None:
    """The index of a line 0..total-1 that is farthest from all that is probed; None if all are.

    For finding a bad revision between two good ones, which are just outside the line and count as
    probed. `among` narrows the choice, for instance to releases. Of equals, the first.
    """
    edges = [-1, *sorted(probed), total]
    best, most = None, 0
    for index in range(total) if among is None else sorted(among):
        cut = bisect.bisect(edges, index)
        if (distance := min(index - edges[cut - 1], edges[cut] - index)) > most:
            best, most = index, distance
    return best


def widest_gap(total: int, probed: Collection[int]) -> int:
    """The most neighbours in a line 0..total-1 without a probe: how long a bad stretch can hide."""
    edges = [-1, *sorted(set(probed)), total]
    return max(right - left - 1 for left, right in pairwise(edges))
