"""Every format has an option, and is imported only when it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bisector import report
from bisector.cli.command import HuntReportCommand, ReportCommand, SurveyReportCommand
from bisector.cli.report import Report
from bisector.errors import OutputProblem
from bisector.record.words import Job
from bisector.report.formats import FORMATS
from tests.support.records import ANSWERED, CULPRIT, summary


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_renders_a_report(name: str) -> None:
    if FORMATS[name].only in (None, Job.RUN):
        assert CULPRIT[:10] in FORMATS[name].render(summary(ANSWERED))
    else:
        with pytest.raises(OutputProblem):
            FORMATS[name].render(summary(ANSWERED))


def test_each_module_that_renders_a_summary_is_a_format_or_the_terminal() -> None:
    folder = Path(report.__path__[0])
    renders = {
        path.stem
        for path in folder.glob("*.py")
        if "\ndef render(summary: Summary" in path.read_text()
    }
    others = {"terminal", "triage_text"}  # the second is a part of other reports
    assert renders == {one.module for one in FORMATS.values()} | others


def test_each_format_has_an_option_where_it_fits(tmp_path: Path) -> None:
    homes = {None: ReportCommand, Job.RUN: HuntReportCommand, Job.AFFECTED: SurveyReportCommand}
    for job, kind in homes.items():
        command = kind("command")
        here = {name for name, one in FORMATS.items() if one.only in (None, job)}
        assert command._switches_by_name.keys() & FORMATS.keys() == here
        assert command.files() == {}
    assert set(FORMATS) <= Report("report")._switches_by_name.keys()


def test_the_command_line_imports_no_format() -> None:
    code = "import sys, bisector.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = done.stdout.split()
    assert "bisector.report.formats" in loaded
    assert not {f"bisector.report.{one.module}" for one in FORMATS.values()} & {*loaded}
    assert "msgspec" not in loaded
