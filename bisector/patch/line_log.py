"""Which commits have touched some lines of a file, as `git log -L` finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pygit2

from bisector.git.history import History
from bisector.patch import relevance
from bisector.patch.conflict import Clash, Span, changes, touch


class LineLog:
    """The commits of one stretch of history, asked who has touched which lines.

    *commits* are full hashes, parents first. Renames are not followed: a file begins with the
    commit that brought it under its name.
    """

    def __init__(self, history: History, commits: Sequence[str]) -> None:
        self._history = history
        self._commits = commits
        self._touching = cache(self._walk)
        self._steps = cache(self._read_steps)

    def touched(self, clash: Clash) -> tuple[str, ...]:
        """The commits that have touched the lines on which a change clashes, newest first.

        These are lines of the content ``clash.base``, which one of the commits has left behind.
        """
        if not clash.base:
            return ()
        spans, found = list(clash.spans), []
        below = False  # the commits after that content are no concern
        for commit in reversed(self._touching(clash.path)):
            left, made = self._steps(commit, clash.path)
            below = below or left == clash.base
            if below and spans:
                met, spans = before(made, spans)
                if met:
                    found.append(commit)
        return tuple(found)

    def _walk(self, path: str) -> list[str]:
        return relevance.touching(self._history, self._commits, path)

    def _read_steps(self, commit: str, path: str) -> tuple[str, list[tuple[Span, Span]]]:
        """The id of the file's content that *commit* leaves, and what it has changed there."""
        read = self._history.read(commit)
        new = _entry(read.tree, path)
        old = _entry(read.parents[0].tree, path) if read.parents else ""
        return new, changes(self._blob(old), self._blob(new))

    def _blob(self, name: str) -> bytes:
        return self._history.objects[name].peel(pygit2.Blob).data if name else b""


def before(made: Sequence[tuple[Span, Span]], spans: Sequence[Span]) -> tuple[bool, list[Span]]:
    """Do the changes *made* touch *spans* of what they left; and where these were before them."""
    moved = [_moved(span, made) for span in spans]
    return any(met for met, _ in moved), [span for _, span in moved]


def _moved(span: Span, made: Sequence[tuple[Span, Span]]) -> tuple[bool, Span]:
    """A span of the new content in the old one, with all of what was changed there."""
    met = [(old, new) for old, new in made if touch(new, span)]
    shift = sum(_size(old) - _size(new) for old, new in made if new.last < span.first)
    moved = Span(span.first + shift, span.last + shift)
    if not met:
        return False, moved
    grown = shift + sum(_size(old) - _size(new) for old, new in met)
    first = min(moved.first, met[0][0].first)
    return True, replace(moved, first=first, last=max(span.last + grown, met[-1][0].last))


def _size(span: Span) -> int:
    return span.last - span.first


def _entry(tree: pygit2.Tree, path: str) -> str:
    try:
        return str(tree[path].id)
    except KeyError:
        return ""
