"""What a scenario lacks is said when a probe shows it, and nothing where there is nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.git.history import History
from bisector.jobs.unfinished import still_missing
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Verdict
from bisector.system.workspace import Workspace
from bisector.testing.new import folder
from bisector.testing.scenario import Scenario
from bisector.testing.scenario_loader import load
from tests.support.clone import Clone
from tests.support.records import probed

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE
CONTROL = '**** c_control EXPECT resp.status (200) == "200" match\n'
FAILED = '---- c_bug EXPECT resp.status (503) == "200" failed\n'
PASSED = "#    top  TEST x.vtc passed (0.1)\n"


@pytest.fixture
def history(clone: Clone, workspace: Workspace) -> History:
    clone.line(3)
    return History.open(clone.path, workspace)


def mine(place: Path, *changes: tuple[str, str], marks: bool = False) -> Scenario:
    """A scenario of a user, without marks unless *marks*, with *changes* to scenario.toml."""
    files = folder.of_kind("http", "mine")
    if not marks:
        files = {
            name: "".join(line for line in text.splitlines(True) if folder.MARK not in line)
            for name, text in files.items()
        }
    for before, after in changes:
        assert before in files["scenario.toml"]
        files["scenario.toml"] = files["scenario.toml"].replace(before, after)
    folder.write(place / "mine", files)
    return load(str(place / "mine"))


def missing(
    scenario: Scenario, history: History, verdict: Verdict, log: str, **more: object
) -> list[str]:
    path = scenario.folder.parent / "log"
    path.write_text(log)
    revision = history.resolve("master").id
    return still_missing(scenario, probed(revision, verdict, log=str(path), **more), history)


@pytest.mark.parametrize(("verdict", "log"), [(GOOD, CONTROL + PASSED), (BAD, CONTROL + FAILED)])
def test_nothing_lacks_in_a_finished_scenario(
    tmp_path: Path, history: History, verdict: Verdict, log: str
) -> None:
    assert missing(mine(tmp_path), history, verdict, log) == []


def test_what_is_not_filled_in_is_named_with_file_and_lines(
    tmp_path: Path, history: History
) -> None:
    (said,) = missing(mine(tmp_path, marks=True), history, GOOD, CONTROL + PASSED)
    assert said == "what is marked 'FILL IN:' in mine.vtc.j2:11,34 scenario.toml:5,7,17,21,23"


def test_a_control_that_was_never_seen_is_said_with_lines_that_could_be_it(
    tmp_path: Path, history: History
) -> None:
    scenario = mine(tmp_path, ("c_control", "c_other"))
    failure = Failure(FailureClass.HARNESS, "the control does not match")
    said = missing(scenario, history, UNTESTABLE, CONTROL + PASSED, failure=failure)
    assert said[0].startswith("'control' matches nothing in the log")
    assert said[1].endswith(": " + CONTROL.strip())


@pytest.mark.parametrize("kind", [FailureClass.REFUSAL, FailureClass.SKIPPED])
def test_a_test_that_did_not_begin_says_nothing_of_its_control(
    tmp_path: Path, history: History, kind: FailureClass
) -> None:
    failure = Failure(kind, "x")
    assert missing(mine(tmp_path), history, UNTESTABLE, "x\n", failure=failure) == []


def test_a_signature_in_a_test_that_passed_is_too_wide(tmp_path: Path, history: History) -> None:
    (said,) = missing(mine(tmp_path), history, BAD, CONTROL + PASSED)
    assert said.startswith("'bad' matches in a test that passed")


def test_another_failure_is_offered_as_the_signature(tmp_path: Path, history: History) -> None:
    failure = Failure(FailureClass.CONNECTION, "c_bug: HTTP rx EOF # here")
    (said,) = missing(mine(tmp_path), history, UNTESTABLE, CONTROL, failure=failure)
    assert said.endswith("if that is the bug: bad = 'HTTP rx EOF'")


def test_a_scenario_that_is_good_where_it_should_be_bad(tmp_path: Path, history: History) -> None:
    scenario = mine(tmp_path, ('bad = ""', 'bad = "master"'))
    (said,) = missing(scenario, history, GOOD, CONTROL + PASSED)
    assert said.startswith("it is good at master, which should be bad")
    assert missing(scenario, history, BAD, CONTROL + FAILED) == []
    assert missing(scenario, history, GOOD, CONTROL + PASSED, patched=True) == []


def test_a_scenario_that_is_bad_where_it_should_be_good(tmp_path: Path, history: History) -> None:
    scenario = mine(tmp_path, ('good = ""', 'good = "master"'))
    (said,) = missing(scenario, history, BAD, CONTROL + FAILED)
    assert said.startswith("it is bad at master, which should be good")


def test_other_revisions_are_not_compared_and_unknown_ones_named(
    tmp_path: Path, history: History
) -> None:
    known = (('bad = ""', 'bad = "master~1"'), ('good = ""', 'good = "v9.9.9"'))
    said = missing(mine(tmp_path, *known), history, GOOD, CONTROL + PASSED)
    assert said == ["[known] good = 'v9.9.9' is no revision here"]


def test_a_bundled_scenario_lacks_nothing(tmp_path: Path, history: History) -> None:
    revision = history.resolve("master").id
    assert still_missing(load("dns-flap"), probed(revision, UNTESTABLE), history) == []


def test_a_log_that_is_gone_says_nothing(tmp_path: Path, history: History) -> None:
    revision = history.resolve("master").id
    gone = probed(revision, GOOD, log=str(tmp_path / "gone"))
    assert still_missing(mine(tmp_path), gone, history) == []
