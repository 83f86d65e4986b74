"""Merge conflicts: as data, and as text in the style of git's conflict markers; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pygit2

from bisector.patch.hunks import split_lines

# the conflict markers of git's `diff3` style, for a file called `file`
_OURS, _BASE, _THEIRS, _END = b"<<<<<<< file", b"||||||| file", b"=======", b">>>>>>> file"


@dataclass(frozen=True)
class Span:
    """The lines of a file from ``first`` up to, but not including, ``last``; counted from 0."""

    first: int
    last: int


@dataclass(frozen=True)
class Region:
    """Lines that the branch and the change modify in different ways.

    ``line`` is the number of the first one in the branch's file, counted from 1. The texts keep
    their line ends; bytes that are not UTF-8 are replaced.
    """

    line: int
    ours: str
    base: str
    theirs: str


@dataclass(frozen=True)
class FileConflict:
    """A file that does not merge, and why.

    ``base`` is the id of the file's content before the change, '' if it is not known; ``spans``
    are the lines of that content that the change modifies and the branch has modified, too.
    """

    path: str
    why: str
    regions: tuple[Region, ...] = ()
    base: str = ""
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class PickConflict:
    """A change that cannot be picked: its subject, its full hash ('' for a patch), its files."""

    subject: str
    revision: str
    files: tuple[FileConflict, ...]

    @property
    def summary(self) -> str:
        """Each file and why it does not merge, in one line."""
        return _plain("; ".join(f"{file.path}: {file.why}" for file in self.files))

    @property
    def text(self) -> str:
        """The whole conflict in several lines, with both sides of each region."""
        return "\n".join(line for file in self.files for line in _lines(file))


def regions(merged: bytes) -> Iterator[Region]:
    """The conflicting regions in *merged*, the content of a file called `file` with markers.

    The markers are those of git's `diff3` style, which includes the lines before the change.
    """
    line, section = 1, b""
    texts = {_OURS: "", _BASE: "", _THEIRS: ""}
    for text in split_lines(merged):
        marker = text.rstrip(b"\r\n")
        if marker == _OURS or (section and marker in (_BASE, _THEIRS)):
            section = marker
        elif section and marker == _END:
            yield Region(line, texts[_OURS], texts[_BASE], texts[_THEIRS])
            line += texts[_OURS].count("\n")
            texts, section = dict.fromkeys(texts, ""), b""
        elif section:
            texts[section] += text.decode("utf-8", "replace")
        else:
            line += 1


def changes(old: bytes, new: bytes) -> list[tuple[Span, Span]]:
    """The differences of two contents: the lines in *old*, and those in *new* in their place."""
    patch = pygit2.Patch.create_from(old, new, context_lines=0)
    return [
        (span(hunk.old_start, hunk.old_lines), span(hunk.new_start, hunk.new_lines))
        for hunk in patch.hunks
    ]


def touch(a: Span, b: Span) -> bool:
    """Whether two spans share a line or are adjacent; git merges neither without a conflict."""
    return a.first <= b.last and b.first <= a.last


def span(start: int, count: int) -> Span:
    """The span that a hunk's header means; without lines it names the line before them."""
    first = start - 1 if count else start
    return Span(first, first + count)


def _lines(file: FileConflict) -> Iterator[str]:
    """A file's conflict with git's markers, without control characters."""
    if not file.regions:
        yield _plain(f"{file.path}: {file.why}")
    for region in file.regions:
        yield _plain(f"{file.path}:{region.line}: {file.why}")
        sections = (("<<<<<<< the branch", region.ours), ("||||||| before the change", region.base))
        for marker, text in (*sections, ("=======", region.theirs)):
            yield marker
            yield from (_plain(line) for line in text.split("\n")[: text.count("\n") or None])
        yield ">>>>>>> the change"


def _plain(line: str) -> str:
    """*line* with its control characters replaced, tabs excepted."""
    return "".join(
        char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in line
    )
