"""Where to look for a bad revision when both ends of a range are good.

The range is a line of indexes 0..total-1, oldest first. What is known comes first, then places that
have to do with the fix, then releases, then ever finer strides. Pure: indexes in, an index out.
"""

from __future__ import annotations

import bisect
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise

BUDGET = 40  # probes; evenly spread over a range they miss no bad stretch of more than 1/40 of it


@dataclass(frozen=True)
class Stage:
    """Places that are worth a look, and how many of them before the next stage has its turn."""

    name: str
    among: Collection[int] | None
    probes: int


def stages(
    known: Collection[int], related: Collection[int], releases: Collection[int]
) -> tuple[Stage, ...]:
    """The order of the witness hunt.

    *known*: the suspect and the fix's parent; *related*: parents of commits that touch what the
    patch touches; *releases*: commits with a release tag.
    """
    return (
        Stage("known", known, len(known)),
        Stage("near the patch", related, 8),
        Stage("releases", releases, 16),
        Stage("strides", None, BUDGET),
    )


def order(total: int, plan: Collection[Stage]) -> Iterator[tuple[int, str]]:
    """The indexes to probe, one after the other, with their stage; at most BUDGET of them."""
    probed: set[int] = set()
    for stage in plan:
        for _ in range(stage.probes):
            among = None if stage.among is None else set(stage.among) - probed
            index = farthest(total, probed, among)
            if index is None or len(probed) == BUDGET:
                break
            yield index, stage.name
            probed.add(index)


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
