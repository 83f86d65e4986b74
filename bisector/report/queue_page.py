"""The page of a queue: its rows with filters, and the lines to paste, made of what is ticked."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Sequence

from bisector.record.queue_events import Queued
from bisector.record.summary import Summary
from bisector.report import page, queue_rows
from bisector.report.layout import counted
from bisector.report.queue_rows import Branch
from bisector.search import commit_subject

_TEMPLATE = "queue.html.j2"
_MANY = 1000  # rows that take a second to lay out
_CONFLICT = 60  # lines of a conflict; the JSON has all


def render_queue(summary: Summary) -> str:
    """The page; all texts are escaped, and only its own style and script count."""
    style, script = page.static("style.css", "queue.css"), page.static("queue.js")
    branches = queue_rows.branches(summary)
    return page.fill(
        _TEMPLATE,
        **page.of_any_job(summary),
        style=style,
        script=script,
        policy=f"default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src {page.allowed(style)}; script-src {page.allowed(script)}",
        branches=branches,
        many=_MANY,
        words=queue_rows.counts(summary.queued),
        tags=_by_number(Counter(tag for row in summary.queued for tag in tags(row))),
        queue_rows=queue_rows,
        view=View,
        day=lambda row: time.strftime("%Y-%m-%d", time.gmtime(row.at)),
        conflict=conflict,
    )


class View:
    """What the template asks of a branch."""

    def __init__(self, branch: Branch) -> None:
        self._places = {row.revision: number for number, row in enumerate(branch.sequence())}
        self._rows = {row.revision for row in branch.rows}
        self.picks = queue_rows.cherry_pick(branch.ticked)
        self.quoted = shlex.quote(branch.name)

    def place(self, row: Queued) -> int:
        """Where *row* comes if all rows are picked."""
        return self._places[row.revision]

    def has(self, commit: str) -> bool:
        """Whether *commit* has a row to which one can link."""
        return commit in self._rows

    def needs(self, row: Queued) -> str:
        """The commits that are ticked with *row*, as the script reads them."""
        if not queue_rows.is_ticked(row):
            return ""
        return " ".join(one.revision[:10] for one in row.needs if self.has(one.revision))

    def tags(self, row: Queued) -> str:
        """The subsystems of *row*, as the script reads them."""
        return " ".join(sorted(tags(row)))


def tags(row: Queued) -> frozenset[str]:
    """The subsystems that the subject names."""
    return commit_subject.parse(row.subject).tags


def conflict(row: Queued) -> str:
    """The first lines of the conflict, and the number of the others."""
    lines = row.conflict.splitlines()
    if len(lines) > _CONFLICT:
        more = counted(len(lines) - _CONFLICT, "line")
        lines = [*lines[:_CONFLICT], f"… {more} more, see --json"]
    return "\n".join(lines)


def _by_number(counts: Counter[str]) -> Sequence[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))
