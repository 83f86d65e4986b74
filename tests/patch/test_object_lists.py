"""Which conflicts in a Makefile are merged, and how."""

from __future__ import annotations

from collections.abc import Mapping

import pygit2
import pytest

from bisector.patch.object_lists import merge
from bisector.patch.three_way import MergedTree, merge_trees
from tests.support.clone import Clone

BASE = """\
OBJS += src/a.o src/b.o \\
        src/c.o
other = 1
"""


def tree(clone: Clone, last: str, more: Mapping[str, str] = {}) -> pygit2.Tree:
    """A tree whose list of objects ends with *last*."""
    files = {"Makefile": BASE.replace("src/c.o", f"src/{last}"), "src/a.c": "int a;\n", **more}
    return clone.git[clone.tree(files)].peel(pygit2.Tree)


def marked(ours: str, base: str, theirs: str, after: str = "") -> bytes:
    """A conflict, as git marks it, and what comes after it."""
    markers = ("<<<<<<< file\n", "||||||| file\n", "=======\n", ">>>>>>> file\n")
    texts = (ours, base, theirs, after)
    return "".join(m + text for m, text in zip(markers, texts, strict=True)).encode()


@pytest.mark.parametrize(
    ("ours", "base", "theirs", "merged"),
    [
        (" src/a.o src/x.o\n", " src/a.o\n", " src/a.o src/y.o\n", " src/a.o src/x.o src/y.o\n"),
        (" src/x.o\n", " src/a.o\n", " src/a.o \\\n src/y.o\n", " src/x.o src/y.o\n"),
        ("\tsrc/a.o src/x.o\t\\\n", " src/a.o \\\n", " src/b.o \\\n", "\tsrc/x.o src/b.o \\\n"),
        (" src/x.o src/a.o\n", " src/a.o\n", " src/b.o\n", " src/x.o src/b.o\n"),
        ("OBJS += src/x.o\n", "OBJS = src/a.o\n", "OBJS = src/y.o\n", "OBJS += src/x.o src/y.o\n"),
        (" src/a.o src/x.o\n", " src/a.o\n", " src/x.o src/a.o\n", " src/a.o src/x.o\n"),
        (" src/aa.o src/a.o\n", " src/a.o\n", " src/y.o\n", " src/aa.o src/y.o\n"),
    ],
)
def test_names_are_added_and_removed_as_the_change_does(
    ours: str, base: str, theirs: str, merged: str
) -> None:
    assert merge(marked(ours, base, theirs, "x = 1\n"), f"{ours}x = 1\n".encode()) == (
        f"{merged}x = 1\n".encode()
    )


@pytest.mark.parametrize(
    ("ours", "base", "theirs"),
    [
        ("  src/a.o $(MORE)\n", "  src/a.o\n", "  src/a.o src/y.o\n"),
        ("  src/x.o\n", "", "  src/y.o\n"),
        ("", "  src/a.o\n", "  src/b.o\n"),
        ("CFLAGS += src/x.o\n", "  src/a.o\n", "  src/b.o\n"),
        ("  src/a.o # note\n", "  src/a.o\n", "  src/b.o\n"),
        ("  src/x.o\n", "  src/x.o src/a.o\n", "  src/a.o\n"),
    ],
)
def test_what_is_no_list_or_becomes_empty_stays_a_conflict(
    ours: str, base: str, theirs: str
) -> None:
    assert merge(marked(ours, base, theirs), ours.encode()) is None


def test_one_conflict_that_is_no_list_is_enough() -> None:
    text = marked("  src/x.o\n", "  src/a.o\n", "  src/y.o\n") + marked("z = 1\n", "\n", "z = 2\n")
    assert merge(text, b"  src/x.o\nz = 1\n") is None


@pytest.mark.parametrize("adds", [True, False])
def test_a_change_that_adds_a_source_applies_where_the_branch_has_another(
    clone: Clone, adds: bool
) -> None:
    """Both ways to merge trees: that of changed files alone, and that of whole trees."""

    new = {"src/new.c": "int n;\n"} if adds else {}
    merged = merge_trees(
        clone.git,
        tree(clone, "c.o"),
        tree(clone, "c.o src/own.o"),
        tree(clone, "c.o \\\n\tsrc/new.o", new),
    )
    assert isinstance(merged, MergedTree)
    made = clone.git[merged.tree].peel(pygit2.Tree)
    text = made["Makefile"].peel(pygit2.Blob).data.decode()
    assert text == BASE.replace("c.o", "c.o src/own.o src/new.o")
    assert ("src/new.c" in made) == adds


def test_a_conflict_elsewhere_in_the_makefile_stays_one(clone: Clone) -> None:
    base, ours, theirs = (
        clone.git[clone.tree({"Makefile": BASE.replace("1", value)})].peel(pygit2.Tree)
        for value in "123"
    )
    conflicts = merge_trees(clone.git, base, ours, theirs)
    assert not isinstance(conflicts, MergedTree)
    assert [file.path for file in conflicts] == ["Makefile"]
