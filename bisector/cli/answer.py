"""Print a job's report, write it to files, and choose the exit status."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from bisector.errors import WorkspaceProblem
from bisector.jobs.runner import JobResult
from bisector.record.summary import Summary, summarize
from bisector.report import terminal
from bisector.report.conclusion import conclude
from bisector.report.formats import FORMATS
from bisector.system.files import explained

PROVEN, NOT_PROVEN = 0, 1


def print_outcome(outcome: JobResult, files: Mapping[str, Path] | None = None) -> int:
    """Print the report on stdout, and on stderr why there is no answer; return the exit status.

    *files* has the file for each format of the report, as ReportCommand.files() returns it.
    """
    summary = summarize(outcome.events)
    assert summary is not None  # carry_out() writes a Started event first
    status = print_report(summary, outcome.journal, files or {})
    if outcome.problem is not None:
        print(f"bisector: {outcome.problem}", file=sys.stderr)
        return outcome.problem.exit_code
    return status


def print_report(summary: Summary, journal: Path, files: Mapping[str, Path]) -> int:
    """Print the report on stdout, write it to *files*, and return the exit status.

    Raises OutputProblem for a format that this kind of job does not have, WorkspaceProblem if a
    file cannot be written; then the others are written and the report is printed all the same.
    """
    texts = {path: FORMATS[name].render(summary) for name, path in files.items()}
    written, failure = [str(journal)], None
    for path, text in texts.items():
        try:
            with explained(f"cannot write {path}"):
                path.write_text(text, encoding="utf-8", errors="backslashreplace")
            written.append(str(path))
        except WorkspaceProblem as problem:
            failure = problem
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    print(terminal.render(summary, written, width), end="")
    if failure:
        raise failure
    return PROVEN if conclude(summary).good else NOT_PROVEN
