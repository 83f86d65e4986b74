"""The report of a triage for a terminal: what concerns this machine, then the text to paste."""

from __future__ import annotations

from collections.abc import Sequence

from bisector.printable import printable
from bisector.record.summary import Summary
from bisector.report import triage_text
from bisector.report.layout import row

_RULE = f"{'-- for an issue or a mail ':-<78}"


def render_triage(summary: Summary, machine: Sequence[str]) -> str:
    """The report; the lines *machine* are those of any job."""
    lines = [*machine]
    for part in summary.parts:
        lines += row(str(part.job), f"{part.about}: 'bisector report {part.name}' has the details")
    return printable("\n".join([*lines, "", _RULE, "", triage_text.render(summary)]))
