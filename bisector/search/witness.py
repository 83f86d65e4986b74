"""The order in which a range with two good ends is searched for a bad revision, a *witness*.

The range is a line of indexes 0..total-1, oldest first. The stages are: what is known of the bug,
commits related to the patch, releases, then successively smaller strides. Independent of git.
"""

from __future__ import annotations

import bisect
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise

# The most probes. Evenly spaced, they would miss no bad stretch of more than 1/40 of the range.
BUDGET = 40


@dataclass(frozen=True)
class Stage:
    """The indexes that a stage chooses from (None: all of them), and the most probes it may use."""

    name: str
    candidates: Collection[int] | None
    probes: int


def stages(
    known: Collection[int], related: Collection[int], releases: Collection[int]
) -> tuple[Stage, ...]:
    """The stages of the witness hunt, in order; all arguments are indexes.

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
    """The indexes to probe in order, each with the name of its stage; at most BUDGET of them."""
    probed: set[int] = set()
    for stage in plan:
        for _ in range(stage.probes):
            candidates = None if stage.candidates is None else set(stage.candidates) - probed
            index = farthest(total, probed, candidates)
            if index is None or len(probed) == BUDGET:
                break
            yield index, stage.name
            probed.add(index)


def farthest(
    total: int, probed: Collection[int], candidates: Collection[int] | None = None
) -> int | None:
    """The index of 0..total-1 with the greatest distance to any probed one; of equals, the first.

    The positions just outside the line, -1 and total, are the good ends and count as probed.
    *candidates* restricts the choice, for instance to releases. None if no candidate is left.
    """
    edges = [-1, *sorted(probed), total]
    best, most = None, 0
    for index in range(total) if candidates is None else sorted(candidates):
        after = bisect.bisect(edges, index)
        if (distance := min(index - edges[after - 1], edges[after] - index)) > most:
            best, most = index, distance
    return best


def widest_gap(total: int, probed: Collection[int]) -> int:
    """The length of the longest stretch of 0..total-1 without a probe.

    A bad stretch of up to that length could have been missed.
    """
    edges = [-1, *sorted(set(probed)), total]
    return max(right - left - 1 for left, right in pairwise(edges))
