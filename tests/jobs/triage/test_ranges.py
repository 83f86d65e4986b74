"""Where the fix and what introduced the bug are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.git.history import History
from bisector.jobs.triage import ranges
from bisector.jobs.triage.ranges import Span
from bisector.jobs.triage.revisions import Named
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.triages import TIP, Triaged


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> Triaged:
    return Triaged(clone, workspace, tmp_path / "journal")


class Some:
    """Revisions of *world* by their names, with those that are bad in capitals."""

    def __init__(self, world: Triaged, **numbers: int) -> None:
        self.history = History.open(world.clone.path, world.workspace)
        every = [Named(name, world.commits[number]) for name, number in numbers.items()]
        self.every = every
        self.bad = [one for one in every if one.name.isupper()]
        self.good = [one for one in every if not one.name.isupper()]

    def of_fix(self) -> Span | None:
        return ranges.of_fix(self.history, self.every, self.bad, self.good)

    def of_introduction(self) -> Span | None:
        return ranges.of_introduction(self.history, self.bad[0], self.good)


def test_the_fix_is_between_the_newest_bad_one_and_the_next_good_one(world: Triaged) -> None:
    tested = Some(world, a=0, B=5, C=9, d=12, e=20)
    assert tested.of_fix() == Span("C..d")


def test_a_good_one_of_the_main_line_goes_before_one_of_a_branch(world: Triaged) -> None:
    assert Some(world, A=9, b=TIP, c=23).of_fix() == Span("A..c")
    assert Some(world, A=9, b=TIP).of_fix() == Span("A..b")


def test_without_a_later_good_one_there_is_no_fix(world: Triaged) -> None:
    assert Some(world, a=0, B=9, C=20).of_fix() is None


def test_the_introduction_is_between_the_last_good_one_before_and_the_first_bad_one(
    world: Triaged,
) -> None:
    assert Some(world, a=0, b=5, C=9, D=20).of_introduction() == Span("b..C")


def test_a_good_one_of_another_line_is_not_before_it(world: Triaged) -> None:
    span = Some(world, a=TIP, B=20).of_introduction()
    assert span == Span("v3.0.0..B", older=True)
    assert span.words == ("run", "v3.0.0..B", "--older")


def test_before_the_first_release_there_is_none(world: Triaged) -> None:
    assert Some(world, A=0).of_introduction() is None


def test_all_good_ones_span_the_history_from_where_their_lines_part(world: Triaged) -> None:
    tested = Some(world, a=0, b=9, c=20)
    assert ranges.of_whole(tested.history, tested.good) == Span("a..c")
    parted = Some(world, a=TIP, b=20)
    assert ranges.of_whole(parted.history, parted.good) == Span("v3.0.0..b")
    assert ranges.of_whole(parted.history, parted.good[:1]) is None
