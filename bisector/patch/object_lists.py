"""Merge the lists of object files in HAProxy's Makefile: sets, in which order means nothing; pure.

A change that adds a source file adds its object to such a list, in a line where another branch has
another file. Lines cannot be merged there, but the names can.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bisector.patch.conflict import Region, regions
from bisector.patch.hunks import split_lines

PATH = "Makefile"

_LIST = re.compile(r"(?:\s*\w*OBJS\s*\+?=)?(?:[ \t]+[\w./-]+\.o)+[ \t]*\\?\n")
_OBJECT = re.compile(r"[\w./-]+\.o(?![\w./-])")
_CONTINUED = " \\"


def merge(marked: bytes, ours: bytes) -> bytes | None:
    """The merge of a Makefile, in which nothing but lists of object files conflicts; else None.

    *marked* has git's markers in the style `diff3`, and *ours* has the branch's lines in the place
    of each conflict.
    """
    lines = list(split_lines(ours))
    for region in reversed(list(regions(marked))):
        first, count = region.line - 1, region.ours.count("\n")
        merged = _merged(region)
        if merged is None or b"".join(lines[first : first + count]) != region.ours.encode():
            return None
        lines[first : first + count] = [merged.encode()]
    return b"".join(lines)


def _merged(region: Region) -> str | None:
    """The branch's lines of *region* with the objects that the change adds, without others."""
    sides = [side.splitlines(keepends=True) for side in (region.ours, region.base, region.theirs)]
    if not all(side and all(map(_LIST.fullmatch, side)) for side in sides):
        return None
    ours, base, theirs = map(_objects, sides)
    text = region.ours
    for name in base:
        if name not in theirs:
            text = re.sub(rf"(?<![\w./-]){re.escape(name)}(?![\w./-])[ \t]*", "", text)
    if not _objects([text]):
        return None
    text = text.rstrip("\n")
    continued = text.endswith("\\")
    words = text.rstrip("\\").rstrip(" \t")
    added = (f" {name}" for name in theirs if name not in base and name not in ours)
    return f"{words}{''.join(added)}{_CONTINUED if continued else ''}\n"


def _objects(lines: Sequence[str]) -> list[str]:
    return _OBJECT.findall("".join(lines))
