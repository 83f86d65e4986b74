"""The level of a metric along a line of commits, estimated from both sides; pure functions.

The model is a local level: from one commit to the next the level changes by a little *drift*, a
random walk. A measurement shows the level plus the *jitter* of that commit's binary, which every
repetition of it has (the layout of its code, say), plus the noise of the run. Levels are logarithms
of the metric, so differences are relative.

Forward and backward messages (a Kalman filter from each end; Durbin and Koopman, Time Series
Analysis by State Space Methods, 2012, chapters 2 and 4) give the likelihood of a jump in each gap
between two measured commits with one pass over the measurements.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_LOG_2_PI = math.log(2 * math.pi)


class Estimate(NamedTuple):
    """A normal distribution."""

    mean: float
    variance: float

    def widened(self, variance: float) -> Estimate:
        """After an independent change of mean 0 and of *variance*."""
        return Estimate(self.mean, self.variance + variance)

    def times(self, other: Estimate) -> Estimate:
        """Both, as independent knowledge of one quantity."""
        share = other.variance / (self.variance + other.variance)
        mean = share * self.mean + (1 - share) * other.mean
        return Estimate(mean, share * self.variance)


class Message(NamedTuple):
    """What the measurements on one side, its own included, say of the level at a commit.

    ``log`` is the logarithm of their likelihood, each given those further away.
    """

    level: Estimate
    log: float


class Measured(NamedTuple):
    """The measurements of one commit: the number of runs and the mean of their logarithms."""

    position: int
    runs: int
    mean: float


@dataclass(frozen=True)
class Scales:
    """Standard deviations of logarithms: of one run, of a binary, of the drift over all commits."""

    noise: float
    jitter: float
    drift: float

    def spread(self, count: int) -> float:
        """The variance of the mean of *count* runs of one binary about the level."""
        return self.jitter**2 + self.noise**2 / count


def log_density(difference: float, variance: float) -> float:
    """The logarithm of the density of a normal variable of mean 0 at *difference*."""
    return -(difference**2 / variance + math.log(variance) + _LOG_2_PI) / 2


def messages(
    measured: Sequence[Measured], scales: Scales, gaps: Iterable[float]
) -> tuple[Message, ...]:
    """The message at each of *measured* from those before it.

    *gaps* are the variances of the level's change from each to the next one. Before the first one
    nothing is known of the level.
    """
    first = measured[0]
    said = [Message(Estimate(first.mean, scales.spread(first.runs)), 0.0)]
    for one, gap in zip(measured[1:], gaps, strict=True):
        level, log = said[-1]
        expected, seen = level.widened(gap), Estimate(one.mean, scales.spread(one.runs))
        surprise = log_density(one.mean - expected.mean, expected.variance + seen.variance)
        said.append(Message(expected.times(seen), log + surprise))
    return tuple(said)


@dataclass(frozen=True)
class BothSides:
    """The messages at each measured commit from before it and from after it."""

    before: tuple[Message, ...]
    after: tuple[Message, ...]
    gaps: tuple[float, ...]  # variances

    @property
    def log_likelihood(self) -> float:
        """The logarithm of the likelihood of all measurements without a jump."""
        return self.before[-1].log

    def step(self, gap: int) -> Estimate:
        """The change of the level in *gap*, from the measurements on either side of it."""
        left, right = self.before[gap].level, self.after[gap + 1].level
        return Estimate(right.mean - left.mean, left.variance + right.variance + self.gaps[gap])

    def log_with_jump(self, gap: int, variance: float) -> float:
        """The logarithm of the likelihood with a jump of mean 0 and of *variance* in *gap*."""
        mean, spread = self.step(gap)
        return self.before[gap].log + self.after[gap + 1].log + log_density(mean, spread + variance)


def both_sides(measured: Sequence[Measured], scales: Scales, gaps: Sequence[float]) -> BothSides:
    """The messages from both ends."""
    before = messages(measured, scales, gaps)
    after = messages(measured[::-1], scales, gaps[::-1])
    return BothSides(before, after[::-1], tuple(gaps))
