"""Likelihoods of runs, compared with the formula written out; validation of error rates."""

from __future__ import annotations

import math

import pytest

from bisector.search.noise import EXACT, UNKNOWN, Noise, Runs, fits


def test_a_likelihood_is_the_product_of_the_probabilities_of_the_runs() -> None:
    # 5 NEW and 3 OLD observations; under one hypothesis 4 and 1 of them are of NEW revisions.
    fit = fits(Noise(0.3, 0.1), [Runs(4, 1), Runs(0, 0)], Runs(5, 3))
    first = 0.7**4 * 0.3**1 * 0.1**1 * 0.9**2
    second = 0.1**5 * 0.9**3
    assert fit[Runs(4, 1)].likelihood == pytest.approx(1.0)  # relative to the highest
    assert fit[Runs(0, 0)].likelihood == pytest.approx(second / first)
    assert fit[Runs(0, 0)][1:] == pytest.approx((0.3, 0.1))


def test_an_unknown_rate_is_integrated_out() -> None:
    fit = fits(Noise((0.2, 0.6), 0.1), [Runs(3, 2), Runs(0, 0)], Runs(3, 2))
    low, high = 0.8**3 * 0.2**2, 0.4**3 * 0.6**2
    never = 2 * 0.1**3 * 0.9**2
    assert fit[Runs(0, 0)].likelihood / fit[Runs(3, 2)].likelihood == pytest.approx(
        never / (low + high)
    )
    assert fit[Runs(3, 2)].false_old == pytest.approx((0.2 * low + 0.6 * high) / (low + high))
    assert fit[Runs(0, 0)].false_old == pytest.approx(0.4)  # no information: the mean of the prior


def test_without_errors_only_fitting_hypotheses_have_a_likelihood() -> None:
    fit = fits(EXACT, [Runs(2, 0), Runs(2, 1), Runs(1, 0)], Runs(2, 1))
    assert {runs: result.likelihood for runs, result in fit.items()} == {
        Runs(2, 0): 1.0,
        Runs(2, 1): 0.0,
        Runs(1, 0): 0.0,
    }


def test_if_no_hypothesis_fits_the_one_with_the_fewest_errors_is_left() -> None:
    fit = fits(EXACT, [Runs(2, 1), Runs(1, 2)], Runs(2, 2))
    assert fit[Runs(2, 1)].likelihood == 1.0
    assert fit[Runs(1, 2)].likelihood == 0.0


def test_a_thousand_runs_do_not_underflow() -> None:
    fit = fits(Noise(UNKNOWN, 0.001), [Runs(500, 500), Runs(499, 500)], Runs(500, 500))
    assert 0 < fit[Runs(499, 500)].likelihood < fit[Runs(500, 500)].likelihood < math.inf
    assert fit[Runs(500, 500)].false_old == pytest.approx(0.5, abs=0.01)


def test_both_rates_can_be_unknown_but_their_sum_is_below_1() -> None:
    rates = Noise(UNKNOWN, UNKNOWN).rates()
    assert {sum(pair) < 1 for pair in rates} == {True}
    assert (0.0, 0.95) in rates and (0.95, 0.0) in rates


@pytest.mark.parametrize(
    "noise, message",
    [
        ({"false_old": -0.1}, "error rate"),
        ({"false_new": 1.0}, "error rate"),
        ({"false_old": math.nan}, "error rate"),
        ({"false_old": (0.1, 1.5)}, "error rate"),
        ({"false_old": ()}, "no information"),
        ({"false_old": 0.5, "false_new": 0.5}, "no information"),
        ({"confidence": 0.5}, "confidence"),
        ({"confidence": 1.01}, "confidence"),
        ({"no_transition": 0.5}, "no_transition"),
        ({"no_transition": -0.01}, "no_transition"),
    ],
)
def test_invalid_rates_and_probabilities_are_rejected(
    noise: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Noise(**noise)
