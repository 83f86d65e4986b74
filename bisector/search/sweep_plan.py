"""The commits that a sweep probes, their order, and the segments of equal rulings that result.

Commits are referred to by index in the range; 0 is its old end. Independent of git.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bisector.record.events import Probed
from bisector.record.verdict import Ruling, Verdict
from bisector.record.words import Purpose
from bisector.search.graph import Graph
from bisector.search.release_inference import children_of

ODD_LENGTH = 2  # the most revisions of an odd segment
DEFAULT_COUNT = 100  # the most revisions of a sweep if the user names no number

# The factor between the strides of two passes. Each pass probes between the indexes of the one
# before, alternately forwards and backwards. The first passes need few probes and cover the whole
# range; the last one has seven eighths of all probes, and most of its builds are incremental from a
# neighbour. In v2.9.0..master (5,870 distinct sources in 6,678 commits) 2,637 builds are full ones,
# against 2,048 in the history's order and 4,014 by halving (with 2 in place of 8). Compared with
# the history's order, a sweep takes 12 % more time, halving 39 %.
REFINEMENT = 8


def every(count: int, stride: int) -> list[int]:
    """The indexes of each *stride*-th of *count* commits, including both ends."""
    return sorted({*range(0, count, stride), count - 1})


def stride_for(count: int, most: int = DEFAULT_COUNT) -> int:
    """The smallest stride that selects at most *most* (at least two) of *count* commits."""
    return max(1, -(-(count - 1) // max(1, most - 1)))


def coarse_to_fine(count: int) -> list[int]:
    """The indexes 0 to *count* - 1 in the order in which they are probed; see REFINEMENT."""
    strides = [1]
    while strides[-1] * REFINEMENT < count - 1:
        strides.append(strides[-1] * REFINEMENT)
    order: dict[int, None] = {}
    for level, stride in enumerate(reversed(strides)):
        order |= dict.fromkeys(every(count, stride)[:: -1 if level % 2 else 1])
    return list(order)


@dataclass(frozen=True)
class Segment:
    """Consecutive commits of one line of history, by index, with the same ruling.

    ``odd``: it has at most ODD_LENGTH commits and fewer than each adjacent segment, and these agree
    on a different verdict that was tested (good or bad).
    """

    indexes: tuple[int, ...]
    ruling: Ruling
    odd: bool = False


def segments(graph: Graph, rulings: Sequence[Ruling]) -> list[Segment]:
    """The segments of a *graph*, in its order; *rulings* has one for each revision.

    A segment ends before a merge and where a branch begins.
    """
    groups: list[list[int]] = []
    for index, parents in enumerate(graph.parents):
        if parents == (index - 1,) and _kind(rulings[index]) == _kind(rulings[index - 1]):
            groups[-1].append(index)
        else:
            groups.append([index])
    found = [Segment(tuple(group), rulings[group[0]]) for group in groups]
    by_index = {index: segment for segment in found for index in segment.indexes}
    children = children_of(graph)
    return [
        replace(
            segment,
            odd=_is_odd(
                segment,
                [by_index[index] for index in graph.parents[segment.indexes[0]]],
                [by_index[index] for index in children[segment.indexes[-1]]],
            ),
        )
        for segment in found
    ]


def _kind(ruling: Ruling) -> str:
    """The verdict and, if not tested, its reason with numbers masked; equal within a segment."""
    reason = "" if ruling.verdict.tested else re.sub("[0-9]+", "#", ruling.reason)
    return f"{ruling.verdict} {reason}"


def _is_odd(segment: Segment, before: Sequence[Segment], after: Sequence[Segment]) -> bool:
    if not (before and after and len(segment.indexes) <= ODD_LENGTH):
        return False
    adjacent = [*before, *after]
    verdicts = {other.ruling.verdict for other in adjacent}
    agreed = len(verdicts) == 1 and all(verdict.tested for verdict in verdicts)
    longer = all(len(other.indexes) > len(segment.indexes) for other in adjacent)
    return agreed and longer and segment.ruling.verdict not in verdicts


def retests(runs: Sequence[Probed]) -> int:
    """The number of re-tests among a revision's *runs*."""
    return sum(run.purpose == Purpose.RETEST for run in runs)


def first_ruling(runs: Sequence[Probed], needed: int) -> Ruling | None:
    """The ruling of a revision from its *runs* without the re-tests; None while they are too few.

    *needed* passes make it good; a single failure makes it bad.
    """
    return _combined([run for run in runs if run.purpose != Purpose.RETEST], needed)


def last_ruling(runs: Sequence[Probed], needed: int) -> Ruling | None:
    """The ruling of a revision from all its *runs*; re-tests overrule the fast toolchain.

    If a real toolchain both passes and fails, the revision is untestable, unless *needed* is above
    1: then the test is known to be flaky, and a single failure makes it bad.
    """
    if retests(runs) < needed:  # none, or an earlier session was interrupted
        return first_ruling(runs, needed)
    real = [run for run in runs if run.real]
    if needed > 1:
        return _combined(real, needed)
    *before, again = sorted(real, key=lambda run: run.run)
    if any(_contradict(run, again) for run in before):
        reason = f"{before[0].verdict} in one run of {again.toolchain}, {again.verdict} in another"
        return Ruling(Verdict.UNTESTABLE, reason)
    return again.ruling


def _contradict(first: Probed, second: Probed) -> bool:
    return first.verdict.tested and second.verdict.tested and first.verdict is not second.verdict


def _combined(runs: Sequence[Probed], needed: int) -> Ruling | None:
    first = {run.verdict: run for run in reversed(runs)}
    if Verdict.BAD in first:
        return first[Verdict.BAD].ruling
    if Verdict.GOOD in first:
        return first[Verdict.GOOD].ruling if len(runs) >= needed else None
    return runs[0].ruling if runs else None


def widest_gap(indexes: Sequence[int]) -> int:
    """The largest number of commits between two successive ones of the sorted *indexes*."""
    return max((after - before - 1 for before, after in pairwise(indexes)), default=0)
