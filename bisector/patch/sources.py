"""The C sources of the commits of a range: their contents, what changes them, what they include."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from functools import cache, lru_cache

import pygit2
from pygit2.enums import ObjectType

from bisector.git.history import History
from bisector.git.object_store import is_built
from bisector.patch import c_names
from bisector.patch.path_log import PathLog

_KEPT = 2000  # outlines in memory; a tree has some 500 of 10 kB
_FEW = 50  # contents


class Sources:
    """Reads the sources of *commits*: full hashes, parents first. Keeps what it read.

    Methods raise ShallowClone.
    """

    def __init__(
        self, history: History, commits: Sequence[str], paths: PathLog | None = None
    ) -> None:
        """*paths* may be shared with others."""
        self._history = history
        self._repo = history.objects
        self.touching = (paths or PathLog(history, commits)).touching
        self._tree = lru_cache(64)(self._read_tree)
        self._folder = lru_cache(256)(self._read_folder)
        self.content = lru_cache(_FEW)(self._read_content)
        self.outline = lru_cache(_KEPT)(self._read_outline)
        self._included = cache(self._read_included)
        self._files = lru_cache(4)(self._find_files)

    def parent(self, commit: str) -> str:
        """The first parent of *commit*, "" if it has none."""
        return next(iter(self._history.commit(commit).parents), "")

    def blob(self, commit: str, path: str) -> str:
        """The id of the file at *path* after *commit*, "" if there is none."""
        at = self._tree(commit)
        for name in path.split("/"):
            at = self._folder(at).get(name, "") if at else ""
        return at

    def paths(self, commit: str) -> list[str]:
        """The paths of the sources after *commit*."""
        return [path for path, _ in self._files(commit)]

    def with_word(self, word: str, commit: str) -> Iterator[str]:
        """The paths of the sources that have *word* outside of functions after *commit*."""
        raw = word.encode()
        return (path for path, blob in self._files(commit) if raw in self.outline(blob))

    def changed(self, commit: str) -> list[str]:
        """The paths of the sources that *commit* changes, removes or adds."""
        new, old = (self._folder(self._tree(one)) for one in (commit, self.parent(commit)))
        paths = dict[str, None]()
        for name in new.keys() | old.keys():
            if new.get(name) != old.get(name) and is_built(name):
                for file in _differences(self._at(old.get(name)), self._at(new.get(name))):
                    paths[f"{name}/{file}"] = None
        return [path for path in paths if _is_source(path)]

    def renamed_from(self, commit: str, path: str) -> str:
        """The path from which *commit* renamed the file at *path*, "" if it did not."""
        read = self._history.read(commit)
        if not read.parents:
            return ""
        diff = read.parents[0].tree.diff_to_tree(read.tree)
        diff.find_similar()
        old = [d.old_file.path for d in diff.deltas if d.new_file.path == path]
        return old[0] if old and old[0] != path else ""

    def included(self, path: str, commit: str) -> frozenset[str]:
        """The names of the headers that the file at *path* includes after *commit*."""
        return self._included(self.blob(commit, path))

    def inclusion(
        self, path: str, headers: Collection[str], commit: str
    ) -> tuple[tuple[str, str], ...]:
        """How the file at *path* includes one of *headers*, paths, after *commit*.

        The shortest chain: paths of files, and the name of the header that each includes.
        """
        by_name = {p.partition("include/")[2] or p: p for p in self.paths(commit)}
        start: tuple[str, tuple[tuple[str, str], ...]] = (path, ())
        queue, seen = deque([start]), {path}
        while queue:
            at, chain = queue.popleft()
            if at in headers:
                return chain
            for name in sorted(self.included(at, commit)):
                header = by_name.get(name, "")
                if header and header not in seen:
                    seen.add(header)
                    queue.append((header, (*chain, (at, name))))
        return ()

    def _at(self, folder: str | None) -> pygit2.Tree | None:
        """The folder with this id; None if it is none."""
        read = self._repo[folder] if folder else None
        return read if isinstance(read, pygit2.Tree) else None

    def _read_tree(self, commit: str) -> str:
        return self._history.tree_id(commit) if commit else ""

    def _read_folder(self, tree: str) -> dict[str, str]:
        """The ids of the entries of a folder; nothing if *tree* is not a folder."""
        folder = self._repo[tree] if tree else ()
        return {str(e.name): str(e.id) for e in folder} if isinstance(folder, pygit2.Tree) else {}

    def _find_files(self, commit: str) -> tuple[tuple[str, str], ...]:
        """The path of each source and the id of its content."""
        return tuple(self._walk(self._history.read(commit).tree, ""))

    def _walk(self, tree: pygit2.Tree, folder: str) -> Iterator[tuple[str, str]]:
        for entry in tree:
            path = f"{folder}{entry.name}"
            if isinstance(entry, pygit2.Tree):
                if is_built(path):
                    yield from self._walk(entry, f"{path}/")
            elif _is_source(path):
                yield path, str(entry.id)

    def _read_content(self, blob: str) -> bytes:
        """The content of a file; b"" without one, or if a partial clone lacks it."""
        try:
            kind, content = self._repo.read(blob) if blob else (ObjectType.BLOB, b"")
        except (KeyError, pygit2.GitError):
            return b""
        return content if kind == ObjectType.BLOB else b""

    def _read_outline(self, blob: str) -> bytes:
        return c_names.outline(self._read_content(blob))

    def _read_included(self, blob: str) -> frozenset[str]:
        return c_names.included(self.outline(blob))


def _differences(old: pygit2.Tree | None, new: pygit2.Tree | None) -> Iterator[str]:
    """The paths of the files that differ in two folders."""
    if old is None or new is None:
        one = new or old
        diff = one.diff_to_tree() if one is not None else ()
    else:
        diff = old.diff_to_tree(new)
    for delta in diff.deltas if diff else ():
        yield delta.new_file.path


def _is_source(path: str) -> bool:
    return path.endswith((".c", ".h")) and is_built(path)
