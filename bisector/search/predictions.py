"""What a measurement is expected to show under each hypothesis, and the information of that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from bisector.search.change_point import Gap, Posterior
from bisector.search.levels import BothSides, Estimate, both_sides

_LIKELY = 0.002  # hypotheses of less probability are not told apart
# The nodes and weights of the Gauss-Hermite quadrature of order 7, for a standard normal variable
# (Abramowitz and Stegun, Handbook of Mathematical Functions, table 25.10).
_NODES = (
    (0.0, 0.457142857142858),
    (1.154405394739968, 0.240123178605013),
    (-1.154405394739968, 0.240123178605013),
    (2.366759410734541, 0.030757123967586),
    (-2.366759410734541, 0.030757123967586),
    (3.750439717725742, 0.000548268855972),
    (-3.750439717725742, 0.000548268855972),
)


class Part(NamedTuple):
    """One hypothesis: its probability, and what a measurement would show under it."""

    probability: float
    value: Estimate


Mixture = tuple[Part, ...]


class Predictions:
    """What measurements are expected to show under each hypothesis, by the likeliest scales."""

    def __init__(self, posterior: Posterior) -> None:
        self._posterior = posterior
        self.likely = [gap for gap in posterior.gaps if gap.probability > _LIKELY]

    def again(self, index: int) -> Mixture:
        """What another run of the measured commit *index* would show."""
        noise = self._posterior.scales.noise**2
        jitter = self._posterior.scales.jitter**2
        seen = self._posterior.samples.measured[index]
        own = Estimate(seen.mean, noise / seen.runs)
        parts = []
        for probability, sides in self._sides:
            # the level without the commit's own measurement, its jitter, then what it showed
            value = self._others(sides, index).widened(jitter).times(own)
            parts.append(Part(probability, value.widened(noise)))
        return tuple(parts)

    def inside(self, gap: Gap, weight: float, share: float) -> Mixture:
        """What a run of a commit inside *gap* would show.

        Up to it and itself, the commit has this part of the gap's *weight* and of its drift
        (*share*).
        """
        scales, jump = self._posterior.scales, self._posterior.jump**2
        spread = scales.jitter**2 + scales.noise**2
        parts = []
        for (probability, sides), about in zip(self._sides, [None, *self.likely], strict=True):
            left, right = sides.before[gap.index].level, sides.after[gap.index + 1].level
            drift = self._posterior.likeliest.gaps[gap.index]
            left, right = left.widened(drift * share), right.widened(drift * (1 - share))
            if about is gap:
                jumped = left.widened(jump).times(right)
                not_yet = left.times(right.widened(jump))
                parts.append(Part(probability * weight, jumped.widened(spread)))
                parts.append(Part(probability * (1 - weight), not_yet.widened(spread)))
            else:
                parts.append(Part(probability, left.times(right).widened(spread)))
        return tuple(parts)

    @cached_property
    def _sides(self) -> list[tuple[float, BothSides]]:
        """Probability and messages: without a jump, then with one in each of the likely gaps."""
        posterior = self._posterior
        plain = posterior.likeliest
        sides = [(posterior.never, plain)]
        for gap in self.likely:
            gaps = list(plain.gaps)
            gaps[gap.index] += posterior.jump**2
            both = both_sides(posterior.samples.measured, posterior.scales, gaps)
            sides.append((gap.probability, both))
        return sides

    def _others(self, sides: BothSides, index: int) -> Estimate:
        """The level at a measured commit by the other commits' measurements."""
        last = len(sides.before) - 1
        near = []
        if index > 0:
            near.append(sides.before[index - 1].level.widened(sides.gaps[index - 1]))
        if index < last:
            near.append(sides.after[index + 1].level.widened(sides.gaps[index]))
        return near[0] if len(near) == 1 else near[0].times(near[1])


def information(mixture: Sequence[Part]) -> float:
    """The expected information of a measurement on which part of *mixture* holds, in bits.

    The mean over all parts of the divergence of the part from the mixture, by quadrature.
    """
    total = math.fsum(part.probability for part in mixture)
    parts = [part for part in mixture if part.probability > _LIKELY / 4 * total]
    return math.fsum(_divergence(part, parts, total) for part in parts) / total


def _divergence(part: Part, parts: Sequence[Part], total: float) -> float:
    """The divergence of *part* from all *parts*, in bits times its probability."""
    mean, variance = part.value
    deviation = math.sqrt(variance)
    bits = 0.0
    for node, weight in _NODES:
        value = mean + node * deviation
        mixed = math.fsum(
            other.probability / total * _density(value, other.value) for other in parts
        )
        bits += weight * math.log2(_density(value, part.value) / mixed)
    return part.probability * max(0.0, bits)


def _density(value: float, expected: Estimate) -> float:
    """The density at *value*, up to a factor that is the same for all."""
    mean, variance = expected
    return math.exp(-((value - mean) ** 2) / (2 * variance)) / math.sqrt(variance)
