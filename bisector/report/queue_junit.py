"""A queue as JUnit suites: one for each branch, with a case for each fix."""

from __future__ import annotations

from collections.abc import Iterator

from bisector.record.queue_events import Queued, Word
from bisector.record.summary import Summary
from bisector.report import queue_rows
from bisector.report.junit_case import FAILURE, SKIPPED, Case
from bisector.report.queue_rows import Branch

_WRONG = (Word.CONFLICT, Word.BREAKS)


def suites(summary: Summary) -> Iterator[tuple[str, list[Case]]]:
    """The suites: what is settled passes, what breaks or conflicts fails, the rest is skipped."""
    for branch in queue_rows.branches(summary):
        yield f"queue of {branch.name}", [_case(row, branch) for row in branch.rows]


def _case(row: Queued, branch: Branch) -> Case:
    name = f"{row.revision[:10]} {row.subject}"
    said = "\n".join([f"{row.word}: {row.why}", *queue_rows.details(row)])
    if queue_rows.is_settled(row):
        return Case(branch.name, name, output=said)
    what = FAILURE if row.word in _WRONG else SKIPPED
    text = "\n".join([*queue_rows.details(row), row.conflict]).strip()
    return Case(branch.name, name, what, f"{row.word}: {row.why}", text)
