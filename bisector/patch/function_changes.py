"""Which functions commits change, by comparing the texts of definitions in the files they change.

A diff is not made: versions of a file are split where blocks end, and of the parts that are not in
both of them, the definitions are compared. 6,000 commits take about two seconds.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

import pygit2
from pygit2.enums import ObjectType

from bisector.git.history import History

# From the line of a definition's name to the brace that begins its body; the name is the last word.
_DEFINITION = re.compile(rb"^([A-Za-z_][\w \t*]*)\([^;{}]*\)\s*\{", re.M)
_END = b"\n}"


Function = tuple[str, str]
"""A function: the path of its file, and its name."""

# A function that n commits change has n to the power of this as its weight. Without that, or
# without the share below, a search takes 0.1 and 0.2 bits more; see search/priors.py.
RARITY = -0.25

_FOLDERS = ("src", "include", "addons")  # with sources


def changed(
    history: History, commits: Iterable[str], wanted: Iterable[Function]
) -> dict[str, frozenset[Function]]:
    """The *wanted* functions that each of *commits* changes, if any.

    Those with the path "" are looked for in the files of the others and in all headers. A merge
    changes what it changes against its first parent. Raises ShallowClone.
    """
    reader, by_path = _Reader(history.objects), defaultdict[str, set[bytes]](set)
    for path, name in wanted:
        by_path[path].add(name.encode())
    anywhere = by_path.pop("", set())
    names = {path: own | anywhere for path, own in by_path.items()}
    found = {}
    for commit in commits:
        touched = {
            (path, name.decode())
            for path, old, new in reader.files(*_trees(history, commit))
            if (own := names.get(path, anywhere if path.endswith(".h") else None))
            for name in _changed(reader.parts(path, old), reader.parts(path, new)) & own
        }
        if touched:
            found[commit] = frozenset(touched)
    return found


def touching(history: History, commits: Iterable[str], paths: Collection[str]) -> frozenset[str]:
    """Those of *commits* that change one of the sources *paths*. Raises ShallowClone."""
    reader = _Reader(history.objects)
    return frozenset(
        commit
        for commit in commits
        if any(path in paths for path, _, _ in reader.files(*_trees(history, commit)))
    )


def every(history: History, commits: Iterable[str]) -> Iterator[tuple[str, frozenset[Function]]]:
    """Each of *commits* with all functions that it changes, against its first parent.

    Raises ShallowClone.
    """
    reader = _Reader(history.objects)
    for commit in commits:
        yield commit, reader.functions(*_trees(history, commit))


def between(store: pygit2.Repository, before: str, after: str) -> frozenset[Function]:
    """All functions that differ between two trees, which are named by their ids.

    With History.store these may be trees that bisector made.
    """
    trees = (store[tree].peel(pygit2.Tree) for tree in (before, after))
    return _Reader(store).functions(*trees)


def weights(
    changes: Mapping[str, Collection[Function]], only: Collection[Function]
) -> dict[str, float]:
    """The weight of each commit that changes functions of *only*, among those with *changes*.

    It is the sum of these functions' weights, times their share in all that the commit changes.
    """
    known, inline = frozenset(only), frozenset(name for path, name in only if not path)
    often = Counter(function for functions in changes.values() for function in functions)
    found = {}
    for commit, functions in changes.items():
        each = {function: often[function] ** RARITY for function in sorted(functions)}
        by_only = sum(w for f, w in each.items() if f in known or f[1] in inline)
        found[commit] = by_only**2 / sum(each.values())
    return {commit: weight for commit, weight in found.items() if weight}


def _changed(old: frozenset[bytes], new: frozenset[bytes]) -> set[bytes]:
    """The names of the functions whose definitions differ in the parts of two versions."""
    before, after = dict(_definitions(old - new)), dict(_definitions(new - old))
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def _definitions(parts: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """The names and texts of the definitions in *parts*.

    A part has more than one if it begins with functions of one line.
    """
    for part in parts:
        found = list(_DEFINITION.finditer(part))
        for this, after in zip_longest(found, found[1:]):
            name = this[1].replace(b"*", b" ").split()[-1]
            yield name, part[this.start() : after.start() if after else len(part)]


def _trees(history: History, commit: str) -> tuple[pygit2.Tree, pygit2.Tree]:
    """The trees of the first parent and of *commit*; twice the same if it has no parent."""
    read = history.read(commit)
    return (read.parents[0] if read.parents else read).tree, read.tree


class _Reader:
    """Reads the files that differ between trees.

    The last version of each is kept, as it is the old one of the next commit that changes the file.
    """

    def __init__(self, repo: pygit2.Repository) -> None:
        self._repo = repo
        self._last: dict[str, tuple[pygit2.Oid, frozenset[bytes]]] = {}

    def functions(self, before: pygit2.Tree, after: pygit2.Tree) -> frozenset[Function]:
        """All functions that differ between two trees."""
        return frozenset(
            (path, name.decode())
            for path, old, new in self.files(before, after)
            for name in _changed(self.parts(path, old), self.parts(path, new))
        )

    def files(
        self, before: pygit2.Tree, after: pygit2.Tree
    ) -> list[tuple[str, pygit2.Oid, pygit2.Oid]]:
        """The sources and headers that differ: path, and the ids of both versions."""
        return [
            (path, delta.old_file.id, delta.new_file.id)
            for folder in _FOLDERS
            for delta in _deltas(before, after, folder)
            if (path := f"{folder}/{delta.new_file.path}").endswith((".c", ".h"))
        ]

    def parts(self, path: str, blob: pygit2.Oid) -> frozenset[bytes]:
        """The content of a version, in parts that end with a function or another block.

        Empty if there is none, or if a partial clone lacks it.
        """
        last = self._last.get(path)
        if last is None or last[0] != blob:
            last = self._last[path] = (blob, frozenset(self._content(blob).split(_END)))
        return last[1]

    def _content(self, blob: pygit2.Oid) -> bytes:
        try:
            kind, content = self._repo.read(blob)
        except (KeyError, pygit2.GitError):
            return b""
        return content if kind == ObjectType.BLOB else b""


def _deltas(before: pygit2.Tree, after: pygit2.Tree, folder: str) -> Sequence[pygit2.DiffDelta]:
    """The differences of two trees in *folder*, if both have it."""
    if folder not in before or folder not in after or before[folder].id == after[folder].id:
        return ()
    old, new = (tree[folder].peel(pygit2.Tree) for tree in (before, after))
    return list(old.diff_to_tree(new).deltas)
