"""What a sweep is going to take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.jobs.survey.estimate import MeasuredTimes, estimate, pace_of
from bisector.record.events import Event
from bisector.record.failure import Failure, FailureClass
from bisector.record.journal import Journal
from bisector.record.words import Job
from bisector.record.work_estimate import Estimate
from bisector.search.costs import TEST_SECONDS
from bisector.system.workspace import Workspace
from bisector.testing.oracle import TIMED_OUT
from tests.support.clone import Clone
from tests.support.hunting import BAD, GOOD, UNTESTABLE, World
from tests.support.judged import started
from tests.support.records import STARTED, probed

FULL, SMALL = Dev.cost.full, Dev.cost.incremental


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return World(clone, workspace, tmp_path / "journal")


def cost(world: World, runs: int = 1, fresh: bool = False) -> Estimate:
    """Of all commits, one after the other."""
    return estimate(world.context(), world.commits, world.commits, runs, "name", fresh)


def keep(world: World, *events: Event) -> None:
    journal = Journal(world.workspace.folder("hunts", "name") / "journal")
    for event in events:
        journal.append(event)


def test_where_nothing_is_known_each_source_is_built_and_tested(world: World) -> None:
    made = cost(world)
    assert (made.revisions, made.contents, made.known, made.built) == (24, 24, 0, 0)
    assert made.build_seconds == pytest.approx(FULL + 23 * SMALL)
    assert made.test_seconds == pytest.approx(24 * TEST_SECONDS)
    assert made.measured == 0


def test_what_builds_the_same_counts_once(world: World) -> None:
    world.commits += [world.clone.commit({f"doc/{n}": "x"}) for n in range(5)]
    made = cost(world)
    assert (made.revisions, made.contents) == (29, 24)
    assert made.build_seconds == pytest.approx(FULL + 23 * SMALL)


def test_after_a_change_of_a_header_the_next_build_takes_longer(world: World) -> None:
    world.commits.append(world.clone.commit({"include/haproxy/x.h": "y"}))
    more = cost(world).build_seconds - (FULL + 23 * SMALL)
    assert SMALL < more < FULL


def test_what_was_told_before_costs_nothing_unless_all_is_to_be_tested_afresh(
    world: World,
) -> None:
    told = [
        probed(commit, GOOD, toolchain=Dev.name, build_seconds=0.0) for commit in world.commits[:9]
    ]
    keep(world, started(Job.SWEEP, world.range), *told)
    assert (cost(world).known, cost(world, fresh=True).known) == (9, 0)
    assert cost(world).build_seconds < cost(world, fresh=True).build_seconds
    keep(world, *(probed(commit, GOOD) for commit in world.commits))
    done = cost(world)
    assert (done.known, done.build_seconds, done.test_seconds) == (24, 0, 0)


def test_a_sweep_that_was_begun_tells_its_own_pace(world: World) -> None:
    seconds = (10 * FULL, 10 * SMALL, 10 * SMALL)
    told = [
        probed(commit, GOOD, toolchain=Dev.name, build_seconds=took)
        for commit, took in zip(world.commits, seconds, strict=False)
    ]
    keep(world, started(Job.SWEEP, world.range), *told)
    made = cost(world)
    assert made.build_seconds == pytest.approx(10 * 21 * SMALL)
    assert made.measured == 3


def test_a_flaky_test_runs_several_times(world: World) -> None:
    assert cost(world, runs=5).test_seconds == pytest.approx(5 * cost(world).test_seconds)


def test_the_pace_is_the_middle_of_what_was_measured_here() -> None:
    builds = [
        probed(
            "1" * 40,
            GOOD,
            toolchain=Dev.name,
            build_seconds=took,
            test_seconds=0.2,
            scenario="flap",
        )
        for took in (2.0, 9.0, 3.0)
    ]
    other = probed("1" * 40, GOOD, toolchain=Dev.name, build_seconds=0.0, scenario="another")
    hunt: list[Event] = [STARTED, *builds, other]
    assert pace_of([hunt], Dev, "flap") == MeasuredTimes(3.0, 0.2, 3)


def test_where_too_little_was_measured_the_pace_is_that_of_another_machine() -> None:
    build = probed("1" * 40, GOOD, toolchain=Dev.name, build_seconds=2.0, scenario="flap")
    nothing = MeasuredTimes(FULL, TEST_SECONDS, 0)
    assert pace_of([], Dev, "x") == nothing
    assert pace_of([[STARTED, build, build]], Dev, "x") == nothing, "too few"
    assert pace_of([[STARTED, build, build, build]], Dev, "x") == replace(
        nothing, build_seconds=2.0, builds=3
    )
    sweep = [started(Job.SWEEP, "a..b"), build, build, build]
    assert pace_of([sweep], Dev, "x") == nothing, "these went on from their neighbours"
    fast = MeasuredTimes(Fast.cost.full, TEST_SECONDS, 0)
    assert pace_of([[STARTED, build, build, build]], Fast, "x") == fast


def test_a_test_that_exceeded_its_limit_says_nothing_about_the_pace() -> None:
    """Neither in a journal with kinds of failure, nor in an older one without."""
    quick = [probed(f"{n}" * 40, GOOD, test_seconds=0.4, scenario="flap") for n in range(2)]
    about: dict[str, object] = {"test_seconds": 50.0, "scenario": "flap"}
    late = Failure(FailureClass.TIMEOUT, "c1: rx timeout")
    refused = Failure(FailureClass.REFUSAL, "no")
    hanging = [
        probed("a" * 40, UNTESTABLE, failure=late, **about),
        probed("b" * 40, UNTESTABLE, reason=TIMED_OUT, **about),
        probed("c" * 40, BAD, failure=late, **about),
    ]
    assert pace_of([[STARTED, *quick, *hanging]], Dev, "flap").test_seconds == 0.4
    ended = [probed(f"{n}" * 40, UNTESTABLE, failure=refused, **about) for n in "def"]
    assert pace_of([[STARTED, *quick, *ended]], Dev, "flap").test_seconds == 50.0
