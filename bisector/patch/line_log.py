"""The commits that changed some lines of a file, like `git log -L`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pygit2

from bisector.git.history import History
from bisector.git.object_store import entry_id
from bisector.patch import relevance
from bisector.patch.conflict import FileConflict, Span, changes, touch
from bisector.patch.path_log import PathLog


class LineLog:
    """Finds the commits that changed some lines, among *commits*: full hashes, parents first.

    Renames are not followed: a file's history begins with the commit that added its path. *paths*
    is for callers with many files.
    """

    def __init__(
        self, history: History, commits: Sequence[str], paths: PathLog | None = None
    ) -> None:
        self._history = history
        self._paths = paths
        self.commits = commits
        self._commits_of_path = cache(self._find_commits)
        self._changes = cache(self._read_changes)

    def commits_changing(self, file: FileConflict) -> tuple[str, ...]:
        """The commits that changed the conflicting lines of *file*, newest first.

        The lines are those of the content ``file.base``. Commits after the one that left this
        content are ignored.
        """
        if not file.base:
            return ()
        spans, found = list(file.spans), []
        reached = False  # the commit that left the content `file.base`
        for commit in reversed(self._commits_of_path(file.path)):
            blob, changed = self._changes(commit, file.path)
            reached = reached or blob == file.base
            if reached and spans:
                touched, spans = spans_before(changed, spans)
                if touched:
                    found.append(commit)
        return tuple(found)

    def _find_commits(self, path: str) -> Sequence[str]:
        if self._paths:
            return self._paths.touching(path)
        return relevance.touching(self._history, self.commits, path)

    def _read_changes(self, commit: str, path: str) -> tuple[str, list[tuple[Span, Span]]]:
        """The id of the file's content after *commit*, and what the commit changed in it."""
        read = self._history.read(commit)
        new = entry_id(read.tree, path)
        old = entry_id(read.parents[0].tree, path) if read.parents else None
        return str(new or ""), changes(self._content(old), self._content(new))

    def _content(self, blob: pygit2.Oid | None) -> bytes:
        return self._history.objects[blob].peel(pygit2.Blob).data if blob else b""


def spans_before(
    changed: Sequence[tuple[Span, Span]], spans: Sequence[Span]
) -> tuple[bool, list[Span]]:
    """Follow *spans* of a file back through one commit.

    *changed* are the commit's (old, new) spans. The result is whether the commit changed any of
    *spans*, and where these were before it.
    """
    moved = [_moved(span, changed) for span in spans]
    return any(touched for touched, _ in moved), [span for _, span in moved]


def _moved(span: Span, changed: Sequence[tuple[Span, Span]]) -> tuple[bool, Span]:
    """A span of the new content in the old content, extended by the changes that it touches."""
    touching = [(old, new) for old, new in changed if touch(new, span)]
    shift = sum(_size(old) - _size(new) for old, new in changed if new.last < span.first)
    moved = Span(span.first + shift, span.last + shift)
    if not touching:
        return False, moved
    grown = shift + sum(_size(old) - _size(new) for old, new in touching)
    first = min(moved.first, touching[0][0].first)
    return True, replace(moved, first=first, last=max(span.last + grown, touching[-1][0].last))


def _size(span: Span) -> int:
    return span.last - span.first
