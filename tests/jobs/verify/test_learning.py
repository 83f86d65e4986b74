"""With a test of the user's own, what fails without the patch is the bug, however it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bisector.build.toolchain import Toolchains
from bisector.jobs.judge import Suite
from bisector.jobs.verify.verify import ExtraChecks, Verification, VerificationPlan
from bisector.record.failure import Failure, FailureClass
from bisector.record.patch_events import Judged
from bisector.record.patch_outcome import OTHER_WAY, Outcome
from bisector.record.summary import Summary, summarize
from bisector.record.verdict import Verdict
from bisector.record.words import Job
from bisector.report.conclusion import conclude
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.clone import Clone
from tests.support.failures import (
    ABSENT,
    BROKEN,
    CLOSED,
    EXPECT,
    HARNESS,
    REFUSED,
    SKIPPED,
    UNUSABLE,
)
from tests.support.patches import change
from tests.support.reading import Reader, case, reading_prober
from tests.support.records import STARTED
from tests.support.toolchains import GCC, TCC

pytestmark = pytest.mark.usefixtures("no_clock")

CRASH = Failure(FailureClass.CRASH, "HAProxy died by SIGSEGV")
TIMEOUT = Failure(FailureClass.TIMEOUT, "timed out")

REAL = Toolchains(GCC, GCC)

REST = "int a;\nint b;\nint c;\nint d;\n"
WRONG, RIGHT, OLD, FINE = f"int wrong;\n{REST}", f"int right;\n{REST}", "int old;\n", "int fine;\n"
PATCH = change("src/haproxy.c", WRONG, RIGHT)
OWN = VTestCase("own", "own", "own.vtc", folder="/home/user")
SCENARIO = Suite("other", False, (case("other", "b=1"),))

Failures = Mapping[str, Failure]
Verify = Callable[..., Summary]


@pytest.fixture
def verify(clone: Clone, workspace: Workspace, tmp_path: Path) -> Verify:
    def run(
        failures: Failures,
        *sources: str,
        oracle: Oracle = OWN,
        lucky: int = -1,
        toolchains: Toolchains = REAL,
    ) -> Summary:
        """The summary of a verification; sources that are not in *failures* pass."""
        commits = [clone.commit({"src/haproxy.c": source}) for source in sources or (WRONG,)]
        prober = reading_prober(
            clone, workspace, tmp_path / "journal", lambda *_: Verdict.GOOD, toolchains, oracle
        )
        assert isinstance(prober.executor, Reader)
        prober.executor.failing = lambda source, case, run: (
            failures.get(source) if case.name == oracle.name and run != lucky else None
        )
        prober.journal.note(replace(STARTED, job=Job.VERIFY))
        suites = (Suite("own", True, (oracle,)), SCENARIO)
        Verification(VerificationPlan(PATCH, tuple(commits), suites, ExtraChecks()), prober).run()
        found = summarize(prober.journal.events)
        assert found
        return found

    return run


def own(summary: Summary) -> list[Judged]:
    return [one for one in summary.judged if one.scenario == "own"]


def outcomes(summary: Summary) -> list[Outcome]:
    return [one.outcome for one in own(summary)]


@pytest.mark.parametrize("kind", [EXPECT, CRASH, REFUSED, ABSENT, CLOSED, TIMEOUT, UNUSABLE])
def test_a_patch_fixes_what_fails_without_it(verify: Verify, kind: Failure) -> None:
    summary = verify({WRONG: kind})
    assert outcomes(summary) == [Outcome.FIXES]
    assert summary.verified
    assert summary.learnt
    assert (summary.learnt.failures, summary.learnt.runs) == ((kind,), 3)
    assert any(note.startswith("the bug's failure, learnt at ") for note in summary.notes)


@pytest.mark.parametrize("kind", [HARNESS, SKIPPED, BROKEN])
def test_what_says_nothing_about_haproxy_is_not_fixed_by_a_patch(
    verify: Verify, kind: Failure
) -> None:
    summary = verify({WRONG: kind})
    assert outcomes(summary) == [Outcome.UNTESTABLE]
    assert summary.learnt is None
    assert own(summary)[0].problem == kind.text


@pytest.mark.parametrize("kind", [EXPECT, CRASH, REFUSED, CLOSED, TIMEOUT])
def test_a_patch_after_which_it_fails_as_before_does_not_help(
    verify: Verify, kind: Failure
) -> None:
    summary = verify({WRONG: kind, RIGHT: kind})
    assert outcomes(summary) == [Outcome.INEFFECTIVE]
    assert conclude(summary).why.startswith("does not help on ")


@pytest.mark.parametrize("kind", [ABSENT, UNUSABLE])
def test_what_the_patch_does_not_bring_either_is_not_the_bug(verify: Verify, kind: Failure) -> None:
    summary = verify({WRONG: kind, RIGHT: kind})
    assert outcomes(summary) == [Outcome.UNTESTABLE]
    assert summary.learnt is None


@pytest.mark.parametrize(
    ("before", "after"),
    [(ABSENT, EXPECT), (EXPECT, CRASH), (TIMEOUT, EXPECT), (REFUSED, CLOSED), (CRASH, TIMEOUT)],
)
def test_a_failure_of_another_kind_with_the_patch_is_said_to_be_one(
    verify: Verify, before: Failure, after: Failure
) -> None:
    summary = verify({WRONG: before, RIGHT: after})
    assert outcomes(summary) == [Outcome.UNTESTABLE]
    assert own(summary)[0].problem == f"{OTHER_WAY}: {after.text}"
    assert conclude(summary).why.startswith("fails in another way on ")
    assert not summary.verified


@pytest.mark.parametrize("kind", [EXPECT, CRASH])
def test_a_failure_of_another_kind_where_it_passed_is_harm(verify: Verify, kind: Failure) -> None:
    """The bug's failure is known from another revision."""
    failures = {WRONG: TIMEOUT, f"{RIGHT}{FINE}": kind}
    summary = verify(failures, WRONG, f"{WRONG}{FINE}")
    assert outcomes(summary) == [Outcome.FIXES, Outcome.BREAKS]


def test_what_does_not_speak_for_itself_is_learnt_only_where_nothing_does(verify: Verify) -> None:
    failures = {f"{WRONG}{OLD}": REFUSED, WRONG: EXPECT, f"{RIGHT}{OLD}": REFUSED}
    summary = verify(failures, f"{WRONG}{OLD}", WRONG)
    assert outcomes(summary) == [Outcome.UNTESTABLE, Outcome.FIXES]
    assert summary.learnt and summary.learnt.failures == (EXPECT,)


def test_a_failure_that_passes_when_it_is_repeated_is_not_learnt(verify: Verify) -> None:
    summary = verify({WRONG: TIMEOUT}, lucky=1)
    assert outcomes(summary) == [Outcome.UNTESTABLE]
    assert summary.learnt is None
    assert any("fails in some runs only" in note for note in summary.notes)


def test_a_real_toolchain_confirms_a_learnt_failure(verify: Verify) -> None:
    summary = verify({WRONG: CLOSED}, toolchains=Toolchains(TCC, GCC, GCC))
    assert outcomes(summary) == [Outcome.FIXES]
    assert summary.confirmed and summary.verified


def test_scenarios_are_judged_by_their_own_signature(verify: Verify) -> None:
    summary = verify({WRONG: CLOSED})
    assert [one.outcome for one in summary.judged if one.scenario == "other"] == [
        Outcome.NOT_NEEDED
    ]


def test_a_test_with_a_pattern_for_its_bug_learns_nothing(verify: Verify) -> None:
    summary = verify({WRONG: CLOSED}, oracle=replace(OWN, bad="signature"))
    assert outcomes(summary) == [Outcome.UNTESTABLE]
    assert summary.learnt is None
