"""Which cases are run on a tree: not those whose result is known beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bisector.build.toolchain import Toolchains
from bisector.jobs.judge import Judge, Suite
from bisector.jobs.tree_under_test import NOT_RUN
from bisector.jobs.verify.hunk_ablation import HunkAblation
from bisector.record.failure import Failure, FailureClass
from bisector.record.patch_events import Cell, Judged
from bisector.record.patch_outcome import Outcome
from bisector.record.verdict import Verdict
from bisector.record.words import HunkState
from bisector.system.workspace import Workspace
from bisector.testing.oracle import TIMED_OUT, Oracle
from tests.support.clone import Clone
from tests.support.patches import change
from tests.support.reading import Reader, case, reading_prober
from tests.support.toolchains import GCC, TCC

pytestmark = pytest.mark.usefixtures("no_clock")

FLAP = Suite("flap", True, tuple(case("flap", f"a={n}") for n in range(6)))
OTHER = Suite("other", False, tuple(case("other", f"b={n}") for n in range(4)))
BROKEN, FIXED = "int port = 0;\n", "int port = 80;\n"
FIX = change("src/haproxy.c", BROKEN, FIXED)
HANG = Failure(FailureClass.TIMEOUT, TIMED_OUT)
LATE = Failure(FailureClass.TIMEOUT, "c1: HTTP rx timeout #")
DEAD = Failure(FailureClass.BROKEN, "HAProxy does not serve")
REFUSED = Failure(FailureClass.REFUSAL, "config : no")

Failing = Callable[[str, Oracle, int], Failure | None]


class Patched:
    """A bad revision and a patch, with which the tests fail."""

    def __init__(self, clone: Clone, workspace: Workspace, path: Path) -> None:
        self.clone, self.workspace, self.path = clone, workspace, path
        self.toolchains = Toolchains(GCC, None)

    def begin(self, failing: Failing) -> str:
        """Make the revision, and a prober for it; the full hash."""
        commit = self.clone.commit({"src/haproxy.c": BROKEN})
        self.prober = reading_prober(
            self.clone, self.workspace, self.path, lambda *_: Verdict.GOOD, self.toolchains
        )
        assert isinstance(self.prober.executor, Reader)
        self.reader = self.prober.executor
        self.reader.failing = failing
        return commit

    def judge(self, failing: Failing, suites: Sequence[Suite] = (FLAP, OTHER)) -> dict[str, Judged]:
        commit = self.begin(failing)
        return {one.scenario: one for one in Judge(self.prober, suites).judge(commit, FIX)}

    def run_with_the_patch(self) -> int:
        return len([source for source, *_ in self.reader.asked if source == FIXED])


@pytest.fixture
def patched(clone: Clone, workspace: Workspace, tmp_path: Path) -> Patched:
    return Patched(clone, workspace, tmp_path / "journal")


def not_run(*judged: Judged) -> list[Cell]:
    return [cell for one in judged for cell in one.cells if cell.reason.startswith(NOT_RUN)]


def test_when_three_time_out_the_others_are_not_run(patched: Patched) -> None:
    judged = patched.judge(lambda source, oracle, run: HANG if source == FIXED else None)
    assert patched.run_with_the_patch() == 3
    assert len(not_run(*judged.values())) == 10 - 3
    assert {one.outcome for one in judged.values()} == {Outcome.UNTESTABLE}
    assert {cell.after for one in judged.values() for cell in one.cells} == {Verdict.UNTESTABLE}


def test_nor_when_three_find_that_haproxy_does_not_serve_at_all(patched: Patched) -> None:
    judged = patched.judge(lambda source, oracle, run: DEAD if source == FIXED else None)
    assert patched.run_with_the_patch() == 3
    reasons = {cell.reason for cell in not_run(*judged.values())}
    assert reasons == {"not run: 3 others found an HAProxy that does not serve"}


def test_of_each_scenario_one_is_run(patched: Patched) -> None:
    judged = patched.judge(lambda source, oracle, run: HANG if source == FIXED else None)
    assert all(len(not_run(one)) < len(one.cells) for one in judged.values())
    assert judged["flap"].problem == TIMED_OUT, "not that it was not run"


@pytest.mark.parametrize(
    "failing",
    [
        lambda source, oracle, run: HANG if oracle.name == "flap" else None,
        lambda source, oracle, run: HANG if oracle.variant == "a=0" else None,
        lambda source, oracle, run: HANG if oracle.name == "flap" else LATE,
        lambda source, oracle, run: REFUSED,
        lambda source, oracle, run: None,
    ],
    ids=["of one scenario", "one", "in different ways", "no timeout", "none"],
)
def test_otherwise_all_are_run(patched: Patched, failing: Failing) -> None:
    judged = patched.judge(
        lambda source, oracle, run: failing(source, oracle, run) if source == FIXED else None
    )
    assert patched.run_with_the_patch() == 10
    assert not_run(*judged.values()) == []


def test_of_three_cases_all_are_run(patched: Patched) -> None:
    few = Suite("few", True, FLAP.cases[:3])
    judged = patched.judge(lambda source, oracle, run: HANG, [few])
    assert patched.run_with_the_patch() == 3
    assert not_run(*judged.values()) == []


def test_a_real_toolchain_is_asked_whether_it_hangs_as_well(patched: Patched) -> None:
    patched.toolchains = Toolchains(TCC, GCC, GCC)
    patched.judge(lambda source, oracle, run: HANG if source == FIXED else None)
    asked = [toolchain for source, _, toolchain in patched.reader.asked if source == FIXED]
    assert asked == ["fast", "dev", "dev", "dev"]


def test_a_hunk_is_noticed_by_the_tests_that_were_run(patched: Patched) -> None:
    commit = patched.begin(lambda source, oracle, run: HANG if source == BROKEN else None)
    judge = Judge(patched.prober, (FLAP, OTHER))
    (dropped,) = HunkAblation(judge, commit).drop_each(FIX)
    assert dropped.state is HunkState.NOTICED
    assert len(dropped.noticed_by) == 3
