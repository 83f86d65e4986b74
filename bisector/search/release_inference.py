"""Which of a range's releases to test next, and what the tested ones say of the others.

The releases are a Graph in which the parents of one are the nearest releases before it, see
Graph.only. Verdicts go by index; None stands for a probe that is under way. Nothing here knows git.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from bisector.record.verdict import Verdict
from bisector.search.graph import Graph

BUDGET = 16  # releases tested at most while all of them are alike

Verdicts = Mapping[int, Verdict | None]


def inferred(graph: Graph, verdicts: Verdicts) -> dict[int, Verdict]:
    """The verdicts on releases that were not probed, as far as those around them tell.

    They tell if the nearest probed ones, on every way up and down, were tested and agree.
    """
    found = {}
    for index, around in enumerate(_around(graph, verdicts)):
        if index not in verdicts and len(around) == 1:
            (verdict,) = around
            if verdict is not None and verdict.tested:
                found[index] = verdict
    return found


def next_probe(graph: Graph, verdicts: Verdicts, hints: Iterable[int] = ()) -> int | None:
    """The release to probe next; None if there is none, or none before a probe has ended.

    The oldest and the newest ones come first. What lies between two that differ, or next to one
    that could not be tested, is halved. While all that were tested are alike, there may be others
    between them: the *hints* are tried in their order, then ever finer strides, up to BUDGET.
    """
    unknown = [index for index in range(len(graph.revisions)) if index not in verdicts]
    children = children_of(graph)
    if edges := [index for index in unknown if not (graph.parents[index] and children[index])]:
        return edges[0]
    around, told = _around(graph, verdicts), inferred(graph, verdicts)
    if untold := [index for index in unknown if index not in told and None not in around[index]]:
        return _middle(graph, verdicts, untold)
    tested = [verdict for verdict in verdicts.values() if verdict is None or verdict.tested]
    if len({*tested} - {None}) != 1 or len(tested) >= BUDGET:
        return None
    hint = next((index for index in hints if index in unknown), None)
    return _middle(graph, verdicts, unknown) if hint is None else hint


def longest_row(graph: Graph, releases: Collection[int]) -> int:
    """How many of *releases* follow one another at most, with none of the others between them."""
    length: list[int] = []
    for index, parents in enumerate(graph.parents):
        before = max((length[parent] for parent in parents), default=0)
        length.append(before + 1 if index in releases else 0)
    return max(length, default=0)


def _middle(graph: Graph, verdicts: Verdicts, among: Sequence[int]) -> int | None:
    """The one of *among* that is farthest from all that is probed; of equals, the first."""
    order = range(len(graph.revisions))
    up = _distances(order, graph.parents, verdicts)
    down = _distances(order[::-1], children_of(graph), verdicts)
    return max(among, key=lambda index: min(up[index], down[index]), default=None)


def _distances(
    order: Iterable[int], neighbours: Sequence[Sequence[int]], verdicts: Verdicts
) -> dict[int, int]:
    """The steps from each release to the nearest probed one in one direction, or to the end."""
    found: dict[int, int] = {}
    for index in order:
        ways = [0 if near in verdicts else found[near] for near in neighbours[index]]
        found[index] = 1 + min(ways, default=0)
    return found


def _around(graph: Graph, verdicts: Verdicts) -> list[frozenset[Verdict | None]]:
    """The verdicts on the nearest probed releases above and below each; None where is none."""
    order = range(len(graph.revisions))
    above = _nearest(order, graph.parents, verdicts)
    below = _nearest(order[::-1], children_of(graph), verdicts)
    return [above[index] | below[index] for index in order]


def _nearest(
    order: Iterable[int], neighbours: Sequence[Sequence[int]], verdicts: Verdicts
) -> dict[int, frozenset[Verdict | None]]:
    """The same in one direction, whose releases come first in *order*."""
    found: dict[int, frozenset[Verdict | None]] = {}
    for index in order:
        ways = (
            frozenset({verdicts[near]}) if near in verdicts else found[near]
            for near in neighbours[index]
        )
        found[index] = frozenset().union(*ways) or frozenset({None})
    return found


def children_of(graph: Graph) -> list[list[int]]:
    """The graph the other way round: each revision's children."""
    children: list[list[int]] = [[] for _ in graph.parents]
    for index, parents in enumerate(graph.parents):
        for parent in parents:
            children[parent].append(index)
    return children
