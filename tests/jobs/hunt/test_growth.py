"""Memory that grows at both ends of a range: bad is what grows more."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import UnusableEnds
from bisector.record.events import Probed
from bisector.record.failure import Failure, FailureClass
from bisector.record.learnt import Learnt
from bisector.record.summary import summarize
from bisector.record.verdict import Verdict
from bisector.system.workspace import Workspace
from bisector.testing.oracles.command import Command
from bisector.testing.oracles.leak_test import LeakTest
from tests.support.clone import Clone
from tests.support.hunting import BAD, GOOD, Scripted, World
from tests.support.records import STARTED

pytestmark = pytest.mark.usefixtures("no_clock")

GROWS = Failure(FailureClass.EXPECTATION, "HAProxy's memory grows")
LITTLE, MUCH = (4096,) * 30, (20480,) * 30


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    made = World(clone, workspace, tmp_path / "journal")
    made.oracle = LeakTest.around(Command.of_option("true", bad_if=None, skip_if=None), "40")
    return made


def hunt(world: World, much: range) -> Scripted:
    """A hunt over commits whose memory grows, *much* in some of them."""

    def prepare(prober: Scripted) -> None:
        prober.machine.growth = {n: MUCH if n in much else LITTLE for n in range(24)}
        prober.machine.failing = lambda number, run: GROWS

    return world.hunt(lambda number, run: BAD, prepare=prepare)


def test_what_grows_more_than_at_the_old_end_is_the_bug(world: World) -> None:
    hunt(world, range(14, 24))
    assert world.found() == {"introduction": [14]}
    assert world.confirmed() == {"introduction": ""}
    (learnt,) = (event for event in world.events if isinstance(event, Learnt))
    assert learnt.what == f"{GROWS}, more than at v2.9.0"


def test_what_grows_more_than_at_the_new_end_is_the_bug(world: World) -> None:
    hunt(world, range(9))
    assert world.found() == {"fix": [9]}
    assert world.ended().affected == ("v2.9.0",)


def test_what_grows_alike_at_both_ends_is_bad_at_both(world: World) -> None:
    with pytest.raises(UnusableEnds, match=r"both ends of .* are bad"):
        hunt(world, range(0))
    assert not any(isinstance(event, Learnt) for event in world.events)


def test_reports_and_a_resumed_hunt_judge_by_the_same(world: World) -> None:
    hunt(world, range(14, 24))
    assert hunt(world, range(14, 24)).asked == []
    summary = summarize([STARTED, *world.events])
    assert summary
    verdicts = {world.commits.index(probe.revision): probe.verdict for probe in summary.probes}
    assert set(verdicts.items()) >= {(0, GOOD), (13, GOOD), (14, BAD), (23, BAD)}
    written = [event for event in world.events if isinstance(event, Probed)]
    assert {event.verdict for event in written} == {Verdict.BAD}, "as each run says by itself"
