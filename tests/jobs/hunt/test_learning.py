"""The bug's failure is learnt from the end that fails; every other failure is untestable."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bisector.errors import NoWitness, UnusableEnds
from bisector.jobs.hunt.learning import is_absent_feature, kinds_of, other_failure, pattern_of
from bisector.record.events import Noted, Probed
from bisector.record.failure import Failure, FailureClass
from bisector.record.learnt import Learnt
from bisector.record.summary import summarize
from bisector.record.verdict import Verdict
from bisector.record.words import Change
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.clone import Clone
from tests.support.failures import (
    ABSENT,
    BROKEN,
    CLOSED,
    EXPECT,
    HARNESS,
    OTHER_EXPECT,
    REFUSED,
    SKIPPED,
    UNUSABLE,
)
from tests.support.hunting import BAD, GOOD, UNTESTABLE, Scripted, World, all_of, bad_in, failing
from tests.support.records import STARTED, probed

pytestmark = pytest.mark.usefixtures("no_clock")

TIMEOUT = Failure(FailureClass.TIMEOUT, "c1: HTTP rx timeout #")

Failures = Mapping[int, Failure]


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    """A hunt with a test of which nothing is known."""
    made = World(clone, workspace, tmp_path / "journal")
    made.oracle = VTestCase("any", "digest", "any.vtc")
    return made


def hunt(world: World, failures: Failures) -> Scripted:
    truth, prepare = failing(failures)
    return world.hunt(truth, prepare=prepare)


def learnt(world: World) -> list[Learnt]:
    return [event for event in world.events if isinstance(event, Learnt)]


def notes(world: World) -> list[str]:
    return [event.text for event in world.events if isinstance(event, Noted)]


# --- good to bad, bad to good ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", [EXPECT, REFUSED, ABSENT, CLOSED, TIMEOUT, UNUSABLE])
def test_however_the_new_end_fails_that_is_the_bug(world: World, kind: Failure) -> None:
    hunt(world, all_of(kind, range(7, 24)))
    assert world.found() == {Change.INTRODUCTION: [7]}
    assert world.confirmed() == {Change.INTRODUCTION: ""}
    (event,) = learnt(world)
    assert (event.failures, event.revision, event.runs) == ((kind,), world.commits[23], 3)


@pytest.mark.parametrize("kind", [EXPECT, REFUSED, CLOSED, TIMEOUT, UNUSABLE])
def test_however_the_old_end_fails_that_is_the_bug(world: World, kind: Failure) -> None:
    hunt(world, all_of(kind, range(14)))
    assert world.found() == {Change.FIX: [14]}
    assert world.confirmed() == {Change.FIX: ""}


@pytest.mark.parametrize("old_end", [UNUSABLE, REFUSED, ABSENT, HARNESS])
def test_a_command_that_cannot_be_used_is_no_bug_unless_the_test_passes_elsewhere(
    world: World, old_end: Failure
) -> None:
    failures = {**all_of(UNUSABLE, range(24)), 0: old_end}
    with pytest.raises(UnusableEnds, match=r"the range's end \S+ is untestable") as caught:
        hunt(world, failures)
    asked = {event.revision for event in world.events if isinstance(event, Probed)}
    if old_end is UNUSABLE:
        assert asked == {world.commits[0], world.commits[23]}, "one clear line, and at once"
        assert learnt(world) == []
        assert "correct the test's command" in str(caught.value)


def test_a_flaky_test_that_times_out_is_learnt_from_even_if_it_passes_first(world: World) -> None:
    hangs = set(range(7, 24))

    def prepare(prober: Scripted) -> None:
        prober.machine.failing = lambda number, run: (
            TIMEOUT if number in hangs and run % 5 else None
        )

    def truth(number: int, run: int) -> Verdict:
        return UNTESTABLE if number in hangs and run % 5 else GOOD

    world.hunt(truth, prepare=prepare, flaky=True)
    assert world.found() == {Change.INTRODUCTION: [7]}
    (event,) = learnt(world)
    assert (event.failures, event.revision) == ((TIMEOUT,), world.commits[23])


def test_an_old_end_that_does_not_know_a_keyword_has_no_bug_to_be_fixed(world: World) -> None:
    with pytest.raises(NoWitness):
        hunt(world, all_of(ABSENT, range(5)))
    assert learnt(world) == []
    assert "v3.0-dev1 stands in for it" in notes(world)[0]


def test_nor_has_one_whose_oracle_calls_a_refusal_bad(world: World) -> None:
    """As that of a configuration does."""
    absent = all_of(ABSENT, range(10))

    def prepare(prober: Scripted) -> None:
        prober.machine.failing = lambda number, run: absent.get(number)

    with pytest.raises(NoWitness):
        world.hunt(bad_in(range(10)), prepare=prepare)
    assert "v3.0.0 stands in for it" in notes(world)[0]


def test_another_failure_on_the_way_is_not_the_bug(world: World) -> None:
    """A test by messages alone would have named 5."""
    hunt(world, {**all_of(OTHER_EXPECT, range(5, 9)), **all_of(EXPECT, range(9, 24))})
    assert world.found() == {Change.INTRODUCTION: [5, 6, 7, 8, 9]}
    assert "cannot be tested" in world.confirmed()[Change.INTRODUCTION]
    (note,) = notes(world)
    assert note.startswith("another failure, which is not the bug's, at ")
    assert OTHER_EXPECT.text in note


def test_a_bug_of_two_kinds_is_both(world: World) -> None:
    truth, _ = failing(all_of(EXPECT, range(7, 24)))

    def prepare(prober: Scripted) -> None:
        prober.machine.failing = lambda number, run: OTHER_EXPECT if run % 2 else EXPECT

    world.hunt(truth, prepare=prepare)
    (event,) = learnt(world)
    assert event.failures == (EXPECT, OTHER_EXPECT)
    assert world.found() == {Change.INTRODUCTION: [7]}


@pytest.mark.parametrize("kind", [HARNESS, SKIPPED, BROKEN])
def test_what_says_nothing_about_haproxy_is_never_learnt(world: World, kind: Failure) -> None:
    with pytest.raises(NoWitness):
        hunt(world, all_of(kind, range(21, 24)))
    assert learnt(world) == []


def test_a_skip_at_the_old_end_and_a_bug_at_the_new_one(world: World) -> None:
    hunt(world, {**all_of(SKIPPED, range(6)), **all_of(EXPECT, range(15, 24))})
    assert world.found() == {Change.INTRODUCTION: [15]}


def test_ends_that_fail_in_the_same_expectation_are_both_bad(world: World) -> None:
    with pytest.raises(UnusableEnds, match=r"both ends of .* are bad"):
        hunt(world, all_of(EXPECT, range(24)))


def test_ends_that_fail_in_two_expectations_are_both_bad(world: World) -> None:
    with pytest.raises(UnusableEnds, match=r"both ends of .* are bad"):
        hunt(world, {**all_of(EXPECT, range(12)), **all_of(OTHER_EXPECT, range(12, 24))})
    assert learnt(world) == []


def test_the_end_that_speaks_for_itself_is_the_one_that_shows_the_bug(world: World) -> None:
    hunt(world, {**all_of(EXPECT, range(6)), **all_of(TIMEOUT, [22, 23])})
    assert world.found() == {Change.FIX: [6]}
    assert "v3.1-dev1 stands in for it" in notes(world)[0]


def test_ends_that_are_refused_alike_are_untestable(world: World) -> None:
    with pytest.raises(UnusableEnds, match="is untestable"):
        hunt(world, all_of(REFUSED, range(24)))


# --- good to good ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [EXPECT, REFUSED, ABSENT, CLOSED, TIMEOUT])
def test_between_good_ends_any_failure_that_may_be_the_bugs_counts(
    world: World, kind: Failure
) -> None:
    hunt(world, all_of(kind, range(10, 15)))
    assert world.found() == {Change.INTRODUCTION: [10], Change.FIX: [15]}
    assert learnt(world)[0].failures == (kind,)


@pytest.mark.parametrize("kind", [HARNESS, SKIPPED, BROKEN])
def test_between_good_ends_a_failure_that_says_nothing_of_haproxy_does_not_count(
    world: World, kind: Failure
) -> None:
    with pytest.raises(NoWitness):
        hunt(world, all_of(kind, range(10, 15)))


# --- what is read later ---------------------------------------------------------------------------


def test_the_same_hunt_again_asks_nothing_and_says_nothing_new(world: World) -> None:
    failures = {**all_of(OTHER_EXPECT, range(5, 9)), **all_of(REFUSED, range(9, 24))}
    hunt(world, failures)
    before = world.path.read_bytes()
    assert hunt(world, failures).asked == []
    assert world.path.read_bytes() == before


def test_a_report_has_the_verdicts_by_what_was_learnt(world: World) -> None:
    prober = hunt(world, {**all_of(EXPECT, range(5, 9)), **all_of(REFUSED, range(9, 24))})
    summary = summarize([STARTED, *prober.journal.events])
    assert summary and summary.learnt
    for probe in summary.probes:
        bad = probe.failure == REFUSED
        assert probe.verdict is (BAD if bad else UNTESTABLE if probe.failure else GOOD)


def test_a_scenarios_signature_stands_above_what_could_be_learnt(world: World) -> None:
    world.oracle = VTestCase("flap", "digest", "flap.vtc", bad="signature")
    with pytest.raises(NoWitness):
        hunt(world, all_of(REFUSED, range(22, 24)))
    assert learnt(world) == []


# --- texts ----------------------------------------------------------------------------------------


def test_only_a_refusal_of_something_unknown_is_an_absent_feature() -> None:
    assert is_absent_feature(ABSENT)
    assert not is_absent_feature(REFUSED)
    assert not is_absent_feature(Failure(FailureClass.EXPECTATION, "unknown"))
    assert not is_absent_feature(None)


def test_a_note_names_a_few_revisions_and_the_pattern_that_would_make_it_the_bug() -> None:
    note = other_failure(TIMEOUT, ["v1", "v2", "v3", "v4", "v5"])
    assert "at v1, v2, v3, v4 and 1 more: timeout: c1: HTTP rx timeout" in note
    assert "--bad-if 'HTTP rx timeout'" in note
    assert "--bad-if" not in other_failure(HARNESS, ["v1"])


def test_the_pattern_is_quoted_for_a_shell() -> None:
    quoted = Failure(FailureClass.OTHER, "in frontend 'fe' now")
    assert """--bad-if 'in frontend '"'"'fe'"'"' now'""" in other_failure(quoted, ["v1"])


def test_a_pattern_is_of_a_part_without_values() -> None:
    assert pattern_of(Failure(FailureClass.OTHER, "a # b (c) #")) == r"b \(c\)"


# --- crashes ------------------------------------------------------------------------------------


def crashed(run: int, function: str, toolchain: str = "fast") -> Probed:
    failure = Failure(FailureClass.CRASH, f"SIGSEGV in {function}")
    return probed("c" * 40, BAD, run=run, toolchain=toolchain, failure=failure)


def test_a_crash_is_learnt_with_its_function() -> None:
    (kind,) = kinds_of([crashed(0, "f"), crashed(1, "f"), crashed(2, "f")])
    assert kind.text == "SIGSEGV in f"


def test_compilers_may_name_different_functions() -> None:
    kinds = kinds_of([crashed(0, "f", "dev"), crashed(1, "inlined"), crashed(2, "inlined")])
    assert [kind.text for kind in kinds] == ["SIGSEGV in f", "SIGSEGV in inlined"]


def test_of_memory_that_was_damaged_the_function_says_nothing() -> None:
    (kind,) = kinds_of([crashed(0, "f"), crashed(1, "g"), crashed(2, "f")])
    assert kind.text == "SIGSEGV"
