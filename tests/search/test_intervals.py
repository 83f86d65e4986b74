"""Intervals of a difference of means."""

from __future__ import annotations

import random

import pytest

from bisector.search.intervals import difference, student_quantile


@pytest.mark.parametrize(
    ("probability", "freedom", "quantile"),
    [  # from the usual tables
        (0.975, 1, 12.706),
        (0.975, 2, 4.303),
        (0.975, 5, 2.571),
        (0.995, 4, 4.604),
        (0.995, 10, 3.169),
        (0.995, 30, 2.750),
        (0.975, 1000, 1.962),
    ],
)
def test_the_quantiles_are_those_of_the_tables(
    probability: float, freedom: int, quantile: float
) -> None:
    assert student_quantile(probability, freedom) == pytest.approx(quantile, rel=1e-3)


def test_an_interval_has_the_true_difference_as_often_as_it_says() -> None:
    chance, inside = random.Random(1), 0
    for _ in range(400):
        before = [chance.gauss(0, 1) for _ in range(4)]
        after = [chance.gauss(0.5, 3) for _ in range(6)]
        found = difference(before, after, 0.9)
        inside += found.low <= 0.5 <= found.high
    assert 0.86 < inside / 400 < 0.94


def test_equal_values_leave_an_interval_that_is_not_empty() -> None:
    found = difference([1.0, 1.0], [1.0, 1.0], 0.99)
    assert found.difference == 0
    assert found.low < 0 < found.high
    assert found.high < 1e-3
