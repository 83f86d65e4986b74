"""Candidates are run on both binaries, and what they say is compared with the bug's own failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import pytest

from bisector.errors import ProbeFailed, ScenarioProblem
from bisector.jobs.reduce.subject import Subject
from bisector.jobs.reduce.trials import Side, Trials, _width
from bisector.record.failure import Failure, FailureClass
from bisector.record.learnt import Learnt
from bisector.record.verdict import Ruling, Verdict
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle, Trial
from tests.support.clone import Clone
from tests.support.hunting import World
from tests.support.records import probed

OWN = Failure(FailureClass.EXPECTATION, "the bug")
OTHER = Failure(FailureClass.EXPECTATION, "another")
HANG = Failure(FailureClass.TIMEOUT, "timed out")
FILES = (("case", b"whole"), ("sub/other", b"a companion"))


@dataclass(frozen=True)
class Reading(Oracle):
    """A test that says what the text in its folder tells it to say."""

    folder: str = ""

    def moved_to(self, folder: Path) -> Self:
        return replace(self, folder=str(folder))

    def run(self, trial: Trial) -> Ruling:
        assert Path(self.folder, "sub/other").read_bytes() == b"a companion"
        text = Path(self.folder, "case").read_text()
        if text == "no test":
            raise ScenarioProblem("this is no test")
        if text == "no machine":
            raise ProbeFailed("the machine fails")
        if text == "limit":
            return Ruling(Verdict.UNTESTABLE, f"{trial.seconds:g}", failure=HANG, seconds=1.0)
        if text == "good" or (trial.binary.name == "good" and "everywhere" not in text):
            return Ruling(Verdict.GOOD, "it passes", seconds=0.5)
        return Ruling(Verdict.BAD, text, failure=OTHER if "another" in text else OWN, seconds=3.0)


Maker = Callable[[Learnt | None], Trials]


@pytest.fixture
def make(clone: Clone, workspace: Workspace, tmp_path: Path) -> Maker:
    """Makes the trials of that test on two binaries, with what was learnt of the bug."""
    world = World(clone, workspace, tmp_path / "journal")
    world.oracle = oracle = Reading("reading", "digest")
    sides = [
        Side(probed("r", Verdict.BAD, scenario="reading"), tmp_path / name, 30.0)
        for name in ("bad", "good")
    ]
    subject = Subject(oracle, FILES, tmp_path, "case")
    return lambda learnt: Trials(world.context(), subject, (sides[0], sides[1]), learnt)


def learnt(failure: Failure = OWN) -> Learnt:
    return Learnt("revision", "v1", (failure,), 3, "reading")


def limits(trials: Trials) -> list[str]:
    """The seconds that the next run may take, on each side."""
    return [run.reason.rpartition(" ")[2] for run in trials.measure(b"limit")]


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("the bug", True),
        ("the bug, in other words", True),
        ("good", False),
        ("another failure", False),
        ("the bug everywhere", False),
        ("no test", False),
    ],
)
def test_a_candidate_does_if_it_is_bad_by_the_bugs_own_failure_and_good(
    make: Maker, text: str, does: bool
) -> None:
    with make(learnt()) as trials:
        assert trials.submit(text.encode(), 1).result() is does
        assert trials.is_steady(text.encode(), 5) is does


def test_a_test_that_knows_its_bug_is_believed(make: Maker) -> None:
    with make(None) as trials:
        assert trials.submit(b"another failure", 1).result() is True


def test_a_candidate_may_take_some_times_what_the_whole_file_takes(make: Maker) -> None:
    with make(learnt()) as trials:
        bad, good = trials.measure(b"whole")
        assert (bad.verdict, good.verdict) == (Verdict.BAD, Verdict.GOOD)
        assert limits(trials) == ["15", "2.5"]


def test_where_the_bug_is_a_hang_the_good_side_says_how_long_to_wait(make: Maker) -> None:
    with make(learnt(HANG)) as trials:
        trials.measure(b"whole")
        assert limits(trials) == ["10", "2.5"]


def test_a_machine_that_fails_ends_the_job(make: Maker) -> None:
    with make(learnt()) as trials, pytest.raises(ProbeFailed):
        trials.submit(b"no machine", 1).result()


def test_without_a_network_of_its_own_one_is_run_at_a_time(make: Maker) -> None:
    assert make(None).width == 1


@pytest.mark.parametrize(("load", "width"), [(0.0, 8), (4.0, 4), (100.0, 2)])
def test_on_a_busy_machine_fewer_are_run_at_a_time(
    monkeypatch: pytest.MonkeyPatch, load: float, width: int
) -> None:
    monkeypatch.setattr("bisector.jobs.reduce.trials.cores", lambda: 2)
    assert _width(load) == width


def test_nothing_is_left_of_the_copies(make: Maker, workspace: Workspace) -> None:
    with make(learnt()) as trials:
        trials.submit(b"the bug", 1).result()
        assert any((workspace.root / "scratch").iterdir())
    assert not any((workspace.root / "scratch").iterdir())
