"""Delta debugging on simulated tests: the result fails, and does not without any one item."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.search.ddmin import Attempt, Minimum, Reduction, TrialResult, ddmin

FAIL, PASS, UNRESOLVED = TrialResult.FAIL, TrialResult.PASS, TrialResult.UNRESOLVED

Trial = Callable[[tuple[int, ...]], TrialResult]


def needs(culprits: Collection[int]) -> Trial:
    """A test that fails if and only if the part contains all *culprits*."""
    return lambda part: FAIL if set(culprits) <= set(part) else PASS


def by_chance(seed: int, everything: int) -> Trial:
    """A random but repeatable result for each part; all items together FAIL."""

    def trial(part: tuple[int, ...]) -> TrialResult:
        if len(part) == everything:
            return FAIL
        return random.Random(f"{seed} {part}").choice([FAIL, PASS, PASS, UNRESOLVED])

    return trial


@given(st.integers(1, 24), st.data())
def test_exactly_the_needed_items_are_left(total: int, data: st.DataObject) -> None:
    culprits = data.draw(st.sets(st.integers(0, total - 1), min_size=1))
    assert ddmin(range(total), needs(culprits)) == Minimum(tuple(sorted(culprits)), ())


@given(st.integers(0, 1000), st.integers(1, 12))
def test_with_any_results_the_minimum_fails_and_without_any_one_item_it_does_not(
    seed: int, total: int
) -> None:
    trial = by_chance(seed, total)
    found = ddmin(range(total), trial)
    assert found.items and trial(found.items) is FAIL
    for item in found.items:
        others = tuple(other for other in found.items if other != item)
        result = trial(others) if others else PASS
        assert result is (UNRESOLVED if item in found.undecided else PASS)


@given(st.integers(0, 1000), st.integers(1, 12))
def test_no_part_is_tested_twice_and_each_is_in_order(seed: int, total: int) -> None:
    trial, tested = by_chance(seed, total), list[tuple[int, ...]]()

    def recorded(part: tuple[int, ...]) -> TrialResult:
        tested.append(part)
        return trial(part)

    ddmin(range(total), recorded)
    assert len(tested) == len(set(tested))
    assert all(part and list(part) == sorted(part) for part in tested)


def test_a_single_item_is_never_removed() -> None:
    assert ddmin("x", lambda part: FAIL) == Minimum(("x",), ())


def test_items_that_depend_on_each_other_are_kept_together() -> None:
    """Item 1 introduces the bug, and does not compile without item 2."""

    def trial(part: tuple[int, ...]) -> TrialResult:
        if (1 in part) != (2 in part):
            return UNRESOLVED
        return FAIL if 1 in part else PASS

    assert ddmin(range(5), trial) == Minimum((1, 2), (1, 2))


def test_equal_items_are_distinguished() -> None:
    assert ddmin("aab", lambda part: FAIL if part.count("a") == 2 else PASS).items == ("a", "a")


def test_one_of_many_is_found_by_halving() -> None:
    tested = []

    def trial(part: tuple[int, ...]) -> TrialResult:
        tested.append(part)
        return FAIL if 37 in part else PASS

    assert ddmin(range(64), trial).items == (37,)
    assert len(tested) <= 1 + 2 * 6


@pytest.mark.parametrize("result", [PASS, UNRESOLVED])
def test_items_that_do_not_fail_together_are_rejected(result: TrialResult) -> None:
    with pytest.raises(ValueError, match="all items together do not fail"):
        ddmin(range(3), lambda part: result)


@given(st.integers(1, 40), st.integers(1, 6), st.data())
def test_attempts_that_end_in_any_order_lead_to_what_is_needed(
    total: int, width: int, data: st.DataObject
) -> None:
    culprits = data.draw(st.sets(st.integers(0, total - 1)))
    chance = data.draw(st.randoms(use_true_random=False))
    reduction, open_ = Reduction(total), list[Attempt]()
    while not reduction.done:
        while len(open_) < width and (attempt := reduction.ask()):
            assert set(attempt.kept) < set(attempt.whole)
            open_.append(attempt)
        if open_:
            attempt = open_.pop(chance.randrange(len(open_)))
            reduction.tell(attempt, fails=culprits <= set(attempt.kept))
            assert culprits <= set(reduction.kept)
    assert set(reduction.kept) == culprits
    assert reduction.ask() is None


def test_what_went_meanwhile_is_left_out_of_the_next_try() -> None:
    """Of two attempts side by side both fail, but the items that they leave out are needed both."""
    reduction = Reduction(2)
    everything = reduction.ask()
    assert everything
    reduction.tell(everything, fails=False)
    first, second = reduction.ask(), reduction.ask()
    assert first and second
    assert reduction.ask() is None, "both halves are under way"
    reduction.tell(first, fails=True)
    reduction.tell(second, fails=True)
    assert reduction.kept == (1,)
    again = reduction.ask()
    assert again and again.kept == ()
    reduction.tell(again, fails=False)
    assert reduction.kept == (1,)


def test_to_keep_a_few_of_many_takes_few_tests() -> None:
    tested = []

    def trial(part: tuple[int, ...]) -> TrialResult:
        tested.append(part)
        return FAIL if {17, 80, 81, 150} <= set(part) else PASS

    assert ddmin(range(200), trial).items == (17, 80, 81, 150)
    assert len(tested) < 60


def test_of_nothing_nothing_is_left_out() -> None:
    reduction = Reduction(0)
    assert (reduction.done, reduction.ask(), reduction.kept) == (True, None, ())
