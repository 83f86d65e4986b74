"""The texts about the change of a metric; pure functions."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bisector.record.events import Probed
from bisector.record.metric_events import Compared, FunctionCost, Searched, Shifted
from bisector.record.summary import Summary
from bisector.report.layout import counted, elided, row
from bisector.report.proof import commit

SURE = 0.95  # P(no other change) at which that is stated as a result
_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDEST = 60  # blocks in a line
_FUNCTIONS = 5


@dataclass(frozen=True)
class MetricChange:
    """A change that the search found, and the comparison that proves it or not; None for none."""

    shifted: Shifted
    compared: Compared | None

    @property
    def proven(self) -> bool:
        return self.compared is not None and self.compared.proven


@dataclass(frozen=True)
class Point:
    """A measured revision: its index in the range, its mean and the range of its samples."""

    place: int
    name: str
    mean: float
    low: float
    high: float


def changes(summary: Summary) -> list[MetricChange]:
    """The changes by the toolchain that the search ended with, the largest first."""
    ended = summary.searched
    if ended is None:
        return []
    compared = {one.new: one for one in summary.compared}
    return [
        MetricChange(one, compared.get(one.revision))
        for one in summary.shifted
        if one.toolchain == ended.toolchain
    ]


def points(summary: Summary) -> list[Point]:
    """The revisions that the search measured, in the order of the range."""
    ended = summary.searched
    toolchain = ended.toolchain if ended else summary.started.toolchain
    probes: dict[int, list[Probed]] = {}
    for probe in summary.probes:
        if probe.place is not None and probe.samples and probe.toolchain == toolchain:
            probes.setdefault(probe.place, []).append(probe)
    return [_point(place, probes[place]) for place in sorted(probes)]


def _point(place: int, probes: Sequence[Probed]) -> Point:
    samples = [sample for probe in probes for sample in probe.samples]
    return Point(place, probes[0].name, statistics.fmean(samples), min(samples), max(samples))


def percent(change: float, digits: int = 1) -> str:
    """A relative change, with its sign: `+2.1 %`."""
    return f"{100 * change:+.{digits}f} %"


def amount(value: float) -> str:
    """A value of a metric: `21,412`, `3.72`."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def blocks(values: Sequence[float]) -> str:
    """*values* as a row of blocks, the lowest and the highest value being the ends of the scale."""
    if not values:
        return ""
    step = max(1, -(-len(values) // _WIDEST))
    values = [statistics.fmean(values[at : at + step]) for at in range(0, len(values), step)]
    low, high = min(values), max(values)
    scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BLOCKS[round((value - low) * scale)] for value in values)


def proof(change: MetricChange, unit: str) -> Iterator[str]:
    """What was measured of a change, in lines."""
    shifted, compared = change.shifted, change.compared
    yield f"{percent(shifted.effect)} {unit} built with {shifted.toolchain}, " + (
        f"P = {shifted.probability:.3f}"
    )
    if compared is None:
        yield "not confirmed"
        return
    if compared.runs:
        yield (
            f"{'proven' if compared.proven else 'measured'} with {compared.toolchain}: "
            f"{percent(compared.effect)}, {_from_to(compared)}in {compared.runs} runs of each; "
            f"99 % interval {percent(compared.low)} to {percent(compared.high)}"
        )
    for one in compared.layouts:
        interval = f"{percent(one.low)} to {percent(one.high)}"
        yield f"{percent(one.effect)} with {one.options}, 99 % interval {interval}"
    if compared.doubt:
        yield f"not proven: {compared.doubt}"
    yield from map(function_line, compared.functions[:_FUNCTIONS])


def _from_to(compared: Compared) -> str:
    """Both values, unless they are multiples of the first one."""
    if compared.relative:
        return ""
    return f"from {amount(compared.before)} to {amount(compared.after)}, "


def function_line(cost: FunctionCost) -> str:
    """What one function costs more or less."""
    more = cost.after - cost.before
    return f"{cost.name}: {more:+,.0f} ({amount(cost.before)} → {amount(cost.after)})"


def no_other(searched: Searched, found: bool) -> str:
    """How sure it is that no other commit, or none at all, made such a change."""
    which = "no other commit" if found else "no commit"
    size = f"{100 * searched.threshold:g} %"
    return f"{which} changes it by {size} or more: P ≥ {searched.probability:.3f}"


def section(summary: Summary) -> list[str]:
    """The terminal's rows about the metric; none for other jobs."""
    ended = summary.searched
    if ended is None:
        return []
    lines, found = [], changes(summary)
    for one in found:
        names = [commit(one.shifted, index) for index in range(len(one.shifted.revisions))]
        more = proof(one, ended.unit)
        if len(names) == 1:
            lines += row("changed", names[0], list(more))
        else:
            lines += row("changed", f"in one of {len(names)} commits:", [*elided(names), *more])
    lines += row("no other" if found else "no change", no_other(ended, bool(found)))
    if measured := points(summary):
        lines += row("measured", plotted(measured, ended))
    return lines


def plotted(measured: Sequence[Point], searched: Searched) -> str:
    """The measured revisions as blocks, with the values at both ends."""
    first, last = measured[0], measured[-1]
    ends = " to ".join(f"{amount(one.mean)} ({one.name})" for one in (first, last))
    drawn = blocks([one.mean for one in measured])
    unit = f"times {first.name}" if searched.relative else searched.unit
    return f"{counted(len(measured), 'revision')}: {drawn}  {ends} {unit}"


def conclusion(summary: Summary) -> tuple[bool, str, str]:
    """Whether all is proven; the result in a word; more on it."""
    ended, found = summary.searched, changes(summary)
    if ended is None or not summary.answered:
        return False, "no answer", summary.ended.answer if summary.ended else "unfinished"
    if not found:
        sure = ended.probability >= SURE
        return sure, "no change" if sure else "not settled", no_other(ended, found=False)
    said = "; ".join(
        f"{one.shifted.revision[:10]} changes the {ended.unit} by "
        f"{percent(one.compared.effect if one.compared else one.shifted.effect)}"
        for one in found
    )
    proven = all(one.proven for one in found)
    return proven, "proven" if proven else "not proven", said
