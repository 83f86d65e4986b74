"""The information of a cut, and the choice of several cuts."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.search.information import (
    NOTHING,
    Mass,
    Point,
    information,
    probability_testable,
    spread,
)

RATE = st.sampled_from([0.0, 0.001, 0.1, 0.3, 0.45])


def entropy(*chances: float) -> float:
    return -sum(p * math.log2(p) for p in chances if p)


def noisy(new: int, false_old: float, false_new: float) -> Mass:
    return new, int(new * false_old), int(new * false_new)


def line(*gaps: int) -> list[Point]:
    """Points of worth 1, each with the given mass between it and the one before."""
    return [Point(i, (cut, 0, 0), 1.0) for i, cut in enumerate(itertools.accumulate(gaps))]


@given(st.integers(1, 999), RATE, RATE)
def test_it_is_the_mutual_information_of_state_and_observation(
    permille: int, false_old: float, false_new: float
) -> None:
    unit = 10**15
    cut, total = (noisy(n * unit, false_old, false_new) for n in (permille, 1000))
    p = permille / 1000
    q = p * (1 - false_old) + (1 - p) * false_new
    expected = (
        entropy(q, 1 - q)
        - p * entropy(false_old, 1 - false_old)
        - (1 - p) * entropy(false_new, 1 - false_new)
    )
    bits = information(cut, NOTHING, total) / total[0]
    assert bits == pytest.approx(expected, abs=1e-9)


def test_a_cut_at_an_end_or_beyond_it_has_no_information() -> None:
    for cut in (0, 10, 70, 100):
        assert information((cut, 0, 0), (10, 0, 0), (70, 0, 0)) == 0


def test_the_smallest_mass_has_information() -> None:
    assert information((1, 0, 0), NOTHING, (2**60, 0, 0)) > 0
    assert information((2**60 - 1, 0, 0), NOTHING, (2**60, 0, 0)) > 0


@pytest.mark.parametrize("count", range(1, 9))
def test_equal_masses_are_split_into_equal_parts(count: int) -> None:
    chosen = spread(line(*[1] * 1000), [NOTHING, (1000, 0, 0)], count)
    ends = [0, *(point.cut[0] for point in chosen), 1000]
    assert len(chosen) == count
    assert all(abs(b - a - 1000 / (count + 1)) <= 2 for a, b in itertools.pairwise(ends))


def test_existing_cuts_leave_the_widest_intervals() -> None:
    points = line(*[1] * 1000)
    chosen = spread(points, [NOTHING, (200, 0, 0), (1000, 0, 0)], 3)
    assert [point.cut[0] for point in chosen] == pytest.approx([400, 600, 800], abs=2)
    chosen = spread(points, [NOTHING, (500, 0, 0), (1000, 0, 0)], 2)
    assert [point.cut[0] for point in chosen] == [250, 750]


def test_a_suspect_with_most_of_the_mass_is_cut_off_on_both_sides() -> None:
    chosen = spread(line(1, 1, 90, 1, 1), [NOTHING, (94, 0, 0)], 2)
    assert [point.commit for point in chosen] == [1, 2]


def test_a_more_expensive_point_must_have_more_information() -> None:
    points = [Point(0, (40, 0, 0), 1.0), Point(1, (50, 0, 0), 0.5)]
    assert spread(points, [NOTHING, (100, 0, 0)], 1) == points[:1]


def test_commits_near_a_skip_are_less_likely_testable() -> None:
    assert probability_testable([False] * 3) == [1.0] * 3
    assert probability_testable([False, True, False, False]) == [1 / 2, 0.0, 1 / 2, 2 / 3]
