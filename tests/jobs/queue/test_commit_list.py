"""Lists of commits in the forms in which people have them."""

from __future__ import annotations

import pytest

from bisector.errors import UsageProblem
from bisector.jobs.queue.commit_list import parse

A, B, D = "a1" * 20, "b2b2b2b", "d4" * 5


@pytest.mark.parametrize(
    "text",
    [
        f"{A}\n{B}\n{D}\n",
        f"{A} {B}\n\n  {D}",
        f"{A} BUG/MINOR: lamp: switch it off (again)\n{B} MINOR: a deed; done\n{D} x\n",
        f"cid_y=( {A} {B} {D} )",
        f"cid_y=(\n  '{A}',\n  \"{B}\"\n  {D};\n)",
        f"# cid_y\n{A} # {'f' * 40}\n{B}# no comment\n".replace("# no comment", " # one") + D,
    ],
)
def test_hashes_are_read(text: str) -> None:
    assert parse(text, "list") == [A, B, D]


def test_an_empty_list_has_none() -> None:
    assert parse("\n  # nothing\n", "list") == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (f"{A}\nBUG/MINOR: lamp: a fix\n", "list, line 2: 'BUG/MINOR:' is no commit"),
        (f"{A} {B} word\n", "list, line 1: 'word' is no commit"),
        ("abc123\n", "'abc123' is no commit"),  # too short
        ("a" * 41, f"'{'a' * 41}' is no commit"),
        (A.upper(), f"'{A.upper()}' is no commit"),
        (f"\n\n{B}~1\n", f"list, line 3: '{B}~1' is no commit"),
    ],
)
def test_any_other_word_is_refused_by_its_line(text: str, where: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        parse(text, "list")
    assert where in str(caught.value)
