"""Measuring revisions again and again, with a stand-in for builds and measurements."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bisector.jobs.metric.measuring import Measurer
from bisector.record.journal import Journal
from bisector.record.words import Purpose
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.hunting import Scripted, World, bad_in
from tests.support.measuring import MadeUp
from tests.support.toolchains import GCC, TCC

COUNT = MadeUp("count", "digest of count")


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    made = World(clone, workspace, tmp_path / "journal")
    made.oracle = COUNT
    return made


def prober(world: World) -> Scripted:
    made = Scripted(world.context(), Journal(world.path), world.commits, bad_in(()), None)
    made.machine.samples = lambda name, number, run: (1000.0 * number + run,)
    return made


def test_each_call_makes_new_runs(world: World) -> None:
    measurer = Measurer(prober(world), GCC, COUNT)
    first, second = world.commits[1:3]
    values = [
        [probed.samples for probed in measurer.measure((first, second, first), Purpose.MEASURE)],
        [probed.samples for probed in measurer.measure((second,), Purpose.MEASURE)],
    ]
    assert values == [[(1000,), (2000,), (1001,)], [(2001,)]]


def test_a_second_session_gets_the_same_values(world: World) -> None:
    revisions = world.commits[1:3]
    before = Measurer(prober(world), GCC, COUNT).measure(revisions, Purpose.MEASURE)
    again = prober(world)
    assert Measurer(again, GCC, COUNT).measure(revisions, Purpose.MEASURE) == before
    assert again.asked == []


def test_what_another_toolchain_measured_does_not_count(world: World) -> None:
    measurer = Measurer(prober(world), GCC, COUNT)
    (probed,) = measurer.measure(world.commits[3:4], Purpose.MEASURE)
    assert measurer.samples(probed) == (3000,)
    assert Measurer(prober(world), TCC, COUNT).samples(probed) == ()


@pytest.mark.parametrize(("disturbed", "at_once"), [(False, 3), (True, 1)])
def test_runs_are_made_at_once_unless_that_disturbs_them(
    world: World, disturbed: bool, at_once: int
) -> None:
    made, most = prober(world), 0
    started = made.start

    def start(*words: object) -> object:
        nonlocal most
        ticket = started(*words)  # type: ignore[arg-type]
        most = max(most, len(made._under_way))
        return ticket

    made.start = start  # type: ignore[assignment, method-assign]
    oracle = replace(COUNT, disturbed=disturbed)
    Measurer(made, GCC, oracle).measure(world.commits[1:4], Purpose.MEASURE)
    assert most == at_once


def test_the_usual_duration_is_the_median(world: World) -> None:
    measurer = Measurer(prober(world), GCC, COUNT)
    assert measurer.seconds == 10
    measurer.measure(world.commits[1:4], Purpose.MEASURE)
    assert measurer.seconds == 1
