"""Print a hunt's answer, write its files, and choose the exit status."""

from __future__ import annotations

import sys
from pathlib import Path

from bisector.conduct import Outcome
from bisector.report import as_json, terminal
from bisector.report.summary import summarize
from bisector.workspace import explained

PROVEN, NOT_PROVEN = 0, 1


def show(outcome: Outcome, json: Path | None) -> int:
    """The answer on stdout, the reason for none on stderr; the exit status of the command."""
    summary = summarize(outcome.events)
    assert summary is not None  # conduct() begins every journal with what was asked
    files = [str(outcome.journal)]
    if json is not None:
        with explained(f"cannot write {json}"):
            json.write_text(as_json.render(summary), encoding="utf-8")
        files.append(str(json))
    print(terminal.render(summary, files), end="")
    if outcome.problem is not None:
        print(f"bisector: {outcome.problem}", file=sys.stderr)
        return outcome.problem.exit_code
    return PROVEN if summary.proven and summary.patch_holds else NOT_PROVEN
