"""Prove a change of a metric: measure the commit and its parent in turns, with a real toolchain."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bisector.build.toolchain import Toolchain
from bisector.jobs.metric.measuring import Measurer
from bisector.jobs.metric.reference import compared_with
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.metric_events import Compared, FunctionCost, LaidOut, Shifted
from bisector.record.words import Purpose
from bisector.search.change_point import COUNTS
from bisector.search.intervals import Interval, difference
from bisector.system.files import read_regular

TURNS = 3  # of A B B A
MOST_TURNS = 12
CONFIDENCE = 0.99
_FUNCTIONS = 10
_MOST_BYTES = 64 << 20  # of a log

# Ways to lay out the code that change nothing else. A change of a few percent in time can come from
# an alignment alone (Mytkowicz, Diwan, Hauswirth and Sweeney 2009, "Producing wrong data without
# doing anything obviously wrong").
LAYOUTS = ("-falign-functions=64 -falign-loops=32", "-falign-functions=1 -falign-loops=1")


@dataclass(frozen=True)
class InTurns:
    """Two revisions measured in turns: logarithms and probes by revision, and the difference.

    ``doubt`` says why there is none.
    """

    values: Mapping[str, list[float]]
    probes: Mapping[str, Probed]
    interval: Interval | None
    doubt: str = ""


@dataclass(frozen=True)
class Comparison:
    """Measures two revisions in turns until the interval of their difference is clear.

    ``threshold`` is the relative change that was asked for.
    """

    prober: Prober
    toolchain: Toolchain
    threshold: float

    @property
    def _least(self) -> float:
        """The smallest change that counts, of the logarithm."""
        return COUNTS * math.log1p(self.threshold)

    def of(self, shifted: Shifted, old: str) -> Compared:
        """The comparison of the commit of *shifted* with *old*, the revision before its candidates.

        Raises what a probe raises.
        """
        new, name = shifted.revision, self.toolchain.name
        measured = self._measured(old, new, self.toolchain)
        doubts = list(self._objections(shifted, measured, f"built with {name}"))
        layouts = []
        if not doubts and self.prober.context.oracle.is_disturbed_by_load:
            for options in LAYOUTS:
                other = self._measured(old, new, self.toolchain.laid_out(options))
                layouts.append(LaidOut(options, *_relative(other.interval)))
                doubts += self._objections(shifted, other, f"with {options}")
        if len(shifted.revisions) > 1:
            doubts.append("the others before it cannot be measured")
        effect, low, high = _relative(measured.interval)
        return Compared(
            old,
            new,
            before=_mean(measured.values[old]),
            after=_mean(measured.values[new]),
            effect=effect,
            low=low,
            high=high,
            runs=min(map(len, measured.values.values())),
            toolchain=name,
            doubt="; ".join(dict.fromkeys(doubts)),
            functions=self._functions(measured.probes.get(old), measured.probes.get(new)),
            layouts=tuple(layouts),
            relative=self.prober.context.oracle.is_disturbed_by_load,
        )

    def _measured(self, old: str, new: str, toolchain: Toolchain) -> InTurns:
        """Measure both in turns, until it is clear whether the difference counts."""
        values: dict[str, list[float]] = {old: [], new: []}
        probes: dict[str, Probed] = {}
        interval = None
        with compared_with(self.prober, old, toolchain) as oracle:
            measurer = Measurer(self.prober, toolchain, oracle)
            for turn in range(MOST_TURNS):
                if turn >= TURNS and interval and self._is_clear(interval):
                    break
                for probed in measurer.measure((old, new, new, old), Purpose.COMPARE):
                    samples = measurer.samples(probed)
                    if not samples:
                        doubt = f"{probed.name} cannot be measured: {probed.reason}"
                        return InTurns(values, probes, None, doubt)
                    values[probed.revision] += map(math.log, samples)
                    probes[probed.revision] = probed
                interval = difference(values[old], values[new], CONFIDENCE)
        return InTurns(values, probes, interval)

    def _is_clear(self, interval: Interval) -> bool:
        """Whether the interval is on one side of the smallest change that counts."""
        return not any(interval.low <= end <= interval.high for end in (self._least, -self._least))

    def _objections(self, shifted: Shifted, measured: InTurns, how: str) -> Iterator[str]:
        """Why what was *measured*, in builds made *how*, does not prove the change."""
        interval = measured.interval
        if interval is None:
            yield measured.doubt
        elif not self._is_clear(interval) or abs(interval.difference) < self._least:
            _, low, high = _relative(interval)
            yield f"{how} the change is {low:+.2%} to {high:+.2%}"
        elif (interval.difference > 0) is not (shifted.effect > 0):
            yield f"{how} the change has the other sign"

    def _functions(self, old: Probed | None, new: Probed | None) -> tuple[FunctionCost, ...]:
        """The functions whose costs differ most, if the logs have them."""
        oracle = self.prober.context.oracle
        before, after = (
            oracle.costs(read_regular(Path(one.log), _MOST_BYTES)) if one else {}
            for one in (old, new)
        )
        if not before or not after:
            return ()
        both = [FunctionCost(n, before.get(n, 0), after.get(n, 0)) for n in {**before, **after}]
        both.sort(key=lambda one: (-abs(one.after - one.before), one.name))
        return tuple(one for one in both[:_FUNCTIONS] if one.before != one.after)


def _mean(logs: list[float]) -> float:
    return math.exp(math.fsum(logs) / len(logs)) if logs else 0.0


def _relative(interval: Interval | None) -> tuple[float, float, float]:
    """The difference of logarithms and its interval as relative changes; 0 for none."""
    if interval is None:
        return 0.0, 0.0, 0.0
    return math.expm1(interval.difference), math.expm1(interval.low), math.expm1(interval.high)
