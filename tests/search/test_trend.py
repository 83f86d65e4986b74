"""The rank test for a trend, and the slope that goes with it."""

from __future__ import annotations

import random
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.search.trend import chance_of_trend, slope


def test_kendall_s_statistic_and_its_variance() -> None:
    # ten values in order: all 45 pairs grow; the variance is 10 * 9 * 25 / 18 = 125
    assert chance_of_trend(range(10)) == pytest.approx(4.16e-5, rel=0.01)  # z = 44 / 11.18 = 3.935


@pytest.mark.parametrize("values", [[], [1], [3, 3, 3, 3], [4, 3, 2, 1], [1, 2, 1, 2, 1]])
def test_no_trend(values: list[int]) -> None:
    assert chance_of_trend(values) > 0.3


def test_noise_without_a_trend_is_taken_for_one_as_rarely_as_it_says() -> None:
    draw = random.Random(1)
    chances = [chance_of_trend([draw.random() for _ in range(30)]) for _ in range(2000)]
    assert sum(chance < 0.05 for chance in chances) == pytest.approx(100, abs=40)
    assert sum(chance < 0.001 for chance in chances) < 10


def test_steps_of_a_page_between_ties_are_a_trend() -> None:
    assert chance_of_trend([at // 10 for at in range(100)]) < 1e-9


@given(st.lists(st.integers(0, 100), min_size=2, max_size=40))
def test_the_other_way_round_a_trend_is_none(values: list[int]) -> None:
    assert max(chance_of_trend(values), chance_of_trend(values[::-1])) > 0.45


@given(st.integers(-50, 50), st.integers(2, 30))
def test_the_slope_of_a_line(step: int, count: int) -> None:
    assert slope(list(accumulate([step] * count))) == step


def test_one_jump_is_no_slope() -> None:
    assert slope([0] * 5 + [100] + [0] * 5) == 0
    assert slope([]) == 0
