"""`bisector report`: a journal once more, on the terminal and in files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bisector.cli.answer import print_outcome
from bisector.errors import NoWitness
from bisector.jobs.catalog import journal_of
from bisector.jobs.runner import JobResult
from bisector.record.events import Ended, Event
from bisector.system.workspace import Workspace
from tests.support import judged as j
from tests.support import old_journal as old
from tests.support.records import ANSWERED, STARTED
from tests.support.shell import Shell


@pytest.fixture
def record() -> Callable[[str, list[Event]], Path]:
    """Write a journal into the workspace."""

    def write(name: str, events: list[Event]) -> Path:
        with journal_of(Workspace.open(), name, fresh=False) as journal:
            for event in events:
                journal.append(event)
            return journal.path

    return write


Record = Callable[[str, list[Event]], Path]


def test_it_prints_the_newest_hunt_and_says_where_its_journal_is(
    shell: Shell, record: Record
) -> None:
    record("old", ANSWERED)
    path = record("new", j.VERIFIED)
    assert shell("report") == 0
    assert shell.out.startswith("verify dns-flap")
    assert f"written     {path}\n" in shell.out
    assert shell("report", "ol") == 0
    assert shell.out.startswith("dns-flap (record=A failure=nxdomain) in v2.9..master")


@pytest.mark.parametrize("events", [j.REFUSED, [STARTED], [STARTED, Ended("both are bad", ())]])
def test_what_is_not_proven_is_status_1(shell: Shell, record: Record, events: list[Event]) -> None:
    record("one", events)
    assert shell("report") == 1


def test_it_writes_every_form(shell: Shell, record: Record, tmp_path: Path) -> None:
    record("one", ANSWERED)
    forms = ("json", "junit", "markdown", "html", "git-bisect-log")
    files = {form: tmp_path / form for form in forms}
    words = [word for form, path in files.items() for word in (f"--{form}", str(path))]
    assert shell("report", *words) == 0
    assert json.loads(files["json"].read_text())["answer"] == "answered"
    assert ET.parse(files["junit"]).getroot().tag == "testsuites"
    assert files["markdown"].read_text().startswith("### Proven")
    assert files["html"].read_text().startswith("<!doctype html>")
    assert files["git-bisect-log"].read_text().splitlines()[1] == "git bisect start"
    assert [line.split()[-1] for line in shell.out.splitlines() if line.startswith("written")][
        1:
    ] == [str(path) for path in files.values()]


def test_a_verification_is_no_bisection_for_git(
    shell: Shell, record: Record, tmp_path: Path
) -> None:
    record("one", j.VERIFIED)
    assert shell("report", "--git-bisect-log", str(tmp_path / "log")) == 2
    assert "--git-bisect-log is for 'bisector run'" in shell.complaint()
    assert not (tmp_path / "log").exists()


def test_a_file_that_may_not_be_written_is_told_at_once(
    shell: Shell, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record("one", ANSWERED)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert shell("report", "--json", str(tmp_path / "x")) == 2
    assert "no permission, name another place" in shell.complaint()


def test_a_disk_that_fills_up_takes_one_file_and_not_the_answer(
    shell: Shell, record: Record, tmp_path: Path
) -> None:
    record("one", ANSWERED)
    html = tmp_path / "html"
    assert shell("report", "--json", "/dev/full", "--html", str(html)) == 3
    assert shell.err.startswith("bisector: cannot write /dev/full: ")
    assert shell.out.startswith("dns-flap (record=A")
    assert f"written     {html}\n" in shell.out and "/dev/full" not in shell.out


def test_hunts_lists_the_journals_of_all_jobs(shell: Shell, record: Record) -> None:
    record("aaaa", ANSWERED)
    record("bbbb", j.REFUSED)
    record("cccc", j.BACKPORTED)
    record("dddd", j.AFFECTED)
    assert shell("hunts") == 0
    states = {line.split()[0]: line.split("  ")[2].strip() for line in shell.out.splitlines()}
    assert states == {
        "aaaa": "proven",
        "bbbb": "not verified",
        "cccc": "incomplete",
        "dddd": "incomplete",
    }
    assert "bisector backport c16eba8183" in shell.out


def test_a_job_without_an_answer_has_its_reports_and_its_own_status(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    events = (STARTED, Ended("both ends are good", ()))
    outcome = JobResult(
        tmp_path / "journal", events, NoWitness("both ends are good", "look closer")
    )
    assert print_outcome(outcome, {"json": tmp_path / "x"}) == 2
    out, err = capsys.readouterr()
    assert "no answer   both ends are good" in out
    assert err == "bisector: both ends are good: look closer\n"
    assert json.loads((tmp_path / "x").read_text())["answer"] == "both ends are good"


# --- journals of other versions -------------------------------------------------------------------

ANOTHER = "the journal is of another version of bisector (0.1.0)"


def test_a_journal_of_0_1_0_is_reported(shell: Shell, tmp_path: Path) -> None:
    old.write(Workspace.open(), "hunt", *old.HUNT)
    assert shell("report", "--json", str(tmp_path / "json")) == 0
    assert f"note        {ANOTHER}\n" in shell.out
    assert "proven with dev: bad in 5 of 5 runs" in shell.out
    assert ANOTHER in json.loads((tmp_path / "json").read_text())["notes"]

    old.write(Workspace.open(), "verification", *old.VERIFICATION)
    assert shell("report", "ver") == 0
    assert "verified: fixes dns-flap on v3.0.0" in shell.out


def test_what_cannot_be_read_of_it_is_said(shell: Shell) -> None:
    old.write(Workspace.open(), "hunt", *old.HUNT, old.line(kind="forgotten", text="x"))
    assert shell("report") == 0
    assert f"note        {ANOTHER}; 1 of its lines cannot be read\n" in shell.out


def test_a_journal_that_cannot_be_read_at_all_is_listed_and_named(shell: Shell) -> None:
    old.write(Workspace.open(), "lost", old.line(kind="started", command="bisector run"))
    assert shell("hunts") == 0
    assert shell.out == "lost  cannot be read: damaged, or of another version of bisector\n"
    for name in ("lo", ""):
        assert shell("report", name) == 2
        assert "the journal of hunt 'lost' cannot be read: it is damaged, or of" in shell.err
    assert shell("report", "x") == 2
    assert "no hunt 'x'" in shell.err


def test_the_journals_of_this_version_are_not_remarked_upon(shell: Shell, record: Record) -> None:
    record("one", ANSWERED)
    assert shell("report") == 0
    assert "another version" not in shell.out
    assert shell("hunts") == 0
    assert "cannot be read" not in shell.out
