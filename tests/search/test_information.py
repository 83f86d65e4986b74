"""What a cut tells, and where several go."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.search.information import NOTHING, Mass, Point, information, likely_testable, spread

RATE = st.sampled_from([0.0, 0.001, 0.1, 0.3, 0.45])


def entropy(*chances: float) -> float:
    return -sum(p * math.log2(p) for p in chances if p)


def noisy(new: int, false_old: float, false_new: float) -> Mass:
    return new, int(new * false_old), int(new * false_new)


def line(*gaps: int) -> list[Point]:
    """Points with this much mass before each."""
    return [Point(i, (cut, 0, 0), 1.0) for i, cut in enumerate(itertools.accumulate(gaps))]


@given(st.integers(1, 999), RATE, RATE)
def test_it_is_the_mutual_information_of_state_and_outcome(
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


def test_a_cut_at_an_end_or_beyond_it_tells_nothing() -> None:
    for cut in (0, 10, 70, 100):
        assert information((cut, 0, 0), (10, 0, 0), (70, 0, 0)) == 0


def test_the_least_mass_still_tells_something() -> None:
    assert information((1, 0, 0), NOTHING, (2**60, 0, 0)) > 0
    assert information((2**60 - 1, 0, 0), NOTHING, (2**60, 0, 0)) > 0


@pytest.mark.parametrize("count", range(1, 9))
def test_equal_masses_are_split_in_equal_parts(count: int) -> None:
    chosen = spread(line(*[1] * 1000), [NOTHING, (1000, 0, 0)], count)
    ends = [0, *(point.cut[0] for point in chosen), 1000]
    assert len(chosen) == count
    assert all(abs(b - a - 1000 / (count + 1)) <= 2 for a, b in itertools.pairwise(ends))


def test_cuts_that_are_made_already_leave_the_widest_stretches() -> None:
    points = line(*[1] * 1000)
    chosen = spread(points, [NOTHING, (200, 0, 0), (1000, 0, 0)], 3)
    assert [point.cut[0] for point in chosen] == pytest.approx([400, 600, 800], abs=2)
    chosen = spread(points, [NOTHING, (500, 0, 0), (1000, 0, 0)], 2)
    assert [point.cut[0] for point in chosen] == [250, 750]


def test_a_heavy_suspect_is_cut_off_on_both_sides() -> None:
    chosen = spread(line(1, 1, 90, 1, 1), [NOTHING, (94, 0, 0)], 2)
    assert [point.commit for point in chosen] == [1, 2]


def test_what_costs_more_must_tell_more() -> None:
    points = [Point(0, (40, 0, 0), 1.0), Point(1, (50, 0, 0), 0.5)]
    assert spread(points, [NOTHING, (100, 0, 0)], 1) == points[:1]


def test_no_skip_makes_nothing_unlikely_and_near_ones_do() -> None:
    assert likely_testable([False] * 3) == [1.0] * 3
    assert likely_testable([False, True, False, False]) == [1 / 2, 0.0, 1 / 2, 2 / 3]
