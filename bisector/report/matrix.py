"""The judgements of a patch as a text table, with details below the rows that are not fine."""

from __future__ import annotations

from collections.abc import Sequence

from bisector.record.patch_events import Judged
from bisector.record.patch_outcome import Outcome
from bisector.report import grid
from bisector.report.layout import indented, listed, row, table

_PROBLEMS = 4  # hunks that conflict
_REASONS = 2  # groups of variants that are shown below a row
_BOXES = 3  # descriptions of variants in a group
_DEEPER = 4
_AS_ABOVE = "as above"


def section(judged: Sequence[Judged]) -> list[str]:
    """The table with a legend; no lines if nothing was judged."""
    if not judged:
        return []
    columns, rows = grid.scenarios(judged), grid.rows(judged)
    texts = [["revision", "applied", *columns]]
    for one in rows:
        cells = [_cell(one.judged.get(scenario)) for scenario in columns]
        texts.append([one.name, one.how or "-", *cells])
    head, *lines = table(texts)
    shown = [head]
    before: list[str] = []
    for one, line in zip(rows, lines, strict=True):
        wrong = details(list(one.judged.values()))
        shown.append(line)
        shown += indented([_AS_ABOVE] if wrong and wrong == before else wrong, _DEEPER)
        before = wrong
    return ["", *shown, *_legend(judged), ""]


def details(judged: Sequence[Judged]) -> list[str]:
    """What is wrong at one revision: the problems, then the variants by reason."""
    problems = list(dict.fromkeys(line for one in judged for line in grid.problem(one)))
    lines = problems[:_PROBLEMS]
    if len(problems) > _PROBLEMS:
        lines.append(f"and {len(problems) - _PROBLEMS} more")
    for one in judged:
        found = grid.troubles(one)
        for trouble in found[:_REASONS]:
            which = listed([f"[{box}]" for box in trouble.variants], _BOXES)
            lines.append(f"{one.scenario} {one.outcome}: {which}")
            if trouble.reason:
                lines.append(f"    {trouble.reason}")
        if len(found) > _REASONS:
            lines.append(f"    and {len(found) - _REASONS} other reasons")
    return lines


def judged_line(one: Judged) -> str:
    """The line for a judgement during the job, with details below."""
    name = one.branch or one.name
    line = f"{one.outcome:<11} {name:<20} {one.scenario:<16} {grid.tally(one):<10} "
    return "\n".join([f"{line} {grid.applied(one)}".rstrip(), *indented(details([one]))])


def _cell(one: Judged | None) -> str:
    return grid.summed(one) if one else "-"


def _legend(judged: Sequence[Judged]) -> list[str]:
    toolchains = " and ".join(dict.fromkeys(one.toolchain for one in judged if one.toolchain))
    lines = row("built with", toolchains) if toolchains else []
    if any(one.outcome is Outcome.FIXES and grid.tally(one) for one in judged):
        lines += row("fixes", "n of m: n of m variants are bad before the patch and good after it")
    return ["", *lines] if lines else []
