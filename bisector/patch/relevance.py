"""What a range's commits have to do with a patch, a scenario's subsystem, a user's hint.

One walk over the range compares ids of trees and blobs and diffs nothing. Only the files of the
patch are read, where they changed: a commit touches a function if its text is another one.
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
_PARAMETERS = re.compile(rb"\s*\([^;{]*\{")  # and the body begins


def of(
    history: History,
    commits: Sequence[str],
    *,
    series: Series | None = None,
    tags: Collection[str] = (),
    hint: str = "",
) -> Evidence:
    """What is known of *commits*, parents first, for priors.weigh and for Costs.

    *tags*: the scenario's subsystems, as HAProxy's subjects name them. *hint*: a file or a folder
    of the tree, else a function, else a subsystem; what means no commit of the range leaves
    `hinted` empty, which is for the caller to complain of.
    """
    reader = _Reader(history)
    patches = series.patches if series else ()
    touched = series.touched if series else frozenset[str]()
    wanted = sorted(path for path in touched if is_built(path))
    functions = sorted(series.functions) if series else []
    parts = [commit_subject.parse(patch.subject).tags for patch in patches]
    subsystems = frozenset[str]().union(tags, *parts)
    said = {commit: reader.subject(commit) for commit in commits}
    files = reader.touching(commits, wanted)
    return Evidence(
        inert=reader.inert(commits),
        rebuilding=reader.touching(commits, REBUILD_ALL),
        files=files,
        functions=reader.functions([c for c in commits if c in files], wanted, functions),
        subsystem=_about(said, subsystems),
        hinted=_hinted(reader, commits, said, hint) if hint else frozenset(),
        subjects=said,
    )


def touching(history: History, commits: Iterable[str], path: str) -> list[str]:
    """Those of *commits* that change the file or folder at *path*, in their order."""
    order = list(commits)
    found = _Reader(history).touching(order, [path])
    return [commit for commit in order if commit in found]


def rebuilding(history: History, commits: Iterable[str]) -> frozenset[str]:
    """Those of *commits* that change what every object depends on."""
    return _Reader(history).touching(commits, REBUILD_ALL)


def _about(said: dict[str, Subject], tags: Collection[str]) -> frozenset[str]:
    return frozenset(
        commit for commit, subject in said.items() if not subject.tags.isdisjoint(tags)
    )


def _hinted(
    reader: _Reader, commits: Sequence[str], said: dict[str, Subject], hint: str
) -> frozenset[str]:
    """The commits that *hint* means, by what it is at the new end of the range, else the old."""
    ends = [commits[-1], *reader.parents(commits[0])[:1]] if commits else []
    path = posixpath.normpath(hint.rstrip("/"))
    if any(reader.at(end, path) for end in ends):
        return reader.touching(commits, [path])
    name = hint.removesuffix("()")
    for end in ends if name.isidentifier() else []:
        if where := reader.defining(end, name):
            return frozenset(reader.functions(commits, where, [name]))
    return _about(said, commit_subject.tags_of(hint))


class _Reader:
    """Reads a repository's commits and trees, each of them once."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._repo = history.objects
        self._commit = cache(self._read_commit)
        self._tree = lru_cache(64)(self._read_tree)  # neighbours share, and trees are big
        self._entry = cache(self._read_entry)
        self._built = cache(self._read_built)

    def parents(self, commit: str) -> tuple[str, ...]:
        return self._commit(commit)[1]

    def subject(self, commit: str) -> Subject:
        return commit_subject.parse(self._commit(commit)[2])

    def at(self, commit: str, path: str) -> pygit2.Oid | None:
        """The id of the file or the folder at *path*, if there is one."""
        return self._entry(self._commit(commit)[0], path)

    def inert(self, commits: Iterable[str]) -> frozenset[str]:
        """Those that cannot change the binary: a parent's build reads the same."""
        return frozenset(
            commit
            for commit in commits
            if any(self._builds_alike(commit, parent) for parent in self.parents(commit))
        )

    def touching(self, commits: Iterable[str], paths: Collection[str]) -> frozenset[str]:
        """Those that change one of *paths*, files or folders, against each of their parents."""

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
        """How many of the functions *names* in *paths* each commit changes, if it changes any."""

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
                for name, is_so, was_so in zip(names, bodies(new), bodies(old), strict=True)
                if is_so != was_so
            }

        found = {}
        for commit in commits:
            against = [changed(commit, parent) for parent in self.parents(commit)]
            if against and (touched := set.intersection(*against)):
                found[commit] = len(touched)
        return found

    def defining(self, commit: str, name: str) -> list[str]:
        """The paths of the source files in which *name* is a function."""
        found, todo = [], [("", self._tree(self._commit(commit)[0]))]
        while todo:
            folder, tree = todo.pop()
            for entry in tree:
                path = f"{folder}{entry.name}"
                if entry.filemode == FileMode.TREE:
                    todo.append((f"{path}/", self._tree(entry.id)))
                elif path.endswith(_SOURCES) and definitions(self._content(entry.id), name):
                    found.append(path)
        return found

    def _builds_alike(self, commit: str, parent: str) -> bool:
        # most commits change src, which is quickly seen
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
        """What lies at *path* in *tree*; a folder that did not change is looked into once."""
        head, _, rest = path.partition("/")
        try:
            entry = self._tree(tree)[head]
        except KeyError:
            return None
        if not rest:
            return entry.id
        return self._entry(entry.id, rest) if entry.filemode == FileMode.TREE else None

    def _content(self, blob: pygit2.Oid | None) -> bytes:
        """The text of a file; nothing where there is none, or a partial clone lacks it."""
        if blob is None:
            return b""
        try:
            kind, content = self._repo.read(blob)
        except KeyError:
            return b""
        return content if kind == ObjectType.BLOB else b""


def definitions(content: bytes, name: str) -> tuple[bytes, ...]:
    """The texts of the functions *name* in a C file, from the line of the name to the last brace.

    There are several where the preprocessor chooses one.
    """
    wanted, found = name.encode(), []
    head = re.compile(rb"([A-Za-z_][^;=]*\W)?" + re.escape(wanted))
    at = content.find(wanted)
    while at >= 0:
        start, after = content.rfind(b"\n", 0, at) + 1, at + len(wanted)
        if head.fullmatch(content, start, after) and _PARAMETERS.match(content, after):
            end = content.find(b"\n}", after)
            after = len(content) if end < 0 else end
            found.append(content[start:after])
        at = content.find(wanted, after)
    return tuple(found)
