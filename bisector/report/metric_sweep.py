"""The section on a sweep that measures: the values of its revisions, oldest first; pure."""

from __future__ import annotations

from itertools import pairwise

from bisector.record.summary import Summary
from bisector.record.words import Job
from bisector.report.layout import counted, row, table
from bisector.report.metric_text import Point, amount, blocks, percent, points


def measured(summary: Summary) -> list[Point]:
    """The measured revisions of a sweep; none for other jobs."""
    return points(summary) if summary.started.job is Job.SWEEP else []


def rows(summary: Summary) -> list[list[str]]:
    """Name, value and change of each measured revision."""
    found = measured(summary)
    changes = [_change(before, after) for before, after in pairwise(found)]
    return [
        [one.name, amount(one.mean), percent(change) if change is not None else ""]
        for one, change in zip(found, [None, *changes], strict=False)
    ]


def section(summary: Summary) -> list[str]:
    """The terminal's rows on what was measured; none for other jobs."""
    first, *rest = table(rows(summary)) or [""]
    if not first:
        return []
    drawn = blocks([one.mean for one in measured(summary)])
    return [*row("measured", first, rest), *row("", drawn)]


def said(summary: Summary) -> str:
    """What was measured, in a sentence; '' for other jobs."""
    found = measured(summary)
    if not found:
        return ""
    first, last = found[0], found[-1]
    text = f"{counted(len(found), 'revision')}: from {amount(first.mean)} ({first.name}) to "
    text += f"{amount(last.mean)} ({last.name}), {percent(_change(first, last))}"
    if len(found) < 3:
        return text
    step = max(pairwise(found), key=lambda pair: abs(_change(*pair)))
    return f"{text}; the largest step is {percent(_change(*step))} at {step[1].name}"


def _change(before: Point, after: Point) -> float:
    return after.mean / before.mean - 1
