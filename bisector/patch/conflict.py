"""What keeps a change from being merged, as data and as text for a reader; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pygit2

from bisector.patch.hunks import split_lines

_OURS, _BASE, _THEIRS, _END = b"<<<<<<< file", b"||||||| file", b"=======", b">>>>>>> file"


@dataclass(frozen=True)
class Span:
    """Lines ``first`` to before ``last`` of a file's content, counted from 0; empty if equal."""

    first: int
    last: int


@dataclass(frozen=True)
class Region:
    """Lines on which the branch and the change disagree.

    ``line`` is where they begin in the branch's file, from 1. Each side's text keeps its line
    ends; what is not UTF-8 is replaced.
    """

    line: int
    ours: str
    base: str
    theirs: str


@dataclass(frozen=True)
class Clash:
    """A file that does not merge, and why.

    ``base`` is the id of the file's content before the change, '' if nobody has it; ``spans`` are
    the lines of that content which the change wants to change and finds changed.
    """

    path: str
    why: str
    regions: tuple[Region, ...] = ()
    base: str = ""
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Conflict:
    """The change with this *subject* cannot be picked; ``revision`` is its hash if it has one."""

    subject: str
    revision: str
    clashes: tuple[Clash, ...]

    @property
    def summary(self) -> str:
        """What clashes where, in one line."""
        return _plain("; ".join(f"{clash.path}: {clash.why}" for clash in self.clashes))

    @property
    def text(self) -> str:
        """The whole conflict, as lines for a reader."""
        return "\n".join(line for clash in self.clashes for line in _shown(clash))


def regions(merged: bytes) -> Iterator[Region]:
    """The places where a file called `file` does not merge, from what git makes of it.

    *merged* has conflict markers, with the lines before the change (`diff3`).
    """
    line, at = 1, b""
    parts = {_OURS: "", _BASE: "", _THEIRS: ""}
    for text in split_lines(merged):
        mark = text.rstrip(b"\r\n")
        if mark == _OURS or (at and mark in (_BASE, _THEIRS)):
            at = mark
        elif at and mark == _END:
            yield Region(line, parts[_OURS], parts[_BASE], parts[_THEIRS])
            line += parts[_OURS].count("\n")
            parts, at = dict.fromkeys(parts, ""), b""
        elif at:
            parts[at] += text.decode("utf-8", "replace")
        else:
            line += 1


def changes(old: bytes, new: bytes) -> list[tuple[Span, Span]]:
    """Where two contents differ: lines of the old one, and those of the new one in their place."""
    patch = pygit2.Patch.create_from(old, new, context_lines=0)
    return [
        (_span(hunk.old_start, hunk.old_lines), _span(hunk.new_start, hunk.new_lines))
        for hunk in patch.hunks
    ]


def touch(one: Span, other: Span) -> bool:
    """Do two spans share a line, or lie side by side, so that a merge cannot part them?"""
    return one.first <= other.last and other.first <= one.last


def _span(start: int, count: int) -> Span:
    # the header of a hunk without lines names the line before it
    first = start - 1 if count else start
    return Span(first, first + count)


def _shown(clash: Clash) -> Iterator[str]:
    """A clash as git shows it, with what both sides come from; nothing that moves a cursor."""
    if not clash.regions:
        yield _plain(f"{clash.path}: {clash.why}")
    for region in clash.regions:
        yield _plain(f"{clash.path}:{region.line}: {clash.why}")
        parts = (("<<<<<<< the branch", region.ours), ("||||||| before the change", region.base))
        for mark, text in (*parts, ("=======", region.theirs)):
            yield mark
            yield from (_plain(line) for line in text.split("\n")[: text.count("\n") or None])
        yield ">>>>>>> the change"


def _plain(line: str) -> str:
    return "".join(
        char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in line
    )
