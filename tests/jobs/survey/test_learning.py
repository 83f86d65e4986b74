"""With a test of the user's own, a survey learns the bug's failure by the rules of a hunt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from bisector.jobs.survey.affected import AffectedQuestion, ReleaseSurvey
from bisector.jobs.survey.releases import Releases
from bisector.jobs.survey.sweep import Sweep, SweepQuestion
from bisector.record.events import Noted, Released, Stretch
from bisector.record.failure import Failure, FailureClass
from bisector.record.learnt import Learnt
from bisector.record.summary import summarize
from bisector.record.verdict import Verdict
from bisector.system.workspace import Workspace
from bisector.testing.oracles.command import Command
from bisector.testing.oracles.leak_test import LeakTest
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
from tests.support.hunting import BAD, GOOD, UNTESTABLE, Scripted, World
from tests.support.records import STARTED

pytestmark = pytest.mark.usefixtures("no_clock")

CRASH = Failure(FailureClass.CRASH, "SIGSEGV in x")
TIMEOUT = Failure(FailureClass.TIMEOUT, "timed out")

NEVER = [HARNESS, SKIPPED, BROKEN]
LAST = 23

Failures = Mapping[int, Failure]


class Surveyed(World):
    """24 commits, each of them a release, and a test of which nothing is known."""

    def __init__(self, clone: Clone, workspace: Workspace, path: Path) -> None:
        super().__init__(clone, workspace, path)
        for ref in [ref for ref in clone.git.references if ref.startswith("refs/tags/")]:
            clone.git.references.delete(ref)
        for number, commit in enumerate(self.commits):
            clone.tag(f"v3.0-dev{number}", commit)
        self.oracle = VTestCase("any", "digest", "any.vtc")
        self.range = "v3.0-dev0..master"
        self.job: Callable[[Scripted, bool], None] = self.affected

    def affected(self, prober: Scripted, flaky: bool) -> None:
        history = prober.context.history
        span = history.range(self.range)
        question = AffectedQuestion(span, flaky=flaky)
        ReleaseSurvey(question, Releases.of_range(history, span, "*"), prober).run()

    def sweep(self, prober: Scripted, flaky: bool) -> None:
        span = prober.context.history.range(self.range)
        places = tuple(range(len(self.commits)))
        Sweep(SweepQuestion(span, tuple(self.commits), places, flaky), prober).run()

    def survey(
        self, failures: Failures, passing: Iterable[tuple[int, int]] = (), *, flaky: bool = False
    ) -> Scripted:
        """One session; *passing* are (commit, run) that pass though the commit fails."""
        lucky = set(passing)

        def failing(number: int, run: int) -> Failure | None:
            return None if (number, run) in lucky else failures.get(number)

        def truth(number: int, run: int) -> Verdict:
            failure = failing(number, run)
            if failure is None:
                return GOOD
            return BAD if failure.kind.speaks_for_itself else UNTESTABLE

        prober = self.prober(truth)
        prober.machine.failing = failing
        self.job(prober, flaky)
        return prober

    def having(self, verdict: Verdict) -> list[int]:
        """The commits with this verdict in the end, by number."""
        number = self.commits.index
        releases = [number(e.revision) for e in self.events if isinstance(e, Released)]
        if releases:
            assert releases == list(range(LAST + 1)), "each has its row"
            rows = (e for e in self.events if isinstance(e, Released))
            return [number(row.revision) for row in rows if row.verdict is verdict]
        stretches = (e for e in self.events if isinstance(e, Stretch))
        return [number(r) for row in stretches if row.verdict is verdict for r in row.revisions]

    def learnt(self) -> list[Learnt]:
        return [event for event in self.events if isinstance(event, Learnt)]

    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noted)]


@pytest.fixture(params=["affected", "sweep"])
def world(
    request: pytest.FixtureRequest, clone: Clone, workspace: Workspace, tmp_path: Path
) -> Surveyed:
    made = Surveyed(clone, workspace, tmp_path / "journal")
    made.job = getattr(made, request.param)
    return made


def all_of(kind: Failure, *stretches: Iterable[int]) -> dict[int, Failure]:
    return {number: kind for stretch in stretches for number in stretch}


# --- one end fails --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [EXPECT, REFUSED, ABSENT, CLOSED, TIMEOUT, UNUSABLE])
def test_however_the_new_end_fails_that_is_the_bug(world: Surveyed, kind: Failure) -> None:
    world.survey(all_of(kind, range(7, 24)))
    assert world.having(BAD) == [*range(7, 24)]
    assert world.having(GOOD) == [*range(7)]
    (event,) = world.learnt()
    assert (event.failures, event.revision, event.runs) == ((kind,), world.commits[LAST], 3)


@pytest.mark.parametrize("kind", [EXPECT, REFUSED, CLOSED, TIMEOUT])
def test_however_the_old_end_fails_that_is_the_bug(world: Surveyed, kind: Failure) -> None:
    world.survey(all_of(kind, range(14)))
    assert world.having(BAD) == [*range(14)]
    assert [event.failures for event in world.learnt()] == [(kind,)]


def test_a_command_that_cannot_be_used_anywhere_is_no_bug(world: Surveyed) -> None:
    world.survey(all_of(UNUSABLE, range(24)))
    assert world.having(UNTESTABLE) == [*range(24)]
    assert world.learnt() == []


def test_an_old_release_that_does_not_know_a_keyword_cannot_be_tested(world: Surveyed) -> None:
    world.survey(all_of(ABSENT, range(5)))
    assert world.having(UNTESTABLE) == [*range(5)]
    assert world.having(BAD) == []
    assert world.learnt() == []


def test_nor_can_one_whose_oracle_calls_a_refusal_bad(world: Surveyed) -> None:
    """As that of a configuration does."""
    prober = world.prober(lambda number, run: BAD if number < 5 else GOOD)
    prober.machine.failing = lambda number, run: ABSENT if number < 5 else None
    world.job(prober, False)
    assert world.having(UNTESTABLE) == [*range(5)]
    reasons = {e.reason for e in world.events if isinstance(e, Released | Stretch)} - {""}
    assert {r for r in reasons if "does not have the feature yet" in r}


def test_another_failure_is_not_the_bug_and_is_told(world: Surveyed) -> None:
    world.survey({**all_of(REFUSED, range(5, 9)), **all_of(EXPECT, range(9, 24))})
    assert world.having(BAD) == [*range(9, 24)]
    assert world.having(UNTESTABLE) == [*range(5, 9)]
    (note,) = (text for text in world.notes() if REFUSED.text in text)
    assert note.startswith("another failure, which is not the bug's, at ")
    assert "--bad-if" in note


@pytest.mark.parametrize("kind", NEVER)
def test_an_end_that_cannot_be_tested_is_one_untestable_release(
    world: Surveyed, kind: Failure
) -> None:
    world.survey({**all_of(kind, range(3), [LAST]), **all_of(TIMEOUT, range(12, LAST))})
    assert world.having(UNTESTABLE) == [0, 1, 2, LAST]
    assert world.having(BAD) == [*range(12, LAST)]
    assert [event.failures for event in world.learnt()] == [(TIMEOUT,)]


@pytest.mark.parametrize("kind", NEVER)
def test_what_says_nothing_about_haproxy_is_never_learnt(world: Surveyed, kind: Failure) -> None:
    world.survey(all_of(kind, range(7, 24)))
    assert world.having(UNTESTABLE) == [*range(7, 24)]
    assert world.learnt() == []


def test_a_test_that_fails_alike_everywhere_shows_no_bug(world: Surveyed) -> None:
    world.survey(all_of(TIMEOUT, range(24)))
    assert world.having(UNTESTABLE) == [*range(24)]
    assert world.learnt() == []


def test_an_expectation_that_fails_everywhere_is_bad_everywhere(world: Surveyed) -> None:
    world.survey(all_of(EXPECT, range(24)))
    assert world.having(BAD) == [*range(24)]


# --- both ends pass -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [EXPECT, REFUSED, ABSENT, CLOSED, TIMEOUT])
def test_between_two_good_ends_every_failure_counts(world: Surveyed, kind: Failure) -> None:
    world.survey(all_of(kind, range(5, 16)))
    assert world.having(BAD) == [*range(5, 16)]
    assert [event.failures for event in world.learnt()] == [(kind,)]


def test_of_two_kinds_between_both_are_said(world: Surveyed) -> None:
    world.job = world.sweep
    world.survey({**all_of(REFUSED, range(4, 8)), **all_of(EXPECT, range(14, 18))})
    assert world.having(BAD) == [*range(4, 8), *range(14, 18)]
    (event,) = world.learnt()
    assert set(event.failures) == {REFUSED, EXPECT}
    assert event.name == "v3.0-dev4, v3.0-dev14"
    assert event.runs == 6


def test_a_failure_that_passes_when_it_is_repeated_is_not_learnt(world: Surveyed) -> None:
    world.survey(all_of(TIMEOUT, [11]), [(11, 1), (11, 2)])
    assert world.learnt() == []
    assert world.having(BAD) == []
    if world.job == world.sweep:
        assert any("fails in some runs only" in note for note in world.notes())


# --- reports, resumption, fewer probes ------------------------------------------------------------


def test_the_report_says_what_the_bugs_failure_is_and_where_it_was_learnt(world: Surveyed) -> None:
    world.survey(all_of(REFUSED, range(7, 24)))
    summary = summarize([STARTED, *world.events])
    assert summary
    assert f"the bug's failure, learnt at v3.0-dev23 in 3 runs: {REFUSED}" in summary.notes
    assert {p.verdict for p in summary.probes if p.revision == world.commits[LAST]} == {BAD}


@pytest.mark.parametrize("failures", [all_of(REFUSED, range(7, 24)), all_of(TIMEOUT, range(6, 16))])
def test_a_learnt_failure_costs_as_few_probes_as_any_bug(
    world: Surveyed, failures: Failures
) -> None:
    world.job = world.affected
    assert len(set(world.survey(failures).asked)) <= 12
    assert world.having(BAD) == sorted(failures)


@pytest.mark.parametrize("failures", [all_of(REFUSED, range(7, 24)), all_of(TIMEOUT, range(6, 16))])
def test_killed_at_any_time_it_goes_on_and_ends_the_same(
    world: Surveyed, failures: Failures
) -> None:
    world.survey(failures)
    lines = world.path.read_bytes().splitlines(keepends=True)
    whole = world.having(BAD), world.learnt()
    for kept in range(0, len(lines), 3):
        world.path.write_bytes(b"".join(lines[:kept]))
        world.survey(failures)
        assert (world.having(BAD), world.learnt()) == whole


def test_a_flaky_test_is_learnt_from_the_runs_that_fail(world: Surveyed) -> None:
    passing = [(number, run) for number in range(7, 24) for run in range(0, 60, 2)]
    world.survey(all_of(CLOSED, range(7, 24)), passing, flaky=True)
    assert world.having(GOOD) == [*range(7)]
    assert world.having(BAD) == [*range(7, 24)]


def test_a_test_that_knows_its_bug_learns_nothing(world: Surveyed) -> None:
    world.oracle = VTestCase("any", "digest", "any.vtc", bad="signature")
    world.survey({**all_of(REFUSED, range(7, 9)), **all_of(TIMEOUT, range(9, 24))})
    assert world.learnt() == []
    assert world.having(UNTESTABLE) == [*range(7, 24)]


def test_memory_that_grows_everywhere_is_bad_where_it_grows_more(world: Surveyed) -> None:
    world.oracle = LeakTest.around(Command.of_option("true", bad_if=None, skip_if=None), "40")
    asker = world.prober(lambda number, run: BAD)
    grows = Failure(FailureClass.EXPECTATION, "HAProxy's memory grows")
    asker.machine.failing = lambda number, run: grows
    asker.machine.growth = {n: ((20480 if n > 6 else 4096),) * 30 for n in range(LAST + 1)}
    world.job(asker, False)
    assert world.having(BAD) == [*range(7, LAST + 1)]
    assert world.having(GOOD) == [*range(7)]
