"""A test shows a fix's bug however it fails without the fix, if it passes with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.record.failure import Failure, FailureClass
from bisector.record.journal import Journal
from bisector.record.learnt import Learnt
from bisector.record.patch_outcome import Outcome
from bisector.record.summary import summarize
from bisector.record.verdict import Verdict
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.ports import OWN, C, World, verdict
from tests.support.records import STARTED

pytestmark = pytest.mark.usefixtures("no_clock")

TEST = 'vtest "a test"\n'
TIMEOUT = Failure(FailureClass.TIMEOUT, "timed out")
REFUSED = Failure(FailureClass.REFUSAL, "config : error in the condition")
CLOSED = Failure(FailureClass.CONNECTION, "c1: recv() got #")
HARNESS = Failure(FailureClass.HARNESS, "Unknown command")


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return World(clone, workspace, tmp_path / "journal")


def learnt(world: World) -> list[Learnt]:
    return [event for event in Journal(world.journal).events if isinstance(event, Learnt)]


@pytest.mark.parametrize("kind", [TIMEOUT, REFUSED, CLOSED])
def test_the_fixs_own_test_may_fail_in_any_way_without_it(world: World, kind: Failure) -> None:
    fix = world.fix(files={OWN: TEST})
    plan = world.plan(fix, "3.0", "2.9", named=False)
    world.run(plan, failing=lambda source, name, run: kind if name == OWN else None)
    assert world.judged()["3.0", OWN] is Outcome.FIXES
    assert world.judged()["2.9", OWN] is Outcome.NOT_NEEDED
    (event,) = learnt(world)
    assert (event.scenario, event.failures, event.runs) == (OWN, (kind,), 3)
    assert f"{OWN} shows this bug: bad at {world.bug[:10]}, good at {fix[:10]}" in world.notes()


def test_a_test_that_does_not_work_without_the_fix_shows_nothing(world: World) -> None:
    plan = world.plan(world.fix(files={OWN: TEST}), "3.0", named=False)
    world.run(plan, failing=lambda source, name, run: HARNESS if name == OWN else None)
    assert ("3.0", OWN) not in world.judged()
    assert learnt(world) == []
    told = f"{OWN} does not show this bug: untestable, it is untestable, at {world.bug[:10]}"
    assert any(note.startswith(told) for note in world.notes())


def test_of_several_ways_only_those_that_may_be_the_bug_are_learnt(world: World) -> None:
    plan = world.plan(world.fix(files={OWN: TEST}), "3.0", named=False)

    world.run(
        plan, failing=lambda source, name, run: (TIMEOUT, HARNESS)[run % 2] if name == OWN else None
    )
    (event,) = learnt(world)
    assert event.failures == (TIMEOUT,), "what says nothing about HAProxy is not the bug's"


def test_a_branch_on_which_it_fails_in_another_way_is_not_said_to_have_the_bug(
    world: World,
) -> None:
    text = world.text + "closed\n"
    world.clone.commit({C: text}, parents=[world.bug], branch="closed")
    plan = world.plan(world.fix(files={OWN: TEST}), "closed", named=False)

    def failing(source: str, name: str, run: int) -> Failure | None:
        if name != OWN:
            return None
        return CLOSED if "closed" in source else TIMEOUT

    world.run(plan, failing=failing)
    assert world.judged()["closed", OWN] is Outcome.UNTESTABLE


def test_a_test_that_passes_without_the_fix_when_it_is_repeated_shows_nothing(
    world: World,
) -> None:
    plan = world.plan(world.fix(files={OWN: TEST}), "3.0", named=False)
    kind = TIMEOUT
    world.run(plan, failing=lambda source, name, run: kind if name == OWN else None, lucky=1)
    assert learnt(world) == []
    assert ("3.0", OWN) not in world.judged()


def test_each_test_has_a_failure_of_its_own(world: World) -> None:
    two = "reg-tests/server/two.vtc"
    kinds = {OWN: TIMEOUT, two: CLOSED}

    def says(source: str, name: str, toolchain: str) -> Verdict:
        return verdict(source, OWN if name == two else name, toolchain)

    plan = world.plan(world.fix(files={OWN: TEST, two: TEST}), "3.0", named=False)
    world.run(plan, says, lambda source, name, run: kinds.get(name))
    assert {event.scenario: event.failures for event in learnt(world)} == {
        OWN: (TIMEOUT,),
        two: (CLOSED,),
    }
    assert world.judged()["3.0", OWN] is world.judged()["3.0", two] is Outcome.FIXES
    summary = summarize([STARTED, *Journal(world.journal).events])
    assert summary
    bad = {one.scenario for one in summary.probes if one.verdict is Verdict.BAD}
    assert bad >= {OWN, two}, "in the report, too"
