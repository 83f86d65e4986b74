"""Patches made from two texts."""

from __future__ import annotations

import difflib

from bisector.patch import unified_diff
from bisector.patch.model import Patch, Series


def change(path: str, old: str, new: str, name: str = "fix") -> Series:
    """A series of one patch that makes *new* of *old*."""
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{path}", f"b/{path}"
    )
    text = f"diff --git a/{path} b/{path}\n" + "".join(lines)
    return Series((Patch(name, f"BUG: {name}", name, unified_diff.parse(text.encode(), name)),))
