"""How the commits of a range relate to a patch, to a scenario's subsystems and to a user's hint.

The ids of trees and blobs are compared; nothing is diffed. Only the files of the patch are read,
and only where they changed: a commit changes a function if it changes the function's text.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache, lru_cache

import pygit2
from pygit2.enums import FileMode, ObjectType

from bisector.git import commit_text
from bisector.git.history import History
from bisector.git.object_store import REBUILD_ALL, built_entries, is_built
from bisector.patch.model import Series
from bisector.search import commit_subject
from bisector.search.commit_subject import Subject
from bisector.search.priors import Evidence

_SOURCES = (".c", ".h")
_PARAMETERS = re.compile(rb"\s*\([^;{]*\{")  # up to the brace that begins the body


def of(
    history: History,
    commits: Sequence[str],
    *,
    series: Series | None = None,
    tags: Collection[str] = (),
    hint: str = "",
) -> Evidence:
    """The evidence about *commits* (full hashes, parents first) for priors.weigh and for Costs.

    *tags* are the scenario's subsystems, as in the subjects of HAProxy's commits. *hint* is a file
    or a folder of the tree, else a function, else a subsystem; if it matches no commit of the
    range, `hinted` is empty, and the caller reports it. Raises ShallowClone.
    """
    reader = _Reader(history)
    patches = series.patches if series else ()
    touched = series.touched if series else frozenset[str]()
    paths = sorted(path for path in touched if is_built(path))
    functions = sorted(series.functions) if series else []
    parts = [commit_subject.parse(patch.subject).tags for patch in patches]
    subsystems = frozenset[str]().union(tags, *parts)
    subjects = {commit: reader.subject(commit) for commit in commits}
    files = reader.touching(commits, paths)
    return Evidence(
        inert=reader.inert(commits),
        rebuilding=reader.touching(commits, REBUILD_ALL),
        files=files,
        functions=reader.functions([c for c in commits if c in files], paths, functions),
        subsystem=_about(subjects, subsystems),
        hinted=_hinted(reader, commits, subjects, hint) if hint else frozenset(),
        subjects=subjects,
    )


def touching(history: History, commits: Iterable[str], path: str) -> list[str]:
    """Those of *commits* that change the file or folder at *path*, in their order."""
    order = list(commits)
    touching_it = _Reader(history).touching(order, [path])
    return [commit for commit in order if commit in touching_it]


def rebuilding(history: History, commits: Iterable[str]) -> frozenset[str]:
    """Those of *commits* that change files on which every object file depends."""
    return _Reader(history).touching(commits, REBUILD_ALL)


def _about(subjects: dict[str, Subject], tags: Collection[str]) -> frozenset[str]:
    """The commits whose subjects name one of the subsystems *tags*."""
    return frozenset(
        commit for commit, subject in subjects.items() if not subject.tags.isdisjoint(tags)
    )


def _hinted(
    reader: _Reader, commits: Sequence[str], subjects: dict[str, Subject], hint: str
) -> frozenset[str]:
    """The commits that *hint* matches, see `of`.

    Files and functions are looked up in the last commit, then in the parent of the first one.
    """
    ends = [commits[-1], *reader.parents(commits[0])[:1]] if commits else []
    path = posixpath.normpath(hint.rstrip("/"))
    if any(reader.at(end, path) for end in ends):
        return reader.touching(commits, [path])
    name = hint.removesuffix("()")
    for end in ends if name.isidentifier() else []:
        if where := reader.defining(end, name):
            return frozenset(reader.functions(commits, where, [name]))
    return _about(subjects, commit_subject.tags_of(hint))


class _Reader:
    """Reads commits and trees of a repository, and caches what it read."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._repo = history.objects
        self._commit = cache(self._read_commit)
        self._tree = lru_cache(64)(self._read_tree)  # consecutive commits share most trees
        self._entry = cache(self._read_entry)
        self._built = cache(self._read_built)

    def parents(self, commit: str) -> tuple[str, ...]:
        return self._commit(commit)[1]

    def subject(self, commit: str) -> Subject:
        return commit_subject.parse(self._commit(commit)[2])

    def at(self, commit: str, path: str) -> pygit2.Oid | None:
        """The id of the file or the folder at *path*; None if there is none."""
        return self._entry(self._commit(commit)[0], path)

    def inert(self, commits: Iterable[str]) -> frozenset[str]:
        """The commits that cannot change the binary: a build reads the same from a parent."""
        return frozenset(
            commit
            for commit in commits
            if any(self._builds_alike(commit, parent) for parent in self.parents(commit))
        )

    def touching(self, commits: Iterable[str], paths: Collection[str]) -> frozenset[str]:
        """The commits that change one of *paths* (files or folders) against all their parents."""

        def ids(commit: str) -> list[pygit2.Oid | None]:
            return [self.at(commit, path) for path in paths]

        return frozenset(
            commit
            for commit in commits
            if all(ids(commit) != ids(parent) for parent in self.parents(commit))
        )

    def functions(
        self, commits: Iterable[str], paths: Collection[str], names: Collection[str]
    ) -> dict[str, int]:
        """The number of the functions *names* in *paths* that each commit changes, if not 0."""

        @cache
        def bodies(blob: pygit2.Oid | None) -> list[tuple[bytes, ...]]:
            content = self._content(blob)
            return [definitions(content, name) for name in names]

        def changed(commit: str, parent: str) -> set[str]:
            blobs = [(self.at(commit, path), self.at(parent, path)) for path in paths]
            return {
                name
                for new, old in blobs
                if new != old
                for name, after, before in zip(names, bodies(new), bodies(old), strict=True)
                if after != before
            }

        counts = {}
        for commit in commits:
            by_parent = [changed(commit, parent) for parent in self.parents(commit)]
            if by_parent and (changed_functions := set.intersection(*by_parent)):
                counts[commit] = len(changed_functions)
        return counts

    def defining(self, commit: str, name: str) -> list[str]:
        """The paths of the source files in which *name* is a function."""
        paths, unread = [], [("", self._tree(self._commit(commit)[0]))]
        while unread:
            folder, tree = unread.pop()
            for entry in tree:
                path = f"{folder}{entry.name}"
                if entry.filemode == FileMode.TREE:
                    unread.append((f"{path}/", self._tree(entry.id)))
                elif path.endswith(_SOURCES) and definitions(self._content(entry.id), name):
                    paths.append(path)
        return paths

    def _builds_alike(self, commit: str, parent: str) -> bool:
        # a shortcut, as most commits change src
        if self.at(commit, "src") != self.at(parent, "src"):
            return False
        return self._built(self._commit(commit)[0]) == self._built(self._commit(parent)[0])

    def _read_commit(self, commit: str) -> tuple[pygit2.Oid, tuple[str, ...], str]:
        read = self._history.read(commit)
        return read.tree_id, tuple(map(str, read.parent_ids)), commit_text.subject(read)

    def _read_tree(self, tree: pygit2.Oid) -> pygit2.Tree:
        return self._repo[tree].peel(pygit2.Tree)

    def _read_built(self, tree: pygit2.Oid) -> tuple[tuple[str, int, str], ...]:
        return built_entries(self._tree(tree))

    def _read_entry(self, tree: pygit2.Oid, path: str) -> pygit2.Oid | None:
        """The id of the entry at *path* in *tree*; cached for each folder on the way."""
        head, _, rest = path.partition("/")
        try:
            entry = self._tree(tree)[head]
        except KeyError:
            return None
        if not rest:
            return entry.id
        return self._entry(entry.id, rest) if entry.filemode == FileMode.TREE else None

    def _content(self, blob: pygit2.Oid | None) -> bytes:
        """A file's content; b'' if there is none, or if a partial clone lacks it."""
        if blob is None:
            return b""
        try:
            kind, content = self._repo.read(blob)
        except KeyError:
            return b""
        return content if kind == ObjectType.BLOB else b""


def definitions(content: bytes, name: str) -> tuple[bytes, ...]:
    """The texts of the definitions of the function *name* in a C file.

    Each is from the line of the name to the closing brace. There are several if the preprocessor
    selects one of them.
    """
    word, texts = name.encode(), []
    head = re.compile(rb"([A-Za-z_][^;=]*\W)?" + re.escape(word))
    at = content.find(word)
    while at >= 0:
        start, after = content.rfind(b"\n", 0, at) + 1, at + len(word)
        if head.fullmatch(content, start, after) and _PARAMETERS.match(content, after):
            end = content.find(b"\n}", after)
            after = len(content) if end < 0 else end
            texts.append(content[start:after])
        at = content.find(word, after)
    return tuple(texts)
