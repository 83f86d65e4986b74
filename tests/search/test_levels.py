"""The level of a metric, from both sides: checked against the joint distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from bisector.search.levels import Estimate, Measured, Scales, both_sides

SCALES = Scales(noise=0.1, jitter=0.2, drift=1.0)
MEASURED = (
    Measured(0, 2, 0.10),
    Measured(3, 1, 0.30),
    Measured(5, 4, -0.40),
    Measured(9, 1, 1.10),
)
GAPS = (0.09, 0.04, 0.16)


def log_joint(measured: Sequence[Measured], gaps: Sequence[float]) -> float:
    """The log likelihood of all but the first value given it, by the dense normal distribution.

    The differences to the first value have a covariance of the first one's variance, plus the
    gaps that both cross, plus their own variance.
    """
    own = [SCALES.spread(one.runs) for one in measured]
    size = len(measured) - 1
    crossed = [sum(gaps[: at + 1]) for at in range(size)]
    matrix = [
        [own[0] + min(crossed[a], crossed[b]) + (own[a + 1] if a == b else 0) for b in range(size)]
        for a in range(size)
    ]
    values = [one.mean - measured[0].mean for one in measured[1:]]
    log = 0.0
    for at in range(size):  # by elimination
        pivot = matrix[at][at]
        log -= (math.log(2 * math.pi * pivot) + values[at] ** 2 / pivot) / 2
        for row in range(at + 1, size):
            factor = matrix[row][at] / pivot
            values[row] -= factor * values[at]
            matrix[row] = [m - factor * p for m, p in zip(matrix[row], matrix[at], strict=True)]
    return log


def test_the_likelihood_is_that_of_the_joint_distribution() -> None:
    sides = both_sides(MEASURED, SCALES, GAPS)
    assert sides.log_likelihood == pytest.approx(log_joint(MEASURED, GAPS))


@pytest.mark.parametrize("gap", [0, 1, 2])
def test_a_jump_widens_its_gap(gap: int) -> None:
    gaps = [variance + (at == gap) * 0.25 for at, variance in enumerate(GAPS)]
    sides = both_sides(MEASURED, SCALES, GAPS)
    assert sides.log_with_jump(gap, 0.25) == pytest.approx(log_joint(MEASURED, gaps))


def test_both_directions_agree() -> None:
    sides = both_sides(MEASURED, SCALES, GAPS)
    assert sides.before[-1].log == pytest.approx(sides.after[0].log)


def test_a_step_is_what_lies_between_the_measurements() -> None:
    exact = Scales(noise=1e-6, jitter=0.0, drift=0.0)
    step = both_sides(MEASURED[:2], exact, [0.0]).step(0)
    assert step.mean == pytest.approx(0.2)
    assert step.variance < 1e-11


def test_two_estimates_of_one_quantity_are_weighted_by_their_precision() -> None:
    both = Estimate(0.0, 1.0).times(Estimate(3.0, 0.5))
    assert both.mean == pytest.approx(2.0)
    assert both.variance == pytest.approx(1 / 3)
