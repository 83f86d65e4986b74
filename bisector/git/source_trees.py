"""Source trees without history, as commits of the private store.

A tree becomes a child of the commit of HAProxy's history that is most like it, so that merge bases,
ranges and cherry-picks work on it as on any other commit. The same tree always gives the same
commit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pygit2
from pygit2.enums import FileMode

from bisector.errors import NoSuchRevision, ShallowClone, SourceProblem
from bisector.git.history import Commit, History
from bisector.system.archives import Member

AUTHOR = "bisector", "bisector@localhost"
_REQUIRED = ("VERSION", "Makefile", "src/haproxy.c")


@dataclass(frozen=True)
class ImportedTree:
    """A source tree that was imported: its commit (full hash), and a short ``name`` of it.

    ``said`` are what a user should know about it, each in a line.
    """

    commit: str
    name: str
    said: tuple[str, ...]


class WithSourceTrees(History):
    """A history in which a name that is no revision may mean a source tree.

    *find* imports the tree that a name means, None if the name means none.
    """

    def __init__(self, base: History, find: Callable[[History, str], ImportedTree | None]) -> None:
        super().__init__(base.clone, base.store, base.refs)
        self._find = find
        self._by_name: dict[str, ImportedTree] = {}

    @property
    def trees(self) -> Mapping[str, ImportedTree]:
        """The trees that were imported, by their commits."""
        return {tree.commit: tree for tree in self._by_name.values()}

    @property
    def remarks(self) -> tuple[str, ...]:
        return tuple(text for tree in self.trees.values() for text in tree.said)

    def with_store(self) -> History:
        both = WithSourceTrees(super().with_store(), self._find)
        both._by_name = self._by_name
        self.refs = both.refs  # what either imports, both find
        return both

    def resolve(self, name: str) -> Commit:
        """As History.resolve(), then as a source tree. Raises SourceProblem, too."""
        if name in self._by_name:
            return self.commit(self._by_name[name].commit)
        try:
            return super().resolve(name)
        except (NoSuchRevision, ShallowClone):
            tree = self._find(self, name)
            if tree is None:
                raise
        self._by_name[name] = tree
        self.refs = super().with_store().refs  # which finds what was imported
        return self.commit(tree.commit)

    def knows(self, name: str) -> bool:
        """Whether *name* refers to a commit of the clone, or to a tree that was imported.

        A folder that happens to be called `main` is not taken for a branch.
        """
        if name in self._by_name:
            return True
        try:
            super().resolve(name)
        except (NoSuchRevision, ShallowClone):
            return False
        return True

    def release(self, commit: str) -> str:
        tree = self.trees.get(commit)
        return tree.name if tree else super().release(commit)


def require_haproxy(called: str, has: Callable[[str], bool]) -> None:
    """Raise SourceProblem unless the tree that is *called* so has HAProxy's files."""
    for path in _REQUIRED:
        if not has(path):
            raise SourceProblem(f"{called} is no source of HAProxy", f"it has no {path}")


def write_tree(store: pygit2.Repository, files: Mapping[str, Member], called: str) -> str:
    """Write the tree of *files* to *store*; its id.

    Raises SourceProblem, with the tree as it is *called*, if it is not HAProxy's or has names that
    git does not take.
    """
    require_haproxy(called, files.__contains__)
    index = pygit2.Index()
    try:
        for path, member in sorted(files.items()):
            mode = FileMode.BLOB_EXECUTABLE if member.executable else FileMode.BLOB
            mode = FileMode.LINK if member.is_link else mode
            index.add(pygit2.IndexEntry(path, store.create_blob(member.content), mode))
        return str(index.write_tree(store))
    except (ValueError, pygit2.GitError) as error:  # a name that git does not take
        raise SourceProblem(f"{called} cannot be used: {error}", "rename the file") from error


def write_commit(store: pygit2.Repository, tree: str, parent: str, message: str, time: int) -> str:
    """Write a commit of *tree* with this *parent*, '' for none, at *time*; its full hash.

    The time is no clock's, so that the same tree gives the same commit.
    """
    signature = pygit2.Signature(*AUTHOR, time, 0)
    parents = [parent] if parent else []
    return str(store.create_commit(None, signature, signature, message, tree, parents))
