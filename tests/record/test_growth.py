"""The rank test that compares how memory grew: it fires, and as rarely as it says without cause."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from bisector.record.growth import Growth, chance_of_more

PAGE = 4096


def test_the_exact_example_of_the_formula() -> None:
    """9 of 9 pairs: the excess is 4.5 - 0.5 and the variance 3 * 3 * 7 / 12, so z = 1.746."""
    assert chance_of_more([4, 5, 6], [1, 2, 3]) == pytest.approx(0.0404, abs=1e-4)


def test_ties_make_the_variance_smaller() -> None:
    """Of 8 values 4 are 0 and 4 are 1: z = 7.5 / sqrt(16 / 12 * (9 - 120 / 56)) = 2.48."""
    assert chance_of_more([1, 1, 1, 1], [0, 0, 0, 0]) == pytest.approx(0.0066, abs=1e-4)


@pytest.mark.parametrize(("values", "others"), [([], [1]), ([1], []), ([3] * 9, [3] * 9)])
def test_without_values_or_differences_nothing_is_more(
    values: Sequence[int], others: Sequence[int]
) -> None:
    assert chance_of_more(values, others) == 1.0


@pytest.mark.parametrize(
    ("steps", "exceeds"),
    [
        ([5 * PAGE] * 75, True),
        ([PAGE, 2 * PAGE] * 37, True),
        ([PAGE] * 75, False),
        ([0, 2 * PAGE] * 37, False),  # as much, in other steps
        ([0] * 75, False),
    ],
)
def test_memory_that_grows_more_exceeds(steps: list[int], exceeds: bool) -> None:
    assert Growth("v3.2", (PAGE,) * 225).is_exceeded_by(steps) is exceeds


def test_series_of_one_kind_exceed_each_other_as_rarely_as_it_says() -> None:
    chance = random.Random(14)

    def steps(count: int) -> tuple[int, ...]:
        return tuple(chance.choice([0, 0, PAGE, 33 * PAGE]) for _ in range(count))

    wrong = sum(Growth("", steps(225)).is_exceeded_by(steps(75)) for _ in range(1000))
    assert wrong <= 5, "1 in 1000 is expected"
