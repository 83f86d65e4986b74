"""A hunt between two good ends that sees failures of two kinds answers both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bisector.build.toolchain import Toolchains
from bisector.jobs.hunt.proof import CONFIRM_RUNS
from bisector.record.events import Confirmed, Ended, Event, Found, Noted, Probed, Turned
from bisector.record.failure import Failure, FailureClass
from bisector.record.learnt import Learnt
from bisector.record.summary import Summary, summarize
from bisector.record.verdict import Verdict
from bisector.record.words import Change, is_for_another_bug
from bisector.report import bisect_log
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.clone import Clone
from tests.support.failures import BROKEN, CLOSED, EXPECT, HARNESS, OTHER_EXPECT, REFUSED
from tests.support.hunting import (
    GOOD,
    UNTESTABLE,
    Scripted,
    World,
    all_of,
    failing,
    tell_fast,
)
from tests.support.records import STARTED
from tests.support.toolchains import AUTO, GCC

pytestmark = pytest.mark.usefixtures("no_clock")

CRASH = Failure(FailureClass.CRASH, "SIGSEGV in f")

BOTH = {**all_of(EXPECT, range(11, 14)), **all_of(REFUSED, range(16, 21))}
BOTH_PROVEN = {Change.INTRODUCTION: "", Change.FIX: ""}
HIDDEN = "the others before it have the bug found first"


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    """A hunt with a test of which nothing is known."""
    made = World(clone, workspace, tmp_path / "journal")
    made.oracle = VTestCase("any", "digest", "any.vtc")
    return made


def hunt(world: World, failures: Mapping[int, Failure]) -> Scripted:
    truth, prepare = failing(failures)
    return world.hunt(truth, prepare=prepare)


def learnt(world: World) -> list[Failure]:
    return [kind for e in world.events if isinstance(e, Learnt) for kind in e.failures]


def notes(world: World) -> list[str]:
    return [event.text for event in world.events if isinstance(event, Noted | Turned)]


def summary(world: World) -> Summary:
    made = summarize([STARTED, *world.events])
    assert made is not None
    return made


def own(world: World) -> list[Event]:
    """The answer to the hunt's own bug."""
    kinds = (Found, Confirmed, Learnt)
    return [event for event in world.events if isinstance(event, kinds) and not event.bug]


# --- both are found -------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [EXPECT, CLOSED])
@pytest.mark.parametrize("second", [REFUSED, CRASH])
def test_both_are_found_and_proven(world: World, first: Failure, second: Failure) -> None:
    hunt(world, {**all_of(first, range(11, 14)), **all_of(second, range(16, 21))})
    assert learnt(world) == [first, second]
    assert world.found() == {Change.INTRODUCTION: [11], Change.FIX: [14]}
    assert world.confirmed() == BOTH_PROVEN
    assert world.found(bug=1) == {Change.INTRODUCTION: [16], Change.FIX: [21]}
    assert world.confirmed(bug=1) == BOTH_PROVEN
    assert world.ended() == Ended("answered", ("v3.0.0",), (("v3.1-dev1",),))
    assert notes(world) == [], "what is answered is not listed as another failure"


def test_the_other_may_have_come_before(world: World) -> None:
    hunt(world, {**all_of(REFUSED, range(3, 8)), **all_of(EXPECT, range(11, 16))})
    assert world.found(bug=1) == {Change.INTRODUCTION: [3], Change.FIX: [8]}
    assert world.confirmed(bug=1) == BOTH_PROVEN
    assert world.ended() == Ended("answered", ("v3.0.0",), ((),))


def test_what_speaks_for_itself_goes_before_what_was_seen_first_and_others_are_listed(
    world: World,
) -> None:
    stretches = {REFUSED: range(10, 14), CLOSED: range(15, 19), CRASH: range(19, 22)}
    hunt(world, {n: kind for kind, stretch in stretches.items() for n in stretch})
    assert learnt(world) == [REFUSED, CRASH]
    (note,) = notes(world)
    assert note.startswith("another failure, which is not the bug's, at ")
    assert CLOSED.text in note


def test_a_summary_has_the_other_apart(world: World) -> None:
    hunt(world, BOTH)
    made = summary(world)
    assert made.proven
    assert made.learnt and made.learnt.failures == (EXPECT,)
    assert [finding.revision for finding in made.findings] == [world.commits[n] for n in (11, 14)]
    (other,) = made.others
    assert other.learnt.failures == (REFUSED,)
    assert [finding.revision for finding in other.findings] == [world.commits[n] for n in (16, 21)]
    assert all(finding.proven for finding in other.findings)
    assert other.affected == ("v3.1-dev1",)
    assert not any("another bug" in note for note in made.notes)
    for probe in made.probes:
        assert (probe.verdict is Verdict.BAD) == (probe.failure == EXPECT)


def test_a_log_for_git_is_about_the_first(world: World) -> None:
    hunt(world, BOTH)
    assert world.commits[21] not in bisect_log.render(summary(world))


def test_without_a_toolchain_for_it_nothing_is_proven(world: World) -> None:
    world.toolchains = Toolchains(GCC)
    hunt(world, BOTH)
    assert world.found(bug=1) == {Change.INTRODUCTION: [16], Change.FIX: [21]}
    assert world.confirmed() == world.confirmed(bug=1) == {}


# --- where one hides the other --------------------------------------------------------------------


def test_next_to_each_other_they_leave_sets(world: World) -> None:
    hunt(world, {**all_of(EXPECT, range(9, 14)), **all_of(REFUSED, range(14, 19))})
    assert world.found() == {Change.INTRODUCTION: [9], Change.FIX: [14, 15, 16, 17, 18, 19]}
    assert world.found(bug=1) == {Change.INTRODUCTION: [9, 10, 11, 12, 13, 14], Change.FIX: [19]}
    assert world.confirmed(bug=1) == {Change.INTRODUCTION: HIDDEN, Change.FIX: ""}


def test_where_the_first_one_is_nothing_is_probed_for_the_other(world: World) -> None:
    hunt(world, {**all_of(EXPECT, range(2, 14)), **all_of(REFUSED, range(14, 19))})
    assert world.found(bug=1)[Change.INTRODUCTION] == [*range(2, 15)]
    for event in world.events:
        if isinstance(event, Probed) and is_for_another_bug(event.purpose):
            assert world.commits.index(event.revision) not in range(2, 14)


def test_a_failure_that_was_seen_where_the_first_bug_is_says_nothing(world: World) -> None:
    hunt(world, {**all_of(EXPECT, range(4, 22)), **all_of(REFUSED, range(16, 19))})
    assert world.found() == {Change.INTRODUCTION: [4], Change.FIX: [22]}
    assert world.found(bug=1) == {}
    assert REFUSED.text in notes(world)[0]


# --- when there is no other -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [HARNESS, BROKEN])
def test_what_says_nothing_about_haproxy_is_no_bug(world: World, kind: Failure) -> None:
    hunt(world, {**BOTH, **all_of(kind, range(16, 21))})
    assert learnt(world) == [EXPECT]
    assert world.ended().others == ()
    assert kind.text in notes(world)[0]


@pytest.mark.parametrize("later", [GOOD, UNTESTABLE])
def test_what_is_seen_once_is_only_listed(world: World, later: Verdict) -> None:
    truth, _ = failing(BOTH)

    def once(number: int, run: int) -> Verdict:
        return later if number in range(16, 21) and run else truth(number, run)

    def prepare(prober: Scripted) -> None:
        def failure(number: int, run: int) -> Failure | None:
            return CLOSED if number in range(16, 21) and run else BOTH.get(number)

        prober.machine.failing = failure

    world.hunt(once, prepare=prepare)
    assert learnt(world) == [EXPECT]
    assert world.confirmed() == BOTH_PROVEN
    assert any(REFUSED.text in note for note in notes(world))


def test_a_flaky_test_does_not_tell_two_bugs_apart(world: World) -> None:
    truth, prepare = failing(BOTH)
    world.hunt(truth, prepare=prepare, flaky=True)
    assert learnt(world) == [EXPECT]
    assert any(REFUSED.text in note for note in notes(world))


def test_one_good_end_only_shows_the_bug_at_the_other(world: World) -> None:
    hunt(world, {**all_of(REFUSED, range(4, 8)), **all_of(EXPECT, range(8, 24))})
    assert learnt(world) == [EXPECT]
    assert any(REFUSED.text in note for note in notes(world))


# --- the first answer stays -----------------------------------------------------------------------


def test_a_proof_of_the_other_that_fast_contradicts_is_a_doubt(world: World) -> None:
    world.toolchains = AUTO
    fast, fails = failing({**BOTH, **all_of(OTHER_EXPECT, range(16, 21))})
    really = {**all_of(EXPECT, range(11, 14)), **all_of(OTHER_EXPECT, range(17, 21))}
    real, _ = failing(really)

    def prepare(prober: Scripted) -> None:
        fails(prober)
        tell_fast(fast)(prober)

    world.hunt(real, prepare=prepare)
    assert world.confirmed() == BOTH_PROVEN
    doubt = world.confirmed(bug=1)[Change.INTRODUCTION]
    assert doubt == f"a real build contradicts fast on {world.commits[16][:10]}"
    assert world.confirmed(bug=1)[Change.FIX] == ""
    assert notes(world) == [], "there is no turn"
    assert summary(world).proven


def test_runs_of_the_other_that_differ_are_a_doubt(world: World) -> None:
    truth, prepare = failing(BOTH)

    def differing(number: int, run: int) -> Verdict:
        return GOOD if (number, run) == (16, CONFIRM_RUNS - 1) else truth(number, run)

    world.hunt(differing, prepare=prepare)
    assert world.confirmed() == BOTH_PROVEN
    doubt = world.confirmed(bug=1)[Change.INTRODUCTION]
    assert doubt == f"{world.commits[16][:10]} passes in some runs only"
    assert not [event for event in world.events if isinstance(event, Turned)]


# --- resuming -------------------------------------------------------------------------------------


def answers(world: World) -> list[Event]:
    return [event for event in world.events if not isinstance(event, Probed)]


def test_the_same_hunt_again_asks_nothing_and_says_nothing_new(world: World) -> None:
    hunt(world, BOTH)
    before = world.path.read_bytes()
    assert hunt(world, BOTH).asked == []
    assert world.path.read_bytes() == before


def test_what_is_seen_at_the_other_does_not_change_the_first_answer_of_a_resumed_hunt(
    world: World,
) -> None:
    """The proof of the other one shows the first one where fast did not."""
    world.toolchains = AUTO
    seen = {**BOTH, **all_of(OTHER_EXPECT, range(16, 21))}
    fast, _ = failing(seen)
    real, fails = failing({**seen, 15: EXPECT})

    def prepare(prober: Scripted) -> None:
        fails(prober)
        tell_fast(fast)(prober)

    world.hunt(real, prepare=prepare)
    first, whole = own(world), world.path.read_bytes()
    assert world.found() == {Change.INTRODUCTION: [11], Change.FIX: [14]}
    world.path.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    assert world.hunt(real, prepare=prepare).asked == []
    assert own(world) == first
    assert world.path.read_bytes() == whole


@pytest.mark.slow
def test_killed_at_any_time_it_goes_on_and_ends_the_same(world: World) -> None:
    hunt(world, BOTH)
    said = answers(world)
    lines = world.path.read_bytes().splitlines(keepends=True)
    for kept in range(0, len(lines), 3):
        world.path.write_bytes(b"".join(lines[:kept]) + lines[kept][:20])
        hunt(world, BOTH)
        assert answers(world) == said
        asked = [(e.key, e.run) for e in world.events if isinstance(e, Probed) and not e.known]
        assert len(asked) == len(set(asked))
