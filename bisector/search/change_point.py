"""The posterior of where a metric changed: in which gap between measured commits, or nowhere.

One jump is looked for at a time, as in a single-effect regression (Wang, Sarkar, Carbonetto and
Stephens 2020, "A simple new approach to variable selection in regression"): jumps that are known
are allowed for, smaller ones count as drift. The scales of noise, jitter and drift, and that of the
jump, are unknown; their values on a grid are weighted by how well they explain the measurements.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from bisector.search.levels import BothSides, Estimate, Measured, Scales, both_sides

NEVER = 0.2  # the prior probability that no commit of the range changes the metric by so much
# A change counts if it is larger than this part of the threshold: one that is just as large as the
# threshold must not be missed for an estimate that is a little smaller.
COUNTS = 0.5

_NOISE = tuple(1e-5 * 2**step for step in range(16))  # 0.001 % to 33 %
_JITTER = (0.003, 0.03, 0.1, 0.3)  # in units of the threshold, as the others
_DRIFT = (0.01, 0.1, 0.4, 1.5)
_JUMP = (1.0, 4.0, 20.0)
_KNOWN_JUMP = 100.0  # the variance at a known jump, whose size is not assumed
_NEGLIGIBLE = 1e-6  # the weight of scales that are left out


@dataclass(frozen=True)
class Samples:
    """The measurements: ``measured`` in the order of the commits, and the scatter of repetitions.

    ``scatter`` is the sum of the squared deviations from the mean of the same commit, ``freedom``
    the number of measurements less the number of commits.
    """

    measured: tuple[Measured, ...]
    scatter: float
    freedom: int

    @classmethod
    def of(cls, values: dict[int, list[float]]) -> Samples:
        """From the logarithms of all values, by position."""
        means = {at: math.fsum(logs) / len(logs) for at, logs in values.items()}
        scatter = math.fsum((log - means[at]) ** 2 for at, logs in values.items() for log in logs)
        measured = tuple(Measured(at, len(values[at]), means[at]) for at in sorted(values))
        return cls(measured, scatter, sum(map(len, values.values())) - len(values))

    def log_noise(self, noise: float) -> float:
        """The logarithm of the likelihood of the scatter if the *noise* is that large."""
        return -self.freedom * math.log(noise) - self.scatter / (2 * noise**2)


@dataclass(frozen=True)
class Gap:
    """A hypothesis: a jump among the commits after one measured commit, up to the next one."""

    index: int  # of the measured commit before it
    probability: float  # that there is the one jump looked for, and larger than what counts
    effect: Estimate  # of the jump, if it is there


@dataclass(frozen=True)
class Posterior:
    """The probability of a jump in each gap; ``likeliest`` are the scales that explain it best."""

    samples: Samples
    gaps: tuple[Gap, ...]
    likeliest: BothSides
    scales: Scales
    jump: float  # the standard deviation of jumps, likewise

    @cached_property
    def never(self) -> float:
        """The probability that there is no jump that counts, besides those that are known."""
        return max(0.0, 1 - math.fsum(gap.probability for gap in self.gaps))

    @property
    def best(self) -> Gap:
        """The likeliest gap."""
        return max(self.gaps, key=lambda gap: gap.probability)


def posterior(
    samples: Samples,
    weights: Sequence[float],
    drifts: Sequence[float],
    threshold: float,
    known: Collection[int] = (),
) -> Posterior:
    """The posterior of one more jump.

    For each gap *weights* has the prior weight of its commits, *drifts* their share of all commits;
    *known* are indexes of gaps with a known jump. *threshold* is the logarithm of the change that
    the user asks for.
    """
    total = math.fsum(weights) or 1.0
    prior = [
        0.0 if gap in known else (1 - NEVER) * weight / total for gap, weight in enumerate(weights)
    ]
    models = list(_models(samples, drifts, threshold, known))
    logs = [
        [
            math.log(NEVER) + log + sides.log_likelihood,
            *(
                math.log(prior[gap] / len(_JUMP))
                + log
                + sides.log_with_jump(gap, (threshold * jump) ** 2)
                for jump in _JUMP
                for gap in range(len(prior))
                if prior[gap]
            ),
        ]
        for log, _, sides in models
    ]
    peak = max(map(max, logs))
    return _summed(samples, prior, threshold, models, logs, peak)


Model = tuple[float, Scales, BothSides]  # the logarithm of its weight by the scatter alone


def _models(
    samples: Samples, drifts: Sequence[float], threshold: float, known: Collection[int]
) -> list[Model]:
    """The models of the grid, without those of noise that the scatter excludes."""
    scatter = {noise: samples.log_noise(noise) for noise in _NOISE}
    most = max(scatter.values())
    models = []
    for noise, jitter, drift in itertools.product(_NOISE, _JITTER, _DRIFT):
        if scatter[noise] < most + math.log(_NEGLIGIBLE):
            continue
        scales = Scales(noise, jitter * threshold, drift * threshold)
        gaps = [
            _KNOWN_JUMP if gap in known else share * scales.drift**2
            for gap, share in enumerate(drifts)
        ]
        sides = both_sides(samples.measured, scales, gaps)
        models.append((scatter[noise], scales, sides))
    return models


def _summed(
    samples: Samples,
    prior: Sequence[float],
    threshold: float,
    models: Sequence[Model],
    logs: Sequence[Sequence[float]],
    peak: float,
) -> Posterior:
    """Sum over all models: *logs* has each one's hypotheses, *peak* is their largest."""
    possible = [gap for gap in range(len(prior)) if prior[gap]]
    chance = dict.fromkeys(possible, 0.0)
    effects: dict[int, list[tuple[float, Estimate]]] = {gap: [] for gap in possible}
    total, best = 0.0, (-1.0, models[0], _JUMP[0])
    for model, hypotheses in zip(models, logs, strict=True):
        weights = [math.exp(log - peak) for log in hypotheses]
        total += math.fsum(weights)
        jumps = iter(weights[1:])
        for jump in _JUMP:
            here = 0.0
            for gap in possible:
                weight = next(jumps)
                here += weight
                if weight > _NEGLIGIBLE * total:
                    effect = _shrunk(model[2].step(gap), (threshold * jump) ** 2)
                    chance[gap] += weight * _beyond(effect, COUNTS * threshold)
                    effects[gap].append((weight, effect))
            if here + weights[0] > best[0]:
                best = (here + weights[0], model, jump)
    gaps = tuple(
        Gap(gap, chance[gap] / total, _mixed(effects[gap]) if gap in effects else Estimate(0, 0))
        for gap in range(len(prior))
        if gap in chance
    )
    _, (_, scales, sides), jump = best
    return Posterior(samples, gaps, sides, scales, jump * threshold)


def _shrunk(step: Estimate, variance: float) -> Estimate:
    """The jump, of prior *variance*, if the level's change is seen as *step*."""
    return Estimate(0.0, variance).times(step)


def _beyond(effect: Estimate, size: float) -> float:
    """The probability that the effect is larger than *size*, up or down."""
    scale = math.sqrt(2 * effect.variance)
    up = math.erfc((size - effect.mean) / scale)
    return (up + math.erfc((size + effect.mean) / scale)) / 2


def _mixed(effects: Sequence[tuple[float, Estimate]]) -> Estimate:
    """The mean and the variance of a mixture."""
    total = math.fsum(weight for weight, _ in effects)
    if not total:
        return Estimate(0.0, 0.0)
    mean = math.fsum(weight * one.mean for weight, one in effects) / total
    spread = (weight * (one.variance + (one.mean - mean) ** 2) for weight, one in effects)
    return Estimate(mean, math.fsum(spread) / total)
