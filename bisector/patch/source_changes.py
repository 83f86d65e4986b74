"""The sources that differ between two trees, and the lines that differ in them; fast.

For passes over thousands of commits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pygit2
from pygit2.enums import DeltaStatus, DiffOption

from bisector.git.object_store import is_built
from bisector.patch.conflict import Span, span

NO_BLOB = pygit2.Oid(raw=bytes(20))

_MARGIN = 1000  # bytes
_DIFF = DiffOption.FORCE_TEXT | DiffOption.INDENT_HEURISTIC


class Delta(NamedTuple):
    """A changed file before and after; for one that is added or removed, NO_BLOB on one side."""

    old_path: str
    old_blob: pygit2.Oid
    path: str
    blob: pygit2.Oid


@dataclass(frozen=True)
class Change:
    """Lines of a file in the place of others: where they are, and their texts without indent."""

    old: Span
    new: Span
    removed: list[bytes]
    added: list[bytes]


def deltas(before: pygit2.Tree | None, after: pygit2.Tree) -> Iterator[Delta]:
    """The sources and headers that differ, in the folders that a build reads."""
    olds, news = _folders(before), _folders(after)
    for folder in sorted(olds.keys() | news.keys()):
        for delta in _differences(olds.get(folder), news.get(folder)):
            old, new = delta.old_file, delta.new_file
            if new.path.endswith((".c", ".h")):
                yield Delta(f"{folder}/{old.path}", old.id, f"{folder}/{new.path}", new.id)


def _folders(tree: pygit2.Tree | None) -> dict[str, pygit2.Tree]:
    """The top-level folders of *tree* that a build reads."""
    return {
        str(entry.name): entry
        for entry in tree or ()
        if isinstance(entry, pygit2.Tree) and is_built(str(entry.name))
    }


def _differences(old: pygit2.Tree | None, new: pygit2.Tree | None) -> list[pygit2.DiffDelta]:
    """The differences of two folders, of which one may be missing; with renames."""
    if old and new:
        diff = old.diff_to_tree(new) if old.id != new.id else None
    else:
        one = old or new
        diff = one.diff_to_tree(swap=one is new) if one else None
    deltas = list(diff.deltas) if diff else []
    if diff and {DeltaStatus.ADDED, DeltaStatus.DELETED} <= {delta.status for delta in deltas}:
        diff.find_similar()
        deltas = list(diff.deltas)
    return deltas


def changes(old: bytes, new: bytes) -> list[Change]:
    """The differences of two contents, found as `git blame` does: the lines in each.

    Most of what both begin and end with is left out, which takes a third of the time.
    """
    start = _common(old, new)
    end = min(_common(old[::-1], new[::-1]), min(len(old), len(new)) - start)
    # with a margin, in which the diff may move a change up or down
    start = old.rfind(b"\n", 0, max(start - _MARGIN, 0)) + 1
    newline = old.find(b"\n", len(old) - max(end - _MARGIN, 0))
    end = len(old) - newline - 1 if newline >= 0 else 0
    before, after = (text[start : len(text) - end] for text in (old, new))
    skipped = old.count(b"\n", 0, start)
    return [
        Change(
            span(hunk.old_start + skipped, hunk.old_lines),
            span(hunk.new_start + skipped, hunk.new_lines),
            [line.raw_content.strip() for line in hunk.lines if line.origin == "-"],
            [line.raw_content.strip() for line in hunk.lines if line.origin == "+"],
        )
        for hunk in pygit2.Patch.create_from(before, after, flag=_DIFF, context_lines=0).hunks
    ]


def _common(old: bytes, new: bytes) -> int:
    """How many bytes both begin with."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
