"""Labelled rows, columns, lists and counts of text reports."""

from __future__ import annotations

import pytest

from bisector.report import layout


def test_a_row_has_its_label_and_what_follows_below_its_text() -> None:
    assert layout.row("fixed", "a", ["b\nc", ""]) == [
        "fixed       a",
        "            b",
        "            c",
        "",
    ]


def test_a_tables_columns_are_aligned_and_no_line_ends_in_blanks() -> None:
    assert layout.table([("a", "b"), ("long", "")]) == ["a     b", "long"]


@pytest.mark.parametrize(
    ("most", "text"), [(3, "a, b, c"), (2, "a, b and 1 more"), (1, "a and 2 more")]
)
def test_a_long_list_is_cut_off_and_the_rest_counted(most: int, text: str) -> None:
    assert layout.listed(["a", "b", "c"], most) == text


@pytest.mark.parametrize(
    ("number", "thing", "text"),
    [
        (1, "release", "1 release"),
        (0, "release", "0 releases"),
        (2, "branch", "2 branches"),
        (2, "binary", "2 binaries"),
        (2, "fix", "2 fixes"),
    ],
)
def test_a_noun_agrees_with_its_number(number: int, thing: str, text: str) -> None:
    assert layout.counted(number, thing) == text


def test_a_stretch_of_one_is_its_name() -> None:
    assert layout.stretch(["v1"]) == "v1"
    assert layout.stretch(["v1", "v2", "v3"]) == "v1 to v3"


def test_a_shortened_text_is_never_longer_than_asked_for() -> None:
    assert layout.shortened("abcd", 4) == "abcd"
    assert layout.shortened("abcde", 4) == "abc…"


def test_blank_lines_are_single_and_none_comes_first() -> None:
    assert layout.squeezed(["", "", "a", "", "", "b", ""]) == ["a", "", "b", ""]
