"""A triage: the newest of each line, then hunts where verdicts differ, then the patch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bisector.errors import NoSuchRevision, UsageProblem
from bisector.jobs import catalog
from bisector.patch.model import Series
from bisector.probing.options import Options
from bisector.record.events import Ended, Released
from bisector.record.failure import Failure
from bisector.record.patch_outcome import Outcome
from bisector.record.summary import Summary
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Job
from bisector.report.conclusion import conclude
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.clone import Clone
from tests.support.failures import CLOSED, EXPECT
from tests.support.hunting import BAD, GOOD, UNTESTABLE, Machine, all_of, bad_in, flaky_in
from tests.support.patches import change
from tests.support.triages import PICK, TIP, Triaged, spread, verdicts

pytestmark = pytest.mark.usefixtures("no_clock")

NAMED = ("v2.9.0", "v3.0-dev1", "v3.0.0", "master")
MASTER = range(24)
BRANCH = range(24, TIP + 1)


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> Triaged:
    return Triaged(clone, workspace, tmp_path / "journal")


# --- is it fixed already? -------------------------------------------------------------------------


def test_the_named_revisions_are_tested_and_the_fix_and_the_introduction_found(
    world: Triaged,
) -> None:
    summary = world.triage(bad_in(range(5, 11)), *NAMED)
    assert list(verdicts(summary).values()) == ["good", "bad", "good", "good"]
    assert world.proven(summary) == {Change.FIX: 11, Change.INTRODUCTION: 5}
    assert [one.about for one in summary.parts] == ["v3.0-dev1..v3.0.0", "v2.9.0..v3.0-dev1"]
    assert spread(summary.carried, Change.FIX) == {"v3.0.0": "v3.0.0", "master": "v3.0.0"}
    last = conclude(summary)
    assert last.good and last.word == "already fixed"
    assert "v3.0-dev1 lacks it" in last.why


def test_by_default_the_newest_of_each_maintained_line_is_tested(world: Triaged) -> None:
    summary = world.triage(bad_in({*range(5, 24), *BRANCH}))
    assert verdicts(summary) == {"v2.9.0": "good", "3.0": "bad", "master": "bad"}
    assert any("of 2.9 only the first release is known here" in note for note in summary.notes)
    assert world.proven(summary) == {Change.INTRODUCTION: 5}
    assert conclude(summary).word == "not fixed"


def test_a_range_stands_for_its_ends_and_the_series_between(world: Triaged) -> None:
    summary = world.triage(bad_in(range(5, 24)), "v2.9..master")
    assert verdicts(summary) == {
        "v2.9": "good",
        "v3.0.0": "bad",
        "v3.1-dev1": "bad",
        "master": "bad",
    }


def test_a_fix_is_looked_for_on_the_main_line_and_a_branch_that_lacks_it_is_named(
    world: Triaged,
) -> None:
    summary = world.triage(bad_in({*range(5, 16), *BRANCH}))
    assert verdicts(summary) == {"v2.9.0": "good", "3.0": "bad", "master": "good"}
    assert world.proven(summary) == {Change.FIX: 16, Change.INTRODUCTION: 5}
    has = {one.line: one for one in summary.carried if one.what is Change.FIX}
    # 27 is a pick of 16, and the branch is bad all the same
    assert has["3.0"].commit == world.commits[PICK]
    assert "has it, and bad all the same" in conclude(summary).why


def test_a_fix_that_was_picked_is_told_with_the_release_that_brought_it(world: Triaged) -> None:
    truth = bad_in({*range(5, 16), *range(24, PICK)})
    summary = world.triage(truth, "v2.9.0", "v3.1-dev1", "v3.0.0", "3.0")
    assert list(verdicts(summary).values()) == ["good", "bad", "good", "good"]
    assert world.proven(summary) == {Change.FIX: 16, Change.INTRODUCTION: 5}
    assert spread(summary.carried, Change.FIX) == {"v3.1-dev1": "v3.1-dev1", "3.0": "v3.0.1"}


def test_if_all_are_good_the_bug_is_looked_for_between_them(world: Triaged) -> None:
    summary = world.triage(bad_in(range(5, 11)), "v2.9.0", "v3.0.0", "master")
    assert set(verdicts(summary).values()) == {"good"}
    assert world.proven(summary) == {Change.FIX: 11, Change.INTRODUCTION: 5}
    assert conclude(summary).word == "already fixed"


def test_a_bug_that_is_seen_nowhere_is_no_proof_of_anything(world: Triaged) -> None:
    summary = world.triage(bad_in(()), *NAMED)
    last = conclude(summary)
    assert (last.good, last.word) == (False, "not seen")
    assert "no bad revision among" in last.why


# --- since when -----------------------------------------------------------------------------------


def test_a_bug_of_all_lines_is_followed_back_to_an_older_release(world: Triaged) -> None:
    summary = world.triage(bad_in({*range(5, 24), *BRANCH}), "3.0", "master")
    assert world.proven(summary) == {Change.INTRODUCTION: 5}
    (part,) = summary.parts
    assert part.words == ("run", "v3.0.0..3.0", "--older")


def test_without_an_older_release_that_is_said(world: Triaged) -> None:
    summary = world.triage(bad_in(MASTER), "v2.9.0")
    assert not summary.findings
    assert any("no release before v2.9.0 is here" in note for note in summary.notes)


def test_what_cannot_be_tested_is_told_with_the_reason(world: Triaged) -> None:
    summary = world.triage(bad_in(range(5, 11), untestable=range(20, 24)), *NAMED)
    last = conclude(summary)
    assert not last.good and "not testable on master" in last.why
    assert [one.reason for one in summary.releases][-1] == "untestable, as it is"


# --- the bug's own failure ------------------------------------------------------------------------


def failing(world: Triaged, failures: Mapping[int, Failure]) -> Callable[[Machine], None]:
    """Let a test of which nothing is known fail so at commits by number."""
    world.oracle = VTestCase("any", "digest", "any.vtc")

    def prepare(machine: Machine) -> None:
        machine.failing = lambda number, run: failures.get(number)

        def truth(number: int, run: int) -> Verdict:
            failure = failures.get(number)
            if failure is None:
                return GOOD
            return BAD if failure.kind.speaks_for_itself else UNTESTABLE

        machine.truth = truth

    return prepare


def test_it_is_learnt_from_the_tested_revisions(world: Triaged) -> None:
    prepare = failing(world, all_of(CLOSED, range(5, 11)))
    summary = world.triage(bad_in(()), *NAMED, prepare=prepare)
    assert list(verdicts(summary).values()) == ["good", "bad", "good", "good"]
    assert world.proven(summary) == {Change.FIX: 11, Change.INTRODUCTION: 5}


def test_if_all_fail_alike_it_is_learnt_further_back(world: Triaged) -> None:
    prepare = failing(world, all_of(CLOSED, range(5, TIP + 1)))
    summary = world.triage(bad_in(()), "v3.0.0", "master", prepare=prepare)
    assert set(verdicts(summary).values()) == {"bad"}
    assert world.proven(summary) == {Change.INTRODUCTION: 5}


def test_a_test_that_turns_out_to_be_flaky_is_repeated_everywhere(world: Triaged) -> None:
    world.oracle = VTestCase("any", "digest", "any.vtc")
    truth = flaky_in(range(5, 11), 0.6)

    def prepare(machine: Machine) -> None:
        machine.failing = lambda number, run: EXPECT if truth(number, run) is BAD else None

    summary = world.triage(truth, *NAMED, prepare=prepare)
    assert list(verdicts(summary).values()) == ["good", "bad", "good", "good"]
    found = {one.found.what: world.commits.index(one.revision) for one in summary.findings}
    assert found == {Change.FIX: 11, Change.INTRODUCTION: 5}


# --- the patch ------------------------------------------------------------------------------------


def patch_for(world: Triaged, number: int) -> Series:
    return change("src/haproxy.c", f"int x = {number};\n", "int x = 999;\n")


def test_the_patch_is_tried_on_each_bad_revision(world: Triaged) -> None:
    healed = world.clone.tree({"src/haproxy.c": "int x = 999;\n"}, world.commits[9])

    def prepare(machine: Machine) -> None:
        machine.patched[healed] = GOOD

    summary = world.triage(
        bad_in(range(5, 11)),
        *NAMED,
        options=Options(patches=("fix.patch",)),
        series=patch_for(world, 9),
        prepare=prepare,
    )
    outcomes = {one.name: one.outcome for one in summary.judged if one.wanted}
    assert outcomes == {"v3.0-dev1": Outcome.FIXES}
    assert summary.parts[-1].job is Job.VERIFY
    assert conclude(summary).good


def test_a_patch_without_a_bad_revision_is_not_tried(world: Triaged) -> None:
    options = Options(patches=("fix.patch",))
    summary = world.triage(bad_in(()), *NAMED, options=options, series=patch_for(world, 9))
    assert "no tested revision has the bug, so the patch was not tried" in summary.notes


# --- wrong questions ------------------------------------------------------------------------------


def test_an_unknown_revision_is_an_error_before_anything_is_tested(world: Triaged) -> None:
    with pytest.raises(NoSuchRevision):
        world.triage(bad_in(()), "nonsense")


# --- interruptions --------------------------------------------------------------------------------


def answer(summary: Summary) -> tuple[object, ...]:
    return (
        verdicts(summary),
        summary.findings,
        summary.carried,
        [(one.about, one.answer, one.affected) for one in summary.parts],
        summary.ended,
    )


def test_one_that_is_interrupted_at_any_probe_goes_on(
    clone: Clone, workspace: Workspace, tmp_path: Path
) -> None:
    world = Triaged(clone, workspace, tmp_path / "journal")
    truth = bad_in(range(5, 11))
    sessions = 0
    while True:
        sessions += 1
        try:
            summary = world.triage(truth, *NAMED, answers=3)
            break
        except KeyboardInterrupt:
            assert sessions < 100
    assert sessions > 5
    other = Triaged(Clone(tmp_path / "again"), Workspace(tmp_path / "other"), tmp_path / "x")
    assert answer(summary)[:2] == answer(other.triage(truth, *NAMED))[:2]


def test_one_whose_journal_ends_at_any_line_goes_on(world: Triaged) -> None:
    truth = bad_in({*range(5, 16), *range(24, PICK)})
    names = ("v2.9.0", "v3.0.0", "3.0", "master")
    expected = answer(world.triage(truth, *names))
    path = world.result.journal
    lines = path.read_bytes().splitlines(keepends=True)
    for left in range(1, len(lines)):
        path.write_bytes(b"".join(lines[:left]))
        summary = world.triage(truth, *names)
        assert answer(summary) == expected
        kinds = [type(event) for event in world.result.events]
        assert kinds.count(Ended) == 1 and kinds.count(Released) == len(names)


def test_a_finished_one_asks_nothing_again(world: Triaged) -> None:
    world.triage(bad_in(range(5, 11)), *NAMED)
    world.triage(bad_in(range(5, 11)), *NAMED)
    assert world.machine.asked == []


# --- the journals ---------------------------------------------------------------------------------


def test_its_parts_have_journals_of_their_own_and_it_is_the_newest_job(world: Triaged) -> None:
    summary = world.triage(bad_in(range(5, 11)), *NAMED)
    jobs = {name: one.started for name, _, one in catalog.hunts(world.workspace)}
    assert {one.name for one in summary.parts} < set(jobs)
    commands = {jobs[one.name].command for one in summary.parts}
    assert commands == {
        "bisector run v3.0-dev1..v3.0.0 --scenario dns-flap",
        "bisector run v2.9.0..v3.0-dev1 --scenario dns-flap",
    }
    journal, newest = catalog.find_hunt(world.workspace, "")
    assert newest.started.job is Job.TRIAGE and journal == world.result.journal


def test_reg_tests_want_a_patch(world: Triaged) -> None:
    with pytest.raises(UsageProblem, match="without a patch"):
        world.triage(bad_in(()), *NAMED, reg_tests=("reg-tests",))
