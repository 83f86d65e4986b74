"""A queue as text for a terminal: what is open on each branch, the picks, the rest in short."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from bisector.record.queue_events import Evidence, Queued
from bisector.record.summary import Summary
from bisector.report import queue_rows
from bisector.report.layout import counted, indented, row, shortened, table
from bisector.report.queue_rows import Branch

_FEW = 20  # rows of a branch that are all shown
_REASONS = 5
_DEEPER = 12
_NARROWEST = 60  # columns; text in less cannot be read
_HEAD = ["verdict", "commit", "applies", "evidence", "subject"]
_EVIDENCE = {
    Evidence.HISTORY: "history",
    Evidence.LINES: "lines",
    Evidence.MESSAGE: "message",
}


def section(summary: Summary, width: int = 0) -> list[str]:
    """The tables of all branches; *width* is a terminal's, 0 for lines of any length."""
    width = max(width, _NARROWEST) if width else 0
    lines: list[str] = []
    for branch in queue_rows.branches(summary):
        lines += ["", *_branch(branch, width), ""]
    return lines


def _branch(branch: Branch, width: int) -> Iterator[str]:
    source = f" from {branch.series.source}" if branch.series else ""
    yield f"{branch.name}{source}: {queue_rows.in_short(branch)}"
    few = len(branch.rows) <= _FEW
    usual, _ = next(iter(queue_rows.reasons(branch.picks)), ("", 0))
    yield from _table("to look at", branch.open, width)
    if few:
        yield from _table("to pick", branch.picks, width)
        yield from _table("nothing to do", branch.rest, width)
    else:
        unless = f", unless a reason is given: {usual}" if branch.picks else ""
        yield from _table(f"to pick{unless}", branch.picks, width, usual)
        yield from _counted(branch.rest)
    if branch.series:
        first, *more = queue_rows.series_said(branch.series)
        yield ""
        yield from row("series", first, more)


def _table(title: str, rows: Sequence[Queued], width: int, usual: str = "") -> Iterator[str]:
    """*rows* under a title; the reason is left out where it is the *usual* one."""
    if not rows:
        return
    yield from ("", f"{title}:", "")
    head, *lines = table([_HEAD, *(_cells(one) for one in rows)])
    yield _fitted(head, width)
    for one, line in zip(rows, lines, strict=True):
        yield _fitted(line, width)
        why = [] if one.why == usual else [one.why]
        full = queue_rows.details if not queue_rows.is_settled(one) else queue_rows.briefly
        yield from _wrapped([*why, *full(one)], width)


def _cells(one: Queued) -> list[str]:
    found = queue_rows.evidence(one)
    shown = next((short for word, short in _EVIDENCE.items() if word == found), found)
    return [one.word, one.revision[:10], one.how or "-", shown or "-", one.subject]


def _counted(rows: Sequence[Queued]) -> Iterator[str]:
    """The number of *rows* by verdict and reason, and those of which the message says otherwise."""
    for word in dict.fromkeys(one.word for one in rows):
        some = [one for one in rows if one.word is word]
        reasons = queue_rows.reasons(some)
        texts = [[str(number), why] for why, number in reasons[:_REASONS]]
        if left := sum(number for _, number in reasons[_REASONS:]):
            texts.append([str(left), "for other reasons; --html and --json have them all"])
        yield ""
        yield from row(word, counted(len(some), "fix"), table(texts))
    for one in rows:
        if one.differs:
            yield from row("but", f"{one.revision[:10]} {one.subject}", [one.differs])


def _fitted(line: str, width: int) -> str:
    return shortened(line, width) if width else line


def _wrapped(lines: Sequence[str], width: int) -> list[str]:
    if width:
        lines = [
            part
            for line in lines
            for part in textwrap.wrap(line, width - _DEEPER, subsequent_indent="  ")
        ]
    return indented(lines, _DEEPER)
