"""Diffs of one file, as bytes, and random texts to make them of."""

from __future__ import annotations

import pygit2
from hypothesis import strategies as st

from bisector.patch.hunks import FileDiff
from bisector.patch.unified_diff import parse

TEN = b"".join(b"line %d\n" % number for number in range(1, 11))
HEAD = b"--- a/f.c\n+++ b/f.c\n"
GIT = b"diff --git a/f.c b/f.c\n"
CHANGED = TEN.replace(b"line 5\n", b"LINE FIVE\n")


def diff(old: bytes, new: bytes) -> bytes:
    """The diff as libgit2 writes it."""
    made = pygit2.Patch.create_from(old, new, old_as_path="f.c", new_as_path="f.c")
    data = made.data
    assert isinstance(data, bytes)
    return data


def only(text: bytes) -> FileDiff:
    files = parse(text, "fix")
    assert len(files) == 1
    return files[0]


texts = st.lists(
    st.sampled_from([b"a\n", b"b\n", b"{\n", b"}\n", b"\n", b"-- \n", b"@@ -1 +1 @@\n"]),
    max_size=40,
).flatmap(lambda lines: st.sampled_from([b"".join(lines), b"".join(lines)[:-1]]))
