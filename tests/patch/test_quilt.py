"""The patches of a package, in the order of its series."""

from __future__ import annotations

import pygit2
import pytest

from bisector.errors import SourceProblem
from bisector.patch import quilt
from bisector.patch.model import Patch
from bisector.patch.quilt import Entry
from bisector.system.archives import Member
from tests.support.clone import Clone
from tests.support.packages import patch


def test_a_series_has_names_options_and_comments() -> None:
    text = "# all\na.patch\n\n  sub/b.patch -p0  # why\nc.patch -pab -R\n#d.patch\ne#f.patch\n"
    assert quilt.entries(text) == (
        Entry("a.patch"),
        Entry("sub/b.patch", strip=0),
        Entry("c.patch", reversed=True),
        Entry("e#f.patch"),
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("../x", "line 2: ../x is not in that folder"),
        ("/etc/x", "line 2: /etc/x is not in that folder"),
        ("a -pX", "line 2: the option -pX is not known"),
        ("a -p1 --fuzz=3", "line 2: the option --fuzz=3 is not known"),
    ],
)
def test_a_line_that_means_something_else_is_refused(line: str, said: str) -> None:
    with pytest.raises(SourceProblem, match=said):
        quilt.entries(f"#\n{line}\n")


def read(text: str, entry: Entry) -> Patch:
    return quilt.read({f"debian/patches/{entry.name}": Member(text.encode())}, entry)


@pytest.mark.parametrize(
    ("head", "subject"),
    [
        ("Description: say it\n more\n", "say it"),
        ("From: Jo <jo@example.org>\nSubject: [PATCH 1/2] MINOR: x\n\ntext\n---\n", "MINOR: x"),
        ("", "a.patch"),
    ],
)
def test_a_patch_is_called_as_its_header_says(head: str, subject: str) -> None:
    assert read(patch("src/x.c", "1\n", "2\n", head), Entry("a.patch")).subject == subject


def test_as_many_folders_are_stripped_as_the_series_says() -> None:
    text = patch("src/x.c", "1\n", "2\n").replace("a/src", "src").replace("b/src", "src")
    assert read(text, Entry("a", strip=0)).touched == {"src/x.c"}
    deep = text.replace("src/", "x/y/src/")
    assert read(deep, Entry("a", strip=2)).touched == {"src/x.c"}


def test_a_missing_or_damaged_patch_is_named() -> None:
    with pytest.raises(SourceProblem, match=r"series lists b: there is no debian/patches/b"):
        quilt.read({}, Entry("b"))
    with pytest.raises(SourceProblem, match=r"debian/patches/b, line 4"):
        read(patch("src/x.c", "1\n", "2\n").replace("-1,", "-9,").replace("@@", "@"), Entry("b"))


def push(clone: Clone, onto: str, *patches: str) -> str:
    read_ones = tuple(read(text, Entry(f"{n}.patch")) for n, text in enumerate(patches, 1))
    return quilt.push(clone.git, onto, read_ones, lambda name: f"x.dsc: {name}")


def test_each_patch_becomes_a_commit(clone: Clone) -> None:
    base = clone.commit({"src/x.c": "1\n"})
    first, second = patch("src/x.c", "1\n", "2\n"), patch("src/x.c", "2\n", "3\n", "")
    top = clone.git[push(clone, base, first, second)].peel(pygit2.Commit)
    assert top.message == "2.patch\n\ndebian/patches/2.patch\n"
    assert top.parents[0].message.startswith("change it\n")
    assert str(top.parents[0].parents[0].id) == base
    assert top.tree["src/x.c"].peel(pygit2.Blob).data == b"3\n"
    assert str(top.id) == push(clone, base, first, second), "always the same"


def test_a_patch_that_is_there_or_empty_adds_nothing(clone: Clone) -> None:
    base = clone.commit({"src/x.c": "2\n"})
    assert push(clone, base, patch("src/x.c", "1\n", "2\n"), "# only a comment\n") == base


def test_a_patch_that_does_not_apply_without_fuzz_is_named(clone: Clone) -> None:
    base = clone.commit({"src/x.c": "1\n"})
    with pytest.raises(SourceProblem, match=r"^x.dsc: 2.patch does not apply: src/x.c"):
        push(clone, base, patch("src/x.c", "1\n", "2\n"), patch("src/x.c", "8\n", "9\n"))


def test_a_patch_that_git_could_merge_is_not_one_that_quilt_takes(clone: Clone) -> None:
    """The file that it was made from is in the repository, so a three-way merge would do."""
    old, ours = (f"{a}\n2\n3\n4\n5\n6\n7\n{b}\n" for a, b in (("1", "8"), ("one", "8")))
    clone.commit({"src/x.c": old})
    base = clone.commit({"src/x.c": ours})
    ids = [str(pygit2.hash(text)) for text in (old, old.replace("8", "eight"))]
    diff = f"diff --git a/src/x.c b/src/x.c\nindex {ids[0]}..{ids[1]} 100644\n"
    lines = (
        "--- a/src/x.c\n+++ b/src/x.c\n@@ -1,8 +1,8 @@\n 1\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+eight\n"
    )
    with pytest.raises(SourceProblem, match=r"does not apply: src/x.c"):
        push(clone, base, diff + lines)
