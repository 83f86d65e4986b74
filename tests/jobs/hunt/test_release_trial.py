"""Bugs that fast does not show: release is tried before a hunt between good ends gives up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bisector.build.toolchain import Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.build.toolchains.release import Release
from bisector.errors import NoWitness
from bisector.jobs.hunt.release_trial import RELEASES
from bisector.record.events import Confirmed, Event, Probed, Turned
from bisector.record.failure import Failure, FailureClass
from bisector.record.words import Change, Turn
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.scenario import Known
from tests.support.clone import Clone
from tests.support.hunting import Scripted, Truth, World, bad_in, flaky_in
from tests.support.toolchains import AUTO, GCC, TCC

pytestmark = pytest.mark.usefixtures("no_clock")

NEVER = bad_in(range(0))
THREADED = VTestCase(
    "flap", "digest", "flap.vtc", files=(("flap.vtc", "global\n    nbthread 2\n"),), bad="signature"
)


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    made = World(clone, workspace, tmp_path / "journal")
    made.toolchains = AUTO
    return made


def blind(*names: str, truth: Truth = NEVER) -> Callable[[Scripted], None]:
    """The toolchains with these names say something else than the truth."""

    def prepare(prober: Scripted) -> None:
        prober.machine.truths = dict.fromkeys(names, truth)

    return prepare


def built_with(world: World, name: str) -> list[int]:
    """The commits that a toolchain was asked about, by number, without repetitions."""
    asked = (e.revision for e in world.events if isinstance(e, Probed) and e.toolchain == name)
    return [world.commits.index(revision) for revision in dict.fromkeys(asked)]


def turns(world: World) -> list[Turned]:
    return [event for event in world.events if isinstance(event, Turned)]


def proofs(world: World) -> set[str]:
    return {event.toolchain for event in world.events if isinstance(event, Confirmed)}


# --- a bug that fast does not show ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("stretch", "found"),
    [
        (range(7, 24), {Change.INTRODUCTION: [7]}),
        (range(7), {Change.FIX: [7]}),
        (range(8, 14), {Change.INTRODUCTION: [8], Change.FIX: [14]}),
    ],
)
def test_a_bug_that_needs_threads_is_found_with_dev(
    world: World, stretch: range, found: dict[str, list[int]]
) -> None:
    world.hunt(bad_in(stretch), prepare=blind(Fast.name))
    assert world.found() == found
    assert set(world.confirmed().values()) == {""} and proofs(world) == {Dev.name}
    (turn,) = turns(world)
    assert turn.way is Turn.REAL
    assert turn.text.startswith("the bug needs threads or the optimiser: ")
    assert "is good with fast and bad with release; the hunt goes on with dev" in turn.text


@pytest.mark.parametrize(
    ("stretch", "found"),
    [
        (range(7, 24), {Change.INTRODUCTION: [7]}),
        (range(8, 14), {Change.INTRODUCTION: [8], Change.FIX: [14]}),
    ],
)
def test_a_bug_that_needs_the_optimiser_is_found_and_proven_with_release(
    world: World, stretch: range, found: dict[str, list[int]]
) -> None:
    world.hunt(bad_in(stretch), prepare=blind(Fast.name, Dev.name))
    assert world.found() == found
    assert set(world.confirmed().values()) == {""} and proofs(world) == {Release.name}
    (turn,) = turns(world)
    assert turn.way is Turn.RELEASE
    assert turn.text.endswith("the hunt goes on with release")


def test_a_race_that_shows_in_some_runs_makes_the_test_a_flaky_one(world: World) -> None:
    world.hunt(flaky_in(range(7, 24), 0.6), prepare=blind(Fast.name))
    assert world.found() == {Change.INTRODUCTION: [7]}
    assert world.confirmed() == {Change.INTRODUCTION: ""}
    assert {turn.way for turn in turns(world)} == {Turn.CHANCE, Turn.REAL}


def test_a_failure_that_may_be_the_bug_counts_if_it_is_there_each_time(world: World) -> None:
    world.oracle = VTestCase("any", "digest", "any.vtc")
    hangs = Failure(FailureClass.TIMEOUT, "c1: HTTP rx timeout")

    def prepare(prober: Scripted) -> None:
        blind(Fast.name)(prober)
        prober.machine.failing = lambda number, run: hangs

    world.hunt(bad_in(range(0), untestable=range(7, 24)), prepare=prepare)
    assert world.found() == {Change.INTRODUCTION: [7]}


# --- when it is tried -----------------------------------------------------------------------------


def test_what_fast_finds_costs_no_build_with_release(world: World) -> None:
    world.hunt(bad_in(range(10, 12)))
    assert world.found() == {Change.INTRODUCTION: [10], Change.FIX: [12]}
    assert built_with(world, Release.name) == []


def test_a_test_that_asks_for_threads_is_tried_first(world: World) -> None:
    world.oracle = THREADED
    world.hunt(bad_in(range(7, 24)), prepare=blind(Fast.name))
    assert built_with(world, Fast.name) == [0, 23]
    assert built_with(world, Release.name) == [23]
    assert world.found() == {Change.INTRODUCTION: [7]}


def test_but_not_if_its_ends_were_judged_with_threads(world: World) -> None:
    """As fast refuses more than one thread."""
    world.oracle = THREADED
    known = Known(suspect=world.commits[10])
    refuses = bad_in(range(0), untestable=range(24))
    world.hunt(bad_in(range(10, 12)), known=known, prepare=blind(Fast.name, truth=refuses))
    assert built_with(world, Release.name) == []
    assert world.found() == {Change.INTRODUCTION: [10], Change.FIX: [12]}


def test_what_release_and_fast_show_is_searched_with_fast(world: World) -> None:
    world.oracle = THREADED
    world.hunt(bad_in(range(8, 14)))
    assert world.found() == {Change.INTRODUCTION: [8], Change.FIX: [14]}
    assert turns(world) == [] and proofs(world) == {Dev.name}


def test_without_a_bug_it_says_where_release_was_tried(world: World) -> None:
    with pytest.raises(NoWitness, match="--toolchain release if the bug needs threads") as caught:
        world.hunt(NEVER)
    tried = built_with(world, Release.name)
    assert (tried[0], tried[-1], len(tried)) == (23, 0, RELEASES + 2)
    assert {9, 12, 20} < set(tried), "the releases are among them"
    assert caught.value.what == world.ended().answer
    assert "; built with release, these are good as well: " in caught.value.what
    assert "v3.0.0" in caught.value.what and "v2.9.0" in caught.value.what
    assert turns(world) == []


def test_what_release_cannot_test_is_not_said_to_be_good(world: World) -> None:
    with pytest.raises(NoWitness) as caught:
        world.hunt(NEVER, prepare=blind(Release.name, truth=bad_in(range(0), untestable=[12, 20])))
    assert "v3.0.0" not in caught.value.what and "v3.0-dev1" in caught.value.what


@pytest.mark.parametrize("toolchains", [Toolchains(GCC, GCC), Toolchains(TCC, GCC)])
def test_a_toolchain_that_the_user_chose_is_the_only_one(
    world: World, toolchains: Toolchains
) -> None:
    world.toolchains = toolchains
    with pytest.raises(NoWitness) as caught:
        world.hunt(NEVER)
    assert "built with release" not in str(caught.value)
    assert built_with(world, Release.name) == []


# --- resuming -------------------------------------------------------------------------------------


def answers(events: list[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, Probed)]


@pytest.mark.parametrize("names", [(Fast.name,), (Fast.name, Dev.name)])
def test_killed_at_any_time_it_goes_on_and_ends_the_same(
    world: World, names: tuple[str, ...]
) -> None:
    truth = bad_in(range(8, 14))
    world.hunt(truth, prepare=blind(*names))
    said, lines = answers(world.events), world.path.read_bytes().splitlines(keepends=True)
    for kept in range(0, len(lines) + 1, 3):
        world.path.write_bytes(b"".join(lines[:kept]))
        world.hunt(truth, prepare=blind(*names))
        assert answers(world.events) == said
        asked = [(e.key, e.run) for e in world.events if isinstance(e, Probed) and not e.known]
        assert len(asked) == len(set(asked))
