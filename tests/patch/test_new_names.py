"""Names that a change uses and a tree lacks."""

from __future__ import annotations

from collections.abc import Mapping

from bisector.patch.new_names import Names
from tests.support.clone import Clone

C = "src/lamp.c"
NO_FILES: dict[str, str] = {}

Files = Mapping[str, str | None]


def names(clone: Clone, files: Files) -> Names:
    return Names(clone.git, clone.tree(files))


def lacking(clone: Clone, known: Names, old: Files, new: Files) -> set[str]:
    return set(known.lacking(clone.tree(old), clone.tree(new)))


def test_the_names_that_a_change_adds_and_no_file_of_the_tree_uses(clone: Clone) -> None:
    known = names(clone, {C: "int old;\n", "include/lamp.h": "int elsewhere;\n"})
    change = {C: "int old; int elsewhere; int fresh;\n"}
    assert lacking(clone, known, {C: "int old;\n"}, change) == {"fresh"}
    assert lacking(clone, known, change, {C: "int old;\n"}) == set(), "it only removes names"


def test_a_new_file_adds_its_names_and_a_removed_one_none(clone: Clone) -> None:
    known = names(clone, {C: "int old;\n"})
    assert lacking(clone, known, {}, {"src/new.c": "int old, fresh;\n"}) == {"fresh"}
    assert lacking(clone, known, {"src/new.c": "int fresh;\n"}, {}) == set()


def test_comments_literals_and_short_words_have_no_names(clone: Clone) -> None:
    known = names(clone, {C: "int old;\n"})
    text = "int ab; /* comment\n */ // another\nint old = \"literal\" + 'word';\n"
    assert lacking(clone, known, {}, {C: text}) == set()


def test_only_c_files_that_a_build_reads_have_names(clone: Clone) -> None:
    known = names(clone, {C: "int old;\n"})
    for path in ("doc/lamp.c", "reg-tests/x.h", "src/lamp.txt", "Makefile"):
        assert lacking(clone, known, {}, {path: "int fresh;\n"}) == set(), path
    assert lacking(clone, known, {}, {"addons/lamp.h": "int fresh;\n"}) == {"fresh"}


def test_the_tree_is_followed(clone: Clone) -> None:
    known = names(clone, {C: "int old;\n"})
    change = NO_FILES, {"src/new.c": "int old, fresh;\n"}
    known.move(clone.tree({C: "int fresh;\n"}))
    assert lacking(clone, known, *change) == {"old"}
    known.move(clone.tree({C: "int fresh;\n", "src/b.c": "int old;\n"}))
    assert lacking(clone, known, *change) == set()
    known.move(clone.tree({C: "int fresh;\n"}))
    assert lacking(clone, known, *change) == {"old"}


def test_a_name_stays_as_long_as_one_file_uses_it(clone: Clone) -> None:
    known = names(clone, {C: "int shared;\n", "src/b.c": "int shared;\n"})
    known.move(clone.tree({C: "int other;\n", "src/b.c": "int shared;\n"}))
    change = NO_FILES, {"src/new.c": "int shared;\n"}
    assert lacking(clone, known, *change) == set()
    known.move(clone.tree({C: "int other;\n"}))
    assert lacking(clone, known, *change) == {"shared"}
