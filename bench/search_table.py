"""The table of bench/search: one row for the searches of each kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench import simulate
from bench.simulate import Cost
from bench.table import table


@dataclass(frozen=True)
class Row:
    """A line of the table: searches of one kind."""

    what: str  # the pairs, or the length of a simulated line
    priors: str
    at_once: int
    false_old: float
    searches: int
    mean: float  # probes
    p90: int
    most: int
    rounds: float
    right: float  # the share of the searches that found the culprit
    above: int  # searches of more than ceil(log2(commits)) + 2 rounds
    seconds: float  # as probes with gcc would take, 0 if that is not simulated
    bits: float | None  # a lower bound of the mean if the weights are probabilities


@dataclass(frozen=True)
class Run:
    """One search: its group, its cost, and the information in bits that it needed."""

    what: str
    priors: str
    at_once: int
    false_old: float
    total: int
    cost: Cost
    bits: float | None


def bits(weights: Mapping[str, float], culprit: str) -> float | None:
    """As simulate.bits(); None if the culprit has no weight."""
    return simulate.bits(weights, culprit) if weights[culprit] else None


def rows_of(runs: Sequence[Run]) -> list[Row]:
    """The rows of the table, in the order in which their first runs come."""
    groups: dict[tuple[str, int, float, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.what, run.at_once, run.false_old, run.priors), []).append(run)
    rows = []
    for (what, at_once, rate, name), group in groups.items():
        probes = sorted(run.cost.probes for run in group)
        count, limits = len(group), [math.ceil(math.log2(run.total)) + 2 for run in group]
        known = [run.bits for run in group if run.bits is not None]
        rows.append(
            Row(
                what=what,
                priors=name,
                at_once=at_once,
                false_old=rate,
                searches=count,
                mean=sum(probes) / count,
                p90=probes[math.ceil(0.9 * count) - 1],
                most=probes[-1],
                rounds=sum(run.cost.rounds for run in group) / count,
                right=sum(run.cost.right for run in group) / count,
                above=sum(run.cost.rounds > m for run, m in zip(group, limits, strict=True)),
                seconds=sum(run.cost.seconds for run in group) / count,
                bits=sum(known) / len(known) if known else None,
            )
        )
    return rows


def text_of(rows: Sequence[Row]) -> str:
    """The table as text."""
    head = ["searched", "priors", "at once", "false OLD", "n"]
    head += ["probes", "p90", "max", "rounds", "bits", "above", "right", "gcc s"]
    lines = [head]
    lines += [
        [
            *(row.what, row.priors, f"{row.at_once}", f"{row.false_old:.0%}", f"{row.searches}"),
            *(f"{row.mean:.2f}", f"{row.p90}", f"{row.most}", f"{row.rounds:.2f}"),
            *(f"{row.bits:.2f}" if row.bits is not None else "", f"{row.above}"),
            *(f"{row.right:.0%}", f"{row.seconds:.0f}" if row.seconds else ""),
        ]
        for row in rows
    ]
    return table(lines, left=(0, 1))
