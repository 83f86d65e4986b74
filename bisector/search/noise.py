"""The error model of a flaky test, and the likelihood of its runs under a hypothesis.

Most real tests err on one side: the bug's signature hardly ever appears on a good revision, but a
bad revision can pass. Which of the two error rates that is depends on the search: for a bug's
introduction bad is NEW, so passing by chance is `false_old`; for its fix bad is OLD, so passing by
chance is `false_new`.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

# An error rate: a known probability, or several with equal prior probability.
Rate = float | tuple[float, ...]

# A discrete uniform prior over 0, 0.05, …, 0.95.
UNKNOWN: Rate = tuple(step / 20 for step in range(20))

# The logarithm of a rate of 0, replaced by that of a negligible one. It outweighs all other terms,
# so if the runs contradict an exact test, the hypotheses with the fewest errors are the likeliest.
_LOG_0 = -1e6


def _grid(rate: Rate) -> tuple[float, ...]:
    return rate if isinstance(rate, tuple) else (rate,)


@dataclass(frozen=True)
class Noise:
    """The error rates of a test, and the confidence at which a search with it ends.

    Rates are probabilities per run; runs are independent, and the rates are the same on all
    revisions. The search ends when the posterior probability of an answer is at least
    ``confidence``. ``no_transition`` is the prior probability of BEFORE, and also that of NEVER
    (see bisection.NoTransition): an end of the range is seldom wrong, and at 1 % a few runs that
    contradict every first NEW revision are enough to report that there is none.

    Raises ValueError for a rate outside 0 <= rate < 1, for rates of which no pair has a sum below 1
    (a NEW revision must be observed as NEW more often than an OLD one), for a confidence outside
    0.5 < confidence <= 1, and for no_transition outside 0 <= no_transition < 0.5.
    """

    false_old: Rate = 0.0  # P(observed as OLD | NEW)
    false_new: Rate = 0.0  # P(observed as NEW | OLD)
    confidence: float = 0.99
    no_transition: float = 0.01

    def __post_init__(self) -> None:
        for rate in (*_grid(self.false_old), *_grid(self.false_new)):
            if not 0 <= rate < 1:
                raise ValueError(f"an error rate of {rate} is not in 0 ... 1")
        if not self.rates():
            raise ValueError(
                "false_old + false_new must be below 1: else the test has no information"
            )
        if not 0.5 < self.confidence <= 1:
            raise ValueError(f"a confidence of {self.confidence} is not above 0.5, up to 1")
        if not 0 <= self.no_transition < 0.5:
            raise ValueError(f"no_transition is {self.no_transition}, not in 0 ... 0.5")

    def rates(self) -> tuple[tuple[float, float], ...]:
        """The possible pairs (false_old, false_new), all with equal prior probability."""
        return tuple(
            (false_old, false_new)
            for false_old in _grid(self.false_old)
            for false_new in _grid(self.false_new)
            if false_old + false_new < 1
        )


# Every observation is exact, and there is a first NEW revision.
EXACT = Noise(confidence=1.0, no_transition=0.0)


class Runs(NamedTuple):
    """The numbers of NEW and OLD observations on a set of revisions."""

    new: int = 0
    old: int = 0

    def plus(self, is_new: bool) -> Runs:
        """The numbers with one more run."""
        return Runs(self.new + is_new, self.old + (not is_new))


class Fit(NamedTuple):
    """The likelihood of the runs under a hypothesis, and the test's error rates under it."""

    likelihood: float  # relative to that of the other hypotheses
    false_old: float  # the posterior mean of the rate
    false_new: float


def fits(noise: Noise, on_new: Collection[Runs], all_runs: Runs) -> dict[Runs, Fit]:
    """The fit of each hypothesis, by the runs on the revisions that are NEW under it.

    `all_runs` counts the runs on all revisions; those not in `on_new` were on OLD revisions. The
    likelihood is a product of Bernoulli probabilities, averaged over the possible error rates.
    """
    rates = noise.rates()
    logs = [(_log(1 - fo), _log(fo), _log(fn), _log(1 - fn)) for fo, fn in rates]
    likelihoods = {
        runs: [
            runs.new * true_new
            + runs.old * false_old
            + (all_runs.new - runs.new) * false_new
            + (all_runs.old - runs.old) * true_old
            for true_new, false_old, false_new, true_old in logs
        ]
        for runs in on_new
    }
    peak = max(map(max, likelihoods.values()))  # subtracted so that exp does not underflow
    return {
        runs: _fit([math.exp(log - peak) for log in by_rate], rates)
        for runs, by_rate in likelihoods.items()
    }


def _fit(likelihoods: list[float], rates: tuple[tuple[float, float], ...]) -> Fit:
    """The marginal likelihood over the possible rates, and the posterior means of the rates."""
    total = sum(likelihoods)
    if not total:
        return Fit(0.0, 0.0, 0.0)
    weighted = list(zip(likelihoods, rates, strict=True))
    return Fit(
        total / len(rates),
        sum(likelihood * false_old for likelihood, (false_old, _) in weighted) / total,
        sum(likelihood * false_new for likelihood, (_, false_new) in weighted) / total,
    )


def _log(rate: float) -> float:
    return math.log(rate) if rate else _LOG_0
