"""The names that a change uses and another tree lacks, by their texts; nothing is compiled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

import pygit2

from bisector.git.object_store import is_built
from bisector.patch import c_source
from bisector.patch.source_changes import NO_BLOB

_SUFFIXES = (".c", ".h")
_KEPT = 4_000  # versions of files; a range changes some of them again and again

Change = tuple[pygit2.Oid, pygit2.Oid]
"""Both versions of a file, NO_BLOB where there is none."""


class Names:
    """How many files of a tree use each name; follows the tree from change to change.

    A name is an identifier of three or more characters in the code of a C file that a build reads.
    """

    def __init__(self, store: pygit2.Repository, tree: str) -> None:
        self._store = store
        self._read = lru_cache(_KEPT)(self._names)
        self._count = Counter[bytes]()
        self._tree = self._find(tree)
        self._add(_changes(self._find(str(store.TreeBuilder().write())), self._tree))

    def move(self, tree: str) -> None:
        """Follow the change to another tree."""
        before, self._tree = self._tree, self._find(tree)
        self._add(_changes(before, self._tree))

    def lacking(self, before: str, after: str) -> frozenset[str]:
        """The names that the change from the tree *before* to *after* adds and this tree lacks.

        Those that the change itself defines are among them.
        """
        added = Counter[bytes]()
        for old, new in _changes(self._find(before), self._find(after)):
            added.update(self._read(new) - self._read(old))
        return frozenset(name.decode() for name in added if self._count[name] <= 0)

    def _add(self, changes: Iterator[Change]) -> None:
        for old, new in changes:
            self._count.subtract(self._read(old))
            self._count.update(self._read(new))

    def _find(self, tree: str) -> pygit2.Tree:
        return self._store[tree].peel(pygit2.Tree)

    def _names(self, blob: pygit2.Oid) -> frozenset[bytes]:
        if blob == NO_BLOB:
            return frozenset()
        return c_source.names(self._store.read(blob)[1])


def _changes(old: pygit2.Tree, new: pygit2.Tree) -> Iterator[Change]:
    """Both versions of each C file that differs, in the folders that a build reads."""
    if old.id == new.id:
        return
    for delta in old.diff_to_tree(new).deltas:
        if is_built(delta.new_file.path) and delta.new_file.path.endswith(_SUFFIXES):
            yield delta.old_file.id, delta.new_file.id
