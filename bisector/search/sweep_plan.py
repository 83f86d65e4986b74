"""Which of a range's commits a sweep probes, in which order, and the stretches that come of it.

Commits are known by their places: 0 is the range's old end. Nothing here knows git.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bisector.record.events import Probed
from bisector.record.verdict import Ruling, Verdict
from bisector.search.graph import Graph
from bisector.search.release_inference import children_of

RETEST = "re-test"  # the purpose of a probe of an oddity
SHORT = 2  # revisions that an oddity has at most
MANY = 100  # revisions of a sweep for which nobody said how many they should be

# Each pass looks between the places of the one before, in the history's order and back in turn: the
# first passes are few probes and show all of the range, and in the last one, seven eighths of all,
# most builds go on from their neighbour's. In v2.9.0..master, 5,870 different sources of 6,678
# commits, 2,637 builds have to begin anew: 2,048 if one walks straight on, 4,014 if one halves (two
# in the place of eight). In time that is 12 % and 39 % more than walking on.
FINER = 8


def every(count: int, stride: int) -> list[int]:
    """The places of each *stride*-th of *count* commits; both ends are among them."""
    return sorted({*range(0, count, stride), count - 1})


def stride_for(count: int, most: int = MANY) -> int:
    """The smallest stride at which no more than *most*, at least two, of *count* are chosen."""
    return max(1, -(-(count - 1) // max(1, most - 1)))


def coarse_to_fine(count: int) -> list[int]:
    """The places 0 to *count* - 1 in the order in which they are best probed, see FINER."""
    strides = [1]
    while strides[-1] * FINER < count - 1:
        strides.append(strides[-1] * FINER)
    order: dict[int, None] = {}
    for level, stride in enumerate(reversed(strides)):
        order |= dict.fromkeys(every(count, stride)[:: -1 if level % 2 else 1])
    return list(order)


@dataclass(frozen=True)
class Row:
    """Neighbours on one line of history, by their indexes, that share a ruling.

    ``odd`` ones are SHORT, and shorter than what is around them, which agrees on another verdict.
    """

    indexes: tuple[int, ...]
    ruling: Ruling
    odd: bool = False


def rows(graph: Graph, rulings: Sequence[Ruling]) -> list[Row]:
    """The stretches of a *graph*, of whose revisions each has its ruling, in its order.

    None of them goes on beyond a merge, or onto a branch.
    """
    found: list[list[int]] = []
    for index, parents in enumerate(graph.parents):
        if parents == (index - 1,) and _kind(rulings[index]) == _kind(rulings[index - 1]):
            found[-1].append(index)
        else:
            found.append([index])
    told = [Row(tuple(some), rulings[some[0]]) for some in found]
    of = {index: row for row in told for index in row.indexes}
    children = children_of(graph)
    return [
        replace(
            row,
            odd=_is_odd(
                row,
                [of[index] for index in graph.parents[row.indexes[0]]],
                [of[index] for index in children[row.indexes[-1]]],
            ),
        )
        for row in told
    ]


def _kind(ruling: Ruling) -> str:
    """What makes a stretch: the verdict, and why nothing could be tested, numbers apart."""
    why = "" if ruling.verdict.tested else re.sub("[0-9]+", "#", ruling.reason)
    return f"{ruling.verdict} {why}"


def _is_odd(row: Row, before: Sequence[Row], after: Sequence[Row]) -> bool:
    if not (before and after and len(row.indexes) <= SHORT):
        return False
    around = [*before, *after]
    verdicts = {one.ruling.verdict for one in around}
    agreed = len(verdicts) == 1 and all(verdict.tested for verdict in verdicts)
    longer = all(len(one.indexes) > len(row.indexes) for one in around)
    return agreed and longer and row.ruling.verdict not in verdicts


def retests(runs: Sequence[Probed]) -> int:
    """How many of a revision's *runs* are re-tests."""
    return sum(run.purpose == RETEST for run in runs)


def first_ruling(runs: Sequence[Probed], needed: int) -> Ruling | None:
    """What a revision's *runs* come to, re-tests left out; None while they are too few.

    So many passes are *needed* to call it good; bad once is bad.
    """
    return _come_to([run for run in runs if run.purpose != RETEST], needed)


def last_ruling(runs: Sequence[Probed], needed: int) -> Ruling | None:
    """The same with the re-tests, whose word stands.

    A real toolchain that says now good and now bad says nothing, unless more than one pass is
    *needed*: then it does so by chance.
    """
    if retests(runs) < needed:  # none, or an earlier session was interrupted
        return first_ruling(runs, needed)
    real = [run for run in runs if run.real]
    if needed > 1:
        return _come_to(real, needed)
    *before, again = sorted(real, key=lambda run: run.run)
    if any(_contradict(one, again) for one in before):
        said = f"{before[0].verdict} in one run of {again.toolchain}, {again.verdict} in another"
        return Ruling(Verdict.UNTESTABLE, said)
    return _ruling(again)


def _contradict(one: Probed, other: Probed) -> bool:
    return one.verdict.tested and other.verdict.tested and one.verdict is not other.verdict


def _come_to(runs: Sequence[Probed], needed: int) -> Ruling | None:
    said = {run.verdict: run for run in reversed(runs)}
    if Verdict.BAD in said:
        return _ruling(said[Verdict.BAD])
    if Verdict.GOOD in said:
        return _ruling(said[Verdict.GOOD]) if len(runs) >= needed else None
    return _ruling(runs[0]) if runs else None


def _ruling(run: Probed) -> Ruling:
    return Ruling(run.verdict, run.reason, run.evidence)


def widest_gap(places: Sequence[int]) -> int:
    """How many commits lie between two neighbours of *places* at most."""
    return max((after - before - 1 for before, after in pairwise(places)), default=0)
