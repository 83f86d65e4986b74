"""Print a job's answer, write its files, and choose the exit status."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from bisector.errors import WorkspaceProblem
from bisector.jobs.runner import JobResult
from bisector.record.summary import Summary, summarize
from bisector.report import terminal
from bisector.report.conclusion import conclude
from bisector.report.formats import FORMATS
from bisector.system.workspace import explained

PROVEN, NOT_PROVEN = 0, 1


def show(outcome: JobResult, files: Mapping[str, Path] | None = None) -> int:
    """The answer on stdout, the reason for none on stderr; the exit status of the command.

    *files* says which format of the report goes where, as ReportCommand.files() has it.
    """
    summary = summarize(outcome.events)
    assert summary is not None  # carry_out() begins every journal with what was asked
    status = tell(summary, outcome.journal, files or {})
    if outcome.problem is not None:
        print(f"bisector: {outcome.problem}", file=sys.stderr)
        return outcome.problem.exit_code
    return status


def tell(summary: Summary, journal: Path, files: Mapping[str, Path]) -> int:
    """The report on stdout and in *files*; the exit status that it stands for.

    Raises OutputProblem for a format that this job has no report in, WorkspaceProblem when the
    disk refuses.
    """
    texts = {path: FORMATS[name].render(summary) for name, path in files.items()}
    written, failure = [str(journal)], None
    for path, text in texts.items():
        try:
            with explained(f"cannot write {path}"):
                path.write_text(text, encoding="utf-8", errors="backslashreplace")
            written.append(str(path))
        except WorkspaceProblem as problem:  # the others, and the answer, are worth having
            failure = problem
    print(terminal.render(summary, written), end="")
    if failure:
        raise failure
    return PROVEN if conclude(summary).good else NOT_PROVEN
