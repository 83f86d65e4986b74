"""The blocks of Markdown on a triage, to be pasted into an issue."""

from __future__ import annotations

from collections.abc import Iterator

from bisector.record.summary import Summary
from bisector.record.verdict import Verdict
from bisector.report import grid, triage_rows
from bisector.report.markdown_blocks import Block, escape, fenced, strong, table
from bisector.report.triage_text import commands


def tested(summary: Summary) -> Iterator[Block]:
    """The table of the tested revisions."""
    rows = [
        [escape(one.name), strong(one.verdict, one.verdict is Verdict.GOOD), escape(one.why)]
        for one in triage_rows.lines_of(summary)
    ]
    if rows:
        yield table(["tested", "verdict", ""], rows)


def spread(summary: Summary) -> Iterator[Block]:
    """What the history says of where the found commits are, and the affected releases."""
    said = [
        f"the {one.found.what}: {text}"
        for one in triage_rows.findings(summary)
        for text in triage_rows.spread(one, summary)
    ]
    said += triage_rows.affected(summary)
    said += [f"no answer for {text}" for text in triage_rows.unanswered(summary)]
    if said:
        yield Block((), tuple(f"- {escape(text)}" for text in said))


def repeated(summary: Summary) -> Iterator[Block]:
    """The evidence, and what others need to repeat the job."""
    bad = [one for one in summary.releases if one.verdict is Verdict.BAD]
    if lines := summary.evidence(bad[-1].revision) if bad else ():
        yield fenced(f"evidence, from the log at {bad[-1].release}", [*map(grid.bare, lines)])
    yield fenced("to repeat it", list(commands(summary)))
    one = summary.repeatable
    for file in one.files if one else ():
        yield fenced(f"the test: {file.name}", file.text.splitlines())
    if one and one.removed:
        yield Block((), (f"- left out, as it is secret: {escape('; '.join(one.removed))}",))
