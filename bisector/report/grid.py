"""The judgements of a patch as a grid: a row for each revision, a column for each scenario."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bisector.record.patch_events import Cell, Judged
from bisector.record.patch_outcome import Outcome
from bisector.record.words import How
from bisector.report.collapse import collapse

_WORDS: Mapping[str, str] = {How.ALREADY: "already there"}
FINE = (Outcome.FIXES, Outcome.NOT_NEEDED, Outcome.UNHARMED)
_PLAIN = (Outcome.NOT_NEEDED, Outcome.UNHARMED)  # said without numbers
_UNCOUNTED = (Outcome.CONFLICT, Outcome.UNBUILDABLE)  # true of a revision, whatever the variant


@dataclass(frozen=True)
class Row:
    """A revision, or a branch at it: how the patches applied, and the judgements by scenario."""

    name: str
    revision: str
    subject: str
    how: str
    judged: Mapping[str, Judged]


@dataclass(frozen=True)
class Trouble:
    """Variants that went wrong for the same reason; ``variants`` are texts as collapse() makes."""

    variants: tuple[str, ...]
    reason: str


def scenarios(judged: Sequence[Judged]) -> list[str]:
    """The grid's columns; the scenarios that the patch is meant to fix come first."""
    ordered = sorted(judged, key=lambda one: not one.wanted)
    return list(dict.fromkeys(one.scenario for one in ordered))


def rows(judged: Sequence[Judged]) -> list[Row]:
    """The grid's rows, in the order in which they were judged."""
    found: dict[tuple[str, str], dict[str, Judged]] = {}
    for one in judged:
        found.setdefault((one.revision, one.branch), {})[one.scenario] = one
    return [_row(branch, by_scenario) for (_, branch), by_scenario in found.items()]


def _row(branch: str, judged: Mapping[str, Judged]) -> Row:
    one = next(iter(judged.values()))
    name = f"{branch} ({one.name})" if branch and branch != one.name else one.name
    return Row(name, one.revision, one.subject, applied(one), judged)


def applied(one: Judged) -> str:
    """How the patches applied; one word if all did in the same way."""
    how = [_WORDS.get(word, word) for word in one.how]
    return how[0] if len(set(how)) == 1 else ", ".join(how)


def tally(one: Judged) -> str:
    """The number of variants with this outcome, and the other outcomes: `20 of 30, breaks 2`."""
    counts = Counter(cell.outcome for cell in one.cells)
    total = len(one.cells)
    if total < 2 or one.outcome in _UNCOUNTED:
        return ""
    first = [] if one.outcome in _PLAIN else [f"{counts[one.outcome]} of {total}"]
    rest = [
        f"{outcome} {number}"
        for outcome, number in counts.most_common()
        if outcome not in (one.outcome, *_PLAIN)
    ]
    return ", ".join([*first, *rest])


def summed(one: Judged) -> str:
    """The text of a grid's cell: the outcome with its tally."""
    return f"{one.outcome} {tally(one)}".strip()


def troubles(one: Judged) -> list[Trouble]:
    """The variants that caused an outcome that is not fine, grouped by reason; else none."""
    if one.outcome in FINE:
        return []
    groups: dict[str, list[Cell]] = {}
    for cell in one.cells:
        if cell.outcome is one.outcome and cell.reason != one.problem:
            groups.setdefault(re.sub(r"\d+", "#", cell.reason), []).append(cell)
    among = [cell.variant for cell in one.cells]
    return [
        Trouble(tuple(collapse([cell.variant for cell in cells], among)), bare(cells[0].reason))
        for cells in groups.values()
    ]


def problem(one: Judged) -> list[str]:
    """The judgement's problem in lines; none if the outcome is fine in spite of it."""
    return one.problem.split("; ") if one.problem and one.outcome not in FINE else []


def bare(reason: str) -> str:
    """A line of VTest's log without the marks that it begins with."""
    return reason.lstrip("-* ")
