"""Which release of a range to probe next, and the verdicts inferred for releases not probed.

The releases form a Graph in which the parents of each are the nearest earlier releases (see
Graph.only); they are referred to by index. A verdict of None marks a probe under way. Independent
of git.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from bisector.record.verdict import Verdict
from bisector.search.graph import Graph

BUDGET = 16  # the most releases of a branch tested while all of their verdicts agree

Verdicts = Mapping[int, Verdict | None]


def inferred(graph: Graph, verdicts: Verdicts) -> dict[int, Verdict]:
    """The verdicts, by index, of releases that were not probed but are enclosed by agreement.

    A verdict is inferred if the nearest probed releases on every path up and down were tested
    (good or bad) and all have that verdict.
    """
    found = {}
    for index, nearest in enumerate(_nearest_verdicts(graph, verdicts)):
        if index not in verdicts and len(nearest) == 1:
            (verdict,) = nearest
            if verdict is not None and verdict.tested:
                found[index] = verdict
    return found


def next_probe(
    graph: Graph,
    verdicts: Verdicts,
    hints: Iterable[int] = (),
    branches: Sequence[Collection[int]] = (),
) -> int | None:
    """The index of the release to probe next; None if there is none, for now or at all.

    First the oldest and newest releases of all lines, then the middle of what lies between two
    different verdicts or beside a release that could not be tested. While all tested verdicts of a
    branch agree, a stretch with another verdict may lie between them: the *hints* are probed in
    their order, then the widest gaps are halved, up to BUDGET tested releases. *branches* are the
    indexes of those that are judged by themselves; by default all releases are of one. With probes
    under way, the result may be None only until they end.
    """
    unknown = [index for index in range(len(graph.revisions)) if index not in verdicts]
    children = children_of(graph)
    if ends := [index for index in unknown if not (graph.parents[index] and children[index])]:
        return ends[0]
    nearest, known = _nearest_verdicts(graph, verdicts), inferred(graph, verdicts)
    if undecided := [i for i in unknown if i not in known and None not in nearest[i]]:
        return _farthest(graph, verdicts, undecided)
    hinted = [index for index in hints if index in unknown]
    for branch in branches or [range(len(graph.revisions))]:
        probed = [verdicts[index] for index in branch if index in verdicts]
        tested = [verdict for verdict in probed if verdict is None or verdict.tested]
        rest = [index for index in unknown if index in branch]
        agree = not probed or len({*tested} - {None}) == 1
        if rest and agree and len(tested) < BUDGET:
            hint = next((index for index in hinted if index in rest), None)
            return _farthest(graph, verdicts, rest) if hint is None else hint
    return None


def longest_path(graph: Graph, releases: Collection[int]) -> int:
    """The number of releases on the longest path in the graph that consists only of *releases*."""
    length: list[int] = []
    for index, parents in enumerate(graph.parents):
        before = max((length[parent] for parent in parents), default=0)
        length.append(before + 1 if index in releases else 0)
    return max(length, default=0)


def _farthest(graph: Graph, verdicts: Verdicts, candidates: Sequence[int]) -> int | None:
    """The candidate with the greatest distance to any probed release; of equals, the first."""
    order = range(len(graph.revisions))
    up = _distances(order, graph.parents, verdicts)
    down = _distances(order[::-1], children_of(graph), verdicts)
    return max(candidates, key=lambda index: min(up[index], down[index]), default=None)


def _distances(
    order: Iterable[int], neighbours: Sequence[Sequence[int]], verdicts: Verdicts
) -> dict[int, int]:
    """The steps from each release to the nearest probed one, or past the last, in one direction.

    *neighbours* are the releases in that direction; they come first in *order*.
    """
    distances: dict[int, int] = {}
    for index in order:
        steps = [0 if near in verdicts else distances[near] for near in neighbours[index]]
        distances[index] = 1 + min(steps, default=0)
    return distances


def _nearest_verdicts(graph: Graph, verdicts: Verdicts) -> list[frozenset[Verdict | None]]:
    """The verdicts of the nearest probed releases above and below each release.

    They include None if a probe is under way, or if a path ends without a probed release.
    """
    order = range(len(graph.revisions))
    above = _nearest(order, graph.parents, verdicts)
    below = _nearest(order[::-1], children_of(graph), verdicts)
    return [above[index] | below[index] for index in order]


def _nearest(
    order: Iterable[int], neighbours: Sequence[Sequence[int]], verdicts: Verdicts
) -> dict[int, frozenset[Verdict | None]]:
    """The verdicts of the nearest probed releases in one direction.

    *neighbours* are the releases in that direction; they come first in *order*.
    """
    found: dict[int, frozenset[Verdict | None]] = {}
    for index in order:
        paths = (
            frozenset({verdicts[near]}) if near in verdicts else found[near]
            for near in neighbours[index]
        )
        found[index] = frozenset().union(*paths) or frozenset({None})
    return found


def children_of(graph: Graph) -> list[list[int]]:
    """The indexes of each commit's children."""
    children: list[list[int]] = [[] for _ in graph.parents]
    for index, parents in enumerate(graph.parents):
        for parent in parents:
            children[parent].append(index)
    return children
