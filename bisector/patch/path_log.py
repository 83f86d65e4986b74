"""The commits of a range that change each file: for questions about many files, in one pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

import pygit2

from bisector.git.history import History


class PathLog:
    """Which of *commits* (full hashes, parents first) change a file; all are read at first use.

    relevance.touching() is faster for a few files.
    """

    def __init__(self, history: History, commits: Sequence[str]) -> None:
        self._history, self._commits = history, commits

    def touching(self, path: str) -> Sequence[str]:
        """The commits that change the file at *path* against all their parents, in their order.

        Raises ShallowClone.
        """
        return self._by_path.get(path, ())

    @cached_property
    def _by_path(self) -> Mapping[str, Sequence[str]]:
        """Takes some 0.5 ms for each commit."""
        found = defaultdict[str, list[str]](list)
        for commit in self._commits:
            read = self._history.read(commit)
            by_parent = [_paths(parent.tree.diff_to_tree(read.tree)) for parent in read.parents]
            changed = by_parent[0] if by_parent else _paths(read.tree.diff_to_tree())
            for path in changed.intersection(*by_parent[1:]):
                found[path].append(commit)
        return found


def _paths(diff: pygit2.Diff) -> frozenset[str]:
    return frozenset(delta.new_file.path for delta in diff.deltas)
