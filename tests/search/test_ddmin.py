"""Delta debugging on made-up tests: the result fails, and nothing can be taken away from it."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.search.ddmin import Answer, Minimum, ddmin

FAIL, PASS, UNRESOLVED = Answer.FAIL, Answer.PASS, Answer.UNRESOLVED

Trial = Callable[[tuple[int, ...]], Answer]


def needs(culprits: Collection[int]) -> Trial:
    """Fails if and only if all *culprits* are there."""
    return lambda part: FAIL if set(culprits) <= set(part) else PASS


def by_chance(seed: int, everything: int) -> Trial:
    """Any answer for any part, the same each time; all together fail, none passes."""

    def trial(part: tuple[int, ...]) -> Answer:
        if len(part) == everything:
            return FAIL
        return random.Random(f"{seed} {part}").choice([FAIL, PASS, PASS, UNRESOLVED])

    return trial


@given(st.integers(1, 24), st.data())
def test_exactly_those_that_are_needed_are_left(total: int, data: st.DataObject) -> None:
    culprits = data.draw(st.sets(st.integers(0, total - 1), min_size=1))
    assert ddmin(range(total), needs(culprits)) == Minimum(tuple(sorted(culprits)), ())


@given(st.integers(0, 1000), st.integers(1, 12))
def test_whatever_the_test_says_the_result_fails_and_without_any_one_item_it_does_not(
    seed: int, total: int
) -> None:
    trial = by_chance(seed, total)
    found = ddmin(range(total), trial)
    assert found.items and trial(found.items) is FAIL
    for item in found.items:
        others = tuple(one for one in found.items if one != item)
        said = trial(others) if others else PASS
        assert said is (UNRESOLVED if item in found.undecided else PASS)


@given(st.integers(0, 1000), st.integers(1, 12))
def test_nothing_is_asked_twice_and_no_part_out_of_order(seed: int, total: int) -> None:
    trial, asked = by_chance(seed, total), list[tuple[int, ...]]()

    def told(part: tuple[int, ...]) -> Answer:
        asked.append(part)
        return trial(part)

    ddmin(range(total), told)
    assert len(asked) == len(set(asked))
    assert all(part and list(part) == sorted(part) for part in asked)


def test_one_item_is_never_taken_away() -> None:
    assert ddmin("x", lambda part: FAIL) == Minimum(("x",), ())


def test_items_that_depend_on_each_other_stay_if_they_cannot_be_parted() -> None:
    """1 brings the bug, and does not compile without 2."""

    def trial(part: tuple[int, ...]) -> Answer:
        if (1 in part) != (2 in part):
            return UNRESOLVED
        return FAIL if 1 in part else PASS

    assert ddmin(range(5), trial) == Minimum((1, 2), (1, 2))


def test_alike_items_are_told_apart() -> None:
    assert ddmin("aab", lambda part: FAIL if part.count("a") == 2 else PASS).items == ("a", "a")


def test_one_of_many_is_found_by_halving() -> None:
    asked = []

    def trial(part: tuple[int, ...]) -> Answer:
        asked.append(part)
        return FAIL if 37 in part else PASS

    assert ddmin(range(64), trial).items == (37,)
    assert len(asked) <= 1 + 2 * 6


@pytest.mark.parametrize("said", [PASS, UNRESOLVED])
def test_items_that_do_not_fail_together_are_refused(said: Answer) -> None:
    with pytest.raises(ValueError, match="all items together do not fail"):
        ddmin(range(3), lambda part: said)
