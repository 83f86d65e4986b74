"""A queue as Markdown: what is open first, then the series, the lines to paste, the picks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bisector.record.queue_events import Queued
from bisector.record.summary import Summary
from bisector.report import queue_rows
from bisector.report.layout import counted
from bisector.report.markdown_blocks import Block, escape, fenced, strong, table
from bisector.report.queue_rows import Branch

_HEAD = ["verdict", "commit", "subject", "applies", "evidence", "why"]


def blocks(summary: Summary) -> Iterator[Block]:
    """The sections on all branches; what matters less comes last, where it may be left out."""
    branches = queue_rows.branches(summary)
    for branch in branches:
        yield from _open(branch)
    for branch in branches:
        yield from _series(branch)
    for branch in branches:
        yield from _rest(branch)
    for branch in branches:
        yield from _rows(f"{branch.name}: to pick", branch.picks)


def _open(branch: Branch) -> Iterator[Block]:
    yield Block((), (f"**{escape(branch.name)}** {escape(queue_rows.in_short(branch))}",))
    yield from _rows(f"{branch.name}: to look at", branch.open)


def _rows(title: str, rows: Sequence[Queued]) -> Iterator[Block]:
    if rows:
        found = table(_HEAD, [_cells(row) for row in rows])
        yield Block((f"**{escape(title)}**", "", *found.head), found.lines)


def _cells(row: Queued) -> list[str]:
    more = queue_rows.briefly(row) if queue_rows.is_settled(row) else queue_rows.details(row)
    return [
        strong(row.word, queue_rows.is_settled(row)),
        escape(row.revision[:10]),
        *map(escape, (row.subject, row.how or "", queue_rows.evidence(row))),
        escape("; ".join([row.why, *more])),
    ]


def _series(branch: Branch) -> Iterator[Block]:
    if branch.series:
        first, *more = queue_rows.series_said(branch.series)
        said = [f"**{escape(branch.name)}** {escape(first)}", *(f"- {escape(one)}" for one in more)]
        yield Block((), tuple(said))
    if branch.ticked:
        yield fenced(f"{branch.name}: to paste", [queue_rows.cherry_pick(branch.ticked)])


def _rest(branch: Branch) -> Iterator[Block]:
    if branch.rest:
        lines = [
            f"- {escape(f'{word}: {number}, {why}')}"
            for word, number, why in queue_rows.reasons_by_word(branch.rest)
        ]
        title = f"**{escape(branch.name)}** nothing to do for {counted(len(branch.rest), 'fix')}"
        yield Block((title, ""), tuple(lines))
    differing = [row for row in branch.rest if row.differs]
    yield from _rows(f"{branch.name}: where the message differs", differing)
