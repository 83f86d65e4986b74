"""The commits of a range and their ancestry, independent of git."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

Revision = str  # an opaque identifier, for instance a commit's hash


@dataclass(frozen=True)
class Graph:
    """The commits of a range in topological order, parents first.

    Commits are referred to by their index in ``revisions``; ``parents`` holds the indexes of each
    commit's parents, ``index`` the index of each revision.
    """

    revisions: tuple[Revision, ...]
    parents: tuple[tuple[int, ...], ...]
    index: Mapping[Revision, int] = field(repr=False)

    @classmethod
    def of(cls, history: Sequence[tuple[Revision, Sequence[Revision]]]) -> Graph:
        """The graph of (revision, its parents) pairs; parents outside the range are dropped.

        Raises ValueError if a revision occurs twice, or before one of its parents.
        """
        index = {revision: i for i, (revision, _) in enumerate(history)}
        if len(index) < len(history):
            raise ValueError("a revision comes twice in the history")
        parents = tuple(tuple(index[p] for p in names if p in index) for _, names in history)
        for i, parent_indexes in enumerate(parents):
            if any(parent >= i for parent in parent_indexes):
                raise ValueError(f"{history[i][0]} comes before one of its parents")
        return cls(tuple(index), parents, index)

    def only(self, selected: Container[Revision]) -> Graph:
        """The graph reduced to the selected revisions.

        The parents of each are its nearest selected ancestors.
        """
        nearest: list[frozenset[int]] = []  # selected ancestors of each commit, by new index
        chosen: list[tuple[Revision, frozenset[int]]] = []
        for revision, parents in zip(self.revisions, self.parents, strict=True):
            above = frozenset[int]().union(*(nearest[parent] for parent in parents))
            if revision in selected:
                chosen.append((revision, above))
                above = frozenset({len(chosen) - 1})
            nearest.append(above)
        names = [revision for revision, _ in chosen]
        return Graph.of(
            [(revision, [names[i] for i in sorted(above)]) for revision, above in chosen]
        )

    def ancestors(self, index: int, within: Container[int] | None = None) -> set[int]:
        """The commit and its ancestors, as indexes, by paths that do not leave `within`."""
        found, todo = {index}, [index]
        while todo:
            for parent in self.parents[todo.pop()]:
                if parent not in found and (within is None or parent in within):
                    found.add(parent)
                    todo.append(parent)
        return found

    def nearest_descendants(
        self, commits: Sequence[int], excluded: Container[int]
    ) -> dict[int, frozenset[int]]:
        """The nearest descendants of each excluded commit that are not excluded themselves.

        If the excluded commits are the untestable ones, this is where their changes show first: no
        test can distinguish untestable commits with the same nearest testable descendants, nor one
        that has a single such descendant from that descendant. `commits` are indexes in the graph's
        order; only they count as descendants.
        """
        nearest: dict[int, frozenset[int]] = {}
        below: dict[int, set[int]] = {}
        for commit in reversed(commits):  # children first
            visible = frozenset({commit})
            if commit in excluded:
                visible = nearest[commit] = self._oldest(below.pop(commit, set()))
            for parent in self.parents[commit]:
                if parent in excluded:
                    below.setdefault(parent, set()).update(visible)
        return nearest

    def _oldest(self, commits: set[int]) -> frozenset[int]:
        """The commits that descend from none of the others."""
        if len(commits) < 2:
            return frozenset(commits)
        first = min(commits)
        return frozenset(
            c
            for c in commits
            if self.ancestors(c, within=range(first, c)).isdisjoint(commits - {c})
        )
