"""A git tree with uncommitted changes to its files."""

from __future__ import annotations

import pygit2
from pygit2.enums import FileMode

from bisector.patch.hunks import LINK, REGULAR_MODES


class TreeDraft:
    """A tree of *store* with changes in memory, until `write` stores them."""

    def __init__(self, store: pygit2.Repository, tree: pygit2.Oid | pygit2.Tree) -> None:
        self.store = store
        base = store[tree] if isinstance(tree, pygit2.Oid) else tree
        assert isinstance(base, pygit2.Tree)
        self._base = base
        self._changes: dict[str, tuple[bytes, int] | None] = {}

    def copy(self) -> TreeDraft:
        """A draft with the same changes, independent of this one."""
        other = TreeDraft(self.store, self._base)
        other._changes = dict(self._changes)
        return other

    def get(self, path: str) -> tuple[bytes, int] | None:
        """The content and the mode of the file or symbolic link at *path*; None for none."""
        if path in self._changes:
            return self._changes[path]
        entry = self._entry(path)
        if not isinstance(entry, pygit2.Blob) or entry.filemode not in (*REGULAR_MODES, LINK):
            return None
        return entry.data, entry.filemode

    def occupied(self, path: str) -> bool:
        """Whether something is at *path*, or a file is in the place of one of its folders."""
        if path in self._changes:
            return self._changes[path] is not None
        folders = [path[:at] for at, char in enumerate(path) if char == "/"]
        return self._entry(path) is not None or any(
            not isinstance(self._entry(folder) or self._base, pygit2.Tree) for folder in folders
        )

    def put(self, path: str, content: bytes, mode: int) -> None:
        """Add or replace the file at *path*."""
        self._changes[path] = (content, mode)

    def remove(self, path: str) -> None:
        """Remove the file at *path*."""
        self._changes[path] = None

    def write(self) -> pygit2.Oid:
        """Write the changed tree to the store; its id."""
        if not self._changes:
            return self._base.id
        index = pygit2.Index()
        index.read_tree(self._base)
        for path, change in self._changes.items():
            if change is None:
                if path in index:
                    index.remove(path)
            else:
                blob = self.store.create_blob(change[0])
                index.add(pygit2.IndexEntry(path, blob, FileMode(change[1])))
        return index.write_tree(self.store)

    def _entry(self, path: str) -> pygit2.Object | None:
        try:
            return self._base[path]
        except KeyError:
            return None
