"""An end at which the test does not work is moved to where it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import UnusableEnds
from bisector.record.events import Noted
from bisector.record.words import Change
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.hunting import World, bad_in

pytestmark = pytest.mark.usefixtures("no_clock")

# releases: 0 (v2.9.0), 9 (v3.0-dev1), 12 (v3.0.0), 20 (v3.1-dev1)


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return World(clone, workspace, tmp_path / "journal")


def notes(world: World) -> list[str]:
    return [event.text for event in world.events if isinstance(event, Noted)]


def test_the_oldest_release_at_which_the_test_works_stands_in_for_the_old_end(world: World) -> None:
    world.hunt(bad_in(range(15, 24), untestable=range(5)))
    assert world.found() == {Change.INTRODUCTION: [15]}
    assert world.confirmed() == {Change.INTRODUCTION: ""}
    (note,) = notes(world)
    assert "old end v2.9.0 is untestable" in note
    assert note.endswith("v3.0-dev1 stands in for it")


def test_the_newest_release_at_which_the_test_works_stands_in_for_the_new_end(
    world: World,
) -> None:
    world.hunt(bad_in(range(15, 24), untestable=[22, 23]))
    assert world.found() == {Change.INTRODUCTION: [15]}
    assert notes(world)[0].endswith("v3.1-dev1 stands in for it")


def test_where_that_release_is_bad_the_first_commit_that_can_be_tested_is_found(
    world: World,
) -> None:
    world.hunt(bad_in(range(7, 24), untestable=range(5)))
    assert world.found() == {Change.INTRODUCTION: [7]}
    (note,) = notes(world)
    assert f"{world.commits[5][:10]} stands in" in note


def test_a_bug_that_is_there_as_soon_as_the_test_works_is_as_old_as_what_the_test_needs(
    world: World,
) -> None:
    with pytest.raises(UnusableEnds, match="as old as what the test needs") as caught:
        world.hunt(bad_in(range(24), untestable=range(6)))
    assert world.commits[6][:10] in caught.value.what
    assert world.ended().answer == caught.value.what


def test_both_ends_untestable_is_said_as_it_is(world: World) -> None:
    with pytest.raises(UnusableEnds, match=r"the range's end v2\.9\.0 is untestable"):
        world.hunt(bad_in(range(7, 15), untestable=[0, 23]))


def test_where_nothing_but_the_old_end_can_be_tested_there_is_no_answer(world: World) -> None:
    with pytest.raises(UnusableEnds, match="is untestable"):
        world.hunt(bad_in(range(1), untestable=range(1, 24)))


def test_ends_that_work_are_left_where_they_are(world: World) -> None:
    prober = world.hunt(bad_in(range(7, 24), untestable=[1, 22]))
    assert notes(world) == []
    assert prober.asked[:2] == [0, 23]
