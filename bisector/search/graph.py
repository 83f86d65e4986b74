"""The commits of a range and how they descend from one another. Nothing here knows git."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

Revision = str  # an opaque id, for instance a commit's hash


@dataclass(frozen=True)
class Graph:
    """The commits of a range, parents first. Commits are known by their index in `revisions`."""

    revisions: tuple[Revision, ...]
    parents: tuple[tuple[int, ...], ...]
    index: Mapping[Revision, int] = field(repr=False)

    @classmethod
    def of(cls, history: Sequence[tuple[Revision, Sequence[Revision]]]) -> Graph:
        """Make a graph of (revision, its parents) pairs; parents outside the range are dropped.

        Raises ValueError if a revision comes twice, or before one of its parents.
        """
        index = {revision: place for place, (revision, _) in enumerate(history)}
        if len(index) < len(history):
            raise ValueError("a revision comes twice in the history")
        parents = tuple(tuple(index[p] for p in named if p in index) for _, named in history)
        for place, above in enumerate(parents):
            if any(parent >= place for parent in above):
                raise ValueError(f"{history[place][0]} comes before one of its parents")
        return cls(tuple(index), parents, index)

    def only(self, wanted: Container[Revision]) -> Graph:
        """The graph of some of the revisions; the parents of one are the nearest ones above it."""
        nearest: list[frozenset[int]] = []  # above each commit, by their new indexes
        chosen: list[tuple[Revision, frozenset[int]]] = []
        for revision, parents in zip(self.revisions, self.parents, strict=True):
            above = frozenset[int]().union(*(nearest[parent] for parent in parents))
            if revision in wanted:
                chosen.append((revision, above))
                above = frozenset({len(chosen) - 1})
            nearest.append(above)
        names = [revision for revision, _ in chosen]
        return Graph.of([(one, [names[i] for i in sorted(above)]) for one, above in chosen])

    def ancestors(self, index: int, within: Container[int] | None = None) -> set[int]:
        """The commit itself and its ancestors, by paths that don't leave `within`."""
        found, todo = {index}, [index]
        while todo:
            for parent in self.parents[todo.pop()]:
                if parent not in found and (within is None or parent in within):
                    found.add(parent)
                    todo.append(parent)
        return found

    def landings(
        self, commits: Sequence[int], untestable: Container[int]
    ) -> dict[int, frozenset[int]]:
        """Where each untestable commit's change shows first: its nearest testable descendants.

        Untestable commits that land alike can't be told apart by any test, and one that lands on a
        single commit can't be told from that one. `commits` are in the graph's order; no other
        counts as a descendant.
        """
        landings: dict[int, frozenset[int]] = {}
        seen: dict[int, set[int]] = {}
        for commit in reversed(commits):  # children first
            here = frozenset({commit})
            if commit in untestable:
                here = landings[commit] = self._oldest(seen.pop(commit, set()))
            for parent in self.parents[commit]:
                if parent in untestable:
                    seen.setdefault(parent, set()).update(here)
        return landings

    def _oldest(self, commits: set[int]) -> frozenset[int]:
        """Those of the commits that descend from none of the others."""
        if len(commits) < 2:
            return frozenset(commits)
        first = min(commits)
        return frozenset(
            c
            for c in commits
            if self.ancestors(c, within=range(first, c)).isdisjoint(commits - {c})
        )
