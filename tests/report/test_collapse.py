"""Variants in few words: the words mean what was given, and nothing else that was tried."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.report.collapse import ALL, collapse

GRID = [f"record={r} failure={f}" for r in ("A", "AAAA", "SRV") for f in ("nxdomain", "refused")]


@pytest.mark.parametrize(
    ("some", "said"),
    [
        (GRID, [ALL]),
        (GRID[:2], ["record=A"]),
        (GRID[:4], ["record=A,AAAA"]),
        (GRID[::2], ["failure=nxdomain"]),
        (GRID[:1], ["record=A failure=nxdomain"]),
        ([GRID[0], GRID[3]], ["record=A failure=nxdomain", "record=AAAA failure=refused"]),
        ([*GRID[:2], GRID[2]], ["record=A", "record=A,AAAA failure=nxdomain"]),
        ([], []),
    ],
)
def test_variants_are_told_by_what_they_have_in_common(some: list[str], said: list[str]) -> None:
    assert collapse(some, GRID) == said


def test_a_parameter_that_takes_turns_does_not_hide_what_is_common() -> None:
    crossed = ["record=A check=plain", "record=AAAA check=agent", "record=SRV check=plain"]
    assert collapse(crossed[:2], crossed) == ["record=A,AAAA"]


def test_a_test_without_parameters_is_all_there_is() -> None:
    assert collapse([""], [""]) == [ALL]


@given(st.sets(st.sampled_from(GRID)))
def test_the_words_mean_the_variants_and_no_other_that_was_tried(some: set[str]) -> None:
    said = collapse(sorted(some), GRID)
    words = [[word.split("=") for word in box.split()] for box in said if box != ALL]
    boxes = [{}] if said == [ALL] else [{one[0]: one[1] for one in box} for box in words]
    meant = {
        label
        for label in GRID
        for box in boxes
        if all(
            value in box.get(name, value).split(",")
            for name, value in (word.split("=") for word in label.split())
        )
    }
    assert meant == some
