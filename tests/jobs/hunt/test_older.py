"""`run --older`: from two bad ends back to the newest good release."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import UnusableEnds
from bisector.record.words import Change
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.hunting import UNTESTABLE, World, bad_in

pytestmark = pytest.mark.usefixtures("no_clock")


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    made = World(clone, workspace, tmp_path / "journal")
    for number, name in {4: "v2.9.1", 6: "v2.10.0"}.items():
        clone.tag(name, made.commits[number])
    made.range = "v3.1-dev1..master"
    return made


def test_the_newest_good_release_is_the_old_end(world: World) -> None:
    prober = world.hunt(bad_in(range(9, 24)), older=True)
    assert world.found() == {Change.INTRODUCTION: [9]}
    assert world.confirmed() == {Change.INTRODUCTION: ""}
    assert world.ended().affected == ("v3.0-dev1", "v3.0.0", "v3.1-dev1")
    (note,) = (note for note in world.notes() if "goes back" in note)
    assert note == (
        "both ends of v3.1-dev1..master and v3.0.0 are bad: the hunt goes back to v2.10.0"
    )
    assert 0 not in prober.asked, "v2.9.0 need not be tested"


def test_the_places_of_all_probes_are_those_of_the_whole_history(world: World) -> None:
    world.hunt(bad_in(range(9, 24)), older=True)
    places = {one.revision: one.place for one in world.probes()}
    numbers = {world.commits.index(commit): place for commit, place in places.items()}
    assert all(number == place for number, place in numbers.items())


def test_good_ends_are_left_as_they_are(world: World) -> None:
    prober = world.hunt(bad_in(range(22, 24)), older=True)
    assert world.found() == {Change.INTRODUCTION: [22]}
    assert min(prober.asked) == 20


def test_where_the_test_does_not_work_the_end_moves_inward(world: World) -> None:
    truth = bad_in(range(10, 24))
    world.hunt(lambda number, run: truth(number, run) if number > 7 else UNTESTABLE, older=True)
    assert world.found() == {Change.INTRODUCTION: [10]}


def test_if_all_are_bad_the_test_may_be_wrong(world: World) -> None:
    with pytest.raises(UnusableEnds, match=r"so is v2\.9\.0, the oldest release") as caught:
        world.hunt(bad_in(range(24)), older=True)
    assert world.ended().answer == caught.value.what
