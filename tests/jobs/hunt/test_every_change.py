"""`run --all`: a bug that comes and goes, each time found and proven."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import NoWitness, UnusableEnds
from bisector.record.events import Confirmed, Ended
from bisector.record.summary import summarize
from bisector.report import terminal
from bisector.system.workspace import Workspace
from bisector.testing.scenario import Known
from tests.support.clone import Clone
from tests.support.hunting import UNTESTABLE, Truth, World, bad_in, flaky_in
from tests.support.records import STARTED

pytestmark = pytest.mark.usefixtures("no_clock")


@pytest.fixture
def world(
    clone: Clone, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    """Five samples: 0, 6, 12, 18 and 23; the releases are 0, 9, 12 and 20."""
    monkeypatch.setattr("bisector.jobs.hunt.every_change.SAMPLES", 5)
    return World(clone, workspace, tmp_path / "journal")


def bad_at(*stretches: range) -> Truth:
    every = {number for stretch in stretches for number in stretch}
    return bad_in(every)


def test_each_time_that_a_bug_comes_is_found_and_proven(world: World) -> None:
    prober = world.hunt(bad_at(range(4, 8), range(16, 21)), every=True)
    assert sorted(one[1:] for one in world.changes()) == [
        ("fix", [8]),
        ("fix", [21]),
        ("introduction", [4]),
        ("introduction", [16]),
    ]
    confirmed = [event for event in world.events if isinstance(event, Confirmed)]
    assert [one.part for one in confirmed if one.proven] == [1, 2, 3, 4]
    assert world.ended() == Ended("answered", ("v3.1-dev1",), (), ((), ("v3.1-dev1",)))
    assert len(set(prober.asked)) < 24


def test_the_report_has_them_in_the_order_of_history(world: World) -> None:
    world.hunt(bad_at(range(8, 11), range(16, 21)), every=True)
    summary = summarize([STARTED, *world.events])
    assert summary is not None
    assert summary.proven
    order = [(one.found.what, world.commits.index(one.revision)) for one in summary.findings]
    assert order == [("introduction", 8), ("fix", 11), ("introduction", 16), ("fix", 21)]
    said = terminal.render(summary)
    assert "affected    v3.0-dev1, and again v3.1-dev1\n" in said


def test_one_change_is_one(world: World) -> None:
    world.hunt(bad_in(range(7, 24)), every=True)
    assert world.changes() == [(1, "introduction", [7])]
    assert world.ended().occurrences == ()


def test_bad_ends_with_a_good_stretch_between_them(world: World) -> None:
    world.hunt(bad_at(range(5), range(15, 24)), every=True)
    assert world.changes() == [(1, "fix", [5]), (2, "introduction", [15])]
    assert world.ended().affected == ("v2.9.0", "v3.1-dev1")


def test_what_a_search_comes_across_is_searched_too(world: World) -> None:
    """Between two samples it goes, comes and goes again."""
    world.hunt(bad_at(range(2, 7), range(8, 9)), every=True)
    numbers = {number for _, _, numbers in world.changes() for number in numbers}
    assert numbers in ({2, 7, 8, 9}, {2, 7}, {2, 9})
    assert numbers != {2, 9}, "9 is good, and so is 7, which the search from 6 to 9 has tested"


def test_what_could_have_been_missed_is_said(world: World) -> None:
    world.hunt(bad_in(range(20, 24)), every=True)
    (note,) = (note for note in world.notes() if "missed" in note)
    assert note.endswith("came and went again within 5 commits could have been missed")


def test_nothing_but_good_or_bad_is_no_answer(world: World) -> None:
    with pytest.raises(NoWitness):
        world.hunt(bad_in(range(0)), every=True)


def test_nothing_but_bad_is_none_either(world: World) -> None:
    with pytest.raises(UnusableEnds, match="both ends"):
        world.hunt(bad_in(range(24)), every=True)


def test_untestable_revisions_between_two_verdicts_remain_as_candidates(world: World) -> None:
    truth = bad_at(range(4, 24))
    world.hunt(
        lambda number, run: truth(number, run) if number not in (4, 5) else UNTESTABLE, every=True
    )
    assert world.changes() == [(1, "introduction", [4, 5, 6])]


def test_a_flaky_bug_is_good_only_where_it_passes_often(world: World) -> None:
    world.hunt(flaky_in(range(8, 24), 0.6), every=True, flaky=True)
    assert world.changes() == [(1, "introduction", [8])]


def test_an_interrupted_one_goes_on(world: World) -> None:
    truth = bad_at(range(4, 8), range(16, 21))
    world.hunt(truth, every=True)
    before = world.changes()
    lines = world.path.read_bytes().splitlines(keepends=True)
    for left in range(4, len(lines), 9):
        world.path.write_bytes(b"".join(lines[:left]))
        world.hunt(truth, every=True)
        assert world.changes() == before


def test_a_plain_hunt_says_that_its_probes_do_not_fit_one_change(world: World) -> None:
    """From 20 on it finds the first introduction, and tries the patch on v3.0.0 in between."""
    truth, known = bad_at(range(8, 11), range(14, 21)), Known(fix=world.commits[21])
    world.hunt(truth, known=known, series=world.fix_series(20))
    assert world.found() == {"introduction": [8], "fix": [21]}
    (note,) = (note for note in world.notes() if "--all" in note)
    assert note == (
        "the verdict changed more often than that: v3.0.0 is good; 'run --all' finds each change"
    )


def test_and_is_silent_if_they_do(world: World) -> None:
    known = Known(fix=world.commits[21])
    world.hunt(bad_in(range(8, 21)), known=known, series=world.fix_series(20))
    assert world.found() == {"introduction": [8], "fix": [21]}
    assert not [note for note in world.notes() if "--all" in note]
