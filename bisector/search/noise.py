"""How a test errs, and how well a hypothesis fits its runs. Arithmetic only.

A real test is mostly one-sided: its signature hardly ever shows on a good revision, but a bad one
can pass. Which of the two rates that is depends on what is searched: for a bug's introduction bad
is NEW and passing by luck is `false_old`; for its fix bad is OLD and the same luck is `false_new`.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

Rate = float | tuple[float, ...]  # known, or one of several that are equally likely beforehand

UNKNOWN: Rate = tuple(step / 20 for step in range(20))  # anything from 0 to 0.95

# The logarithm of a rate of 0, as of one too small to matter. One such error less outweighs all
# else, so runs that contradict a flawless test speak for the hypothesis with the fewest errors.
_LOG_0 = -1e6


def _grid(rate: Rate) -> tuple[float, ...]:
    return rate if isinstance(rate, tuple) else (rate,)


@dataclass(frozen=True)
class Noise:
    """How a test errs, and how sure the answer is to be.

    Rates are per run, runs are independent, and the rates are the same on all revisions. The search
    ends at P(answer) >= `confidence`. `no_transition` is P(BEFORE) and also P(NEVER) before any run
    (see NoTransition): an end is seldom wrong, so a couple of runs on it settle it, but at 1 %
    a few runs that fit no first NEW revision are enough to say so.

    Raises ValueError for what is no probability, for a confidence that two answers could have, and
    for a test that tells nothing: it must say NEW more often on NEW revisions than on OLD ones.
    """

    false_old: Rate = 0.0  # P(says OLD | is NEW)
    false_new: Rate = 0.0  # P(says NEW | is OLD)
    confidence: float = 0.99
    no_transition: float = 0.01

    def __post_init__(self) -> None:
        for rate in (*_grid(self.false_old), *_grid(self.false_new)):
            if not 0 <= rate < 1:
                raise ValueError(f"an error rate of {rate} is not in 0 ... 1")
        if not self.rates():
            raise ValueError("false_old + false_new must be below 1: else the test tells nothing")
        if not 0.5 < self.confidence <= 1:
            raise ValueError(f"a confidence of {self.confidence} is not above 0.5, up to 1")
        if not 0 <= self.no_transition < 0.5:
            raise ValueError(f"no_transition is {self.no_transition}, not in 0 ... 0.5")

    def rates(self) -> tuple[tuple[float, float], ...]:
        """The pairs (false_old, false_new) that may be, all equally likely beforehand."""
        return tuple(
            (false_old, false_new)
            for false_old in _grid(self.false_old)
            for false_new in _grid(self.false_new)
            if false_old + false_new < 1
        )


# Every run tells the truth, and there is a first NEW revision.
EXACT = Noise(confidence=1.0, no_transition=0.0)


class Runs(NamedTuple):
    """How often a test said what, on some set of revisions."""

    new: int = 0
    old: int = 0

    def plus(self, is_new: bool) -> Runs:
        """One run more."""
        return Runs(self.new + is_new, self.old + (not is_new))


class Fit(NamedTuple):
    """How well a hypothesis explains the runs, and how the test errs if the hypothesis holds."""

    likelihood: float  # relative to the other hypotheses'
    false_old: float  # the mean of what the rate may be
    false_new: float


def fits(noise: Noise, on_new: Collection[Runs], in_all: Runs) -> dict[Runs, Fit]:
    """The fit of hypotheses, by the runs on those revisions that each of them takes for NEW.

    `in_all` counts all the runs: the others were on OLD ones.
    """
    rates = noise.rates()
    logs = [(_log(1 - fo), _log(fo), _log(fn), _log(1 - fn)) for fo, fn in rates]
    likelihoods = {
        runs: [
            runs.new * right_new
            + runs.old * false_old
            + (in_all.new - runs.new) * false_new
            + (in_all.old - runs.old) * right_old
            for right_new, false_old, false_new, right_old in logs
        ]
        for runs in on_new
    }
    peak = max(map(max, likelihoods.values()))
    return {
        runs: _fit([math.exp(log - peak) for log in each], rates)
        for runs, each in likelihoods.items()
    }


def _fit(likelihoods: list[float], rates: tuple[tuple[float, float], ...]) -> Fit:
    """Integrate the rates out."""
    total = sum(likelihoods)
    if not total:
        return Fit(0.0, 0.0, 0.0)
    weighed = list(zip(likelihoods, rates, strict=True))
    return Fit(
        total / len(rates),
        sum(likelihood * false_old for likelihood, (false_old, _) in weighed) / total,
        sum(likelihood * false_new for likelihood, (_, false_new) in weighed) / total,
    )


def _log(rate: float) -> float:
    return math.log(rate) if rate else _LOG_0
