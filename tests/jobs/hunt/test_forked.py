"""Ends that part: the line with the change, and what the other one has of it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from bisector.errors import NoWitness, UnusableEnds
from bisector.git import lines
from bisector.jobs.hunt.forked import ForkedHunt
from bisector.jobs.hunt.question import HuntQuestion
from bisector.record.events import Found
from bisector.record.fork_events import Forked, OnOther, OtherLine
from bisector.record.summary import summarize
from bisector.report import terminal
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.hunting import BAD, Scripted, World, bad_in
from tests.support.records import STARTED

pytestmark = pytest.mark.usefixtures("no_clock")

BASE, MASTER = 12, range(13, 25)  # 24 names 16 in its message
STABLE = range(25, 32)  # on v3.0.0, which is 12; 27 is a pick of 16, 29 is one of 20
PICK_OF_16, PICK_OF_20, RELEASE = 27, 29, 30  # the last is v3.0.1


class Forks(World):
    """The history of World, with a stable branch 3.0 that has picks of master's."""

    def __init__(self, clone: Clone, workspace: Workspace, path: Path) -> None:
        super().__init__(clone, workspace, path)
        named = f"BUG: x: mend a thing\n\nSince {self.commits[16][:10]} it is broken."
        self.commits.append(clone.commit({"src/y.c": "24"}, subject=named))
        clone.git.references.create("refs/heads/3.0", self.commits[BASE])
        for number in STABLE:
            origin = {PICK_OF_16: 16, PICK_OF_20: 20}.get(number)
            trailer = f"\n\n(cherry picked from commit {self.commits[origin]})" if origin else ""
            subject = f"MINOR: y: change {number}{trailer}"
            self.commits.append(
                clone.commit({"src/z.c": str(number)}, subject=subject, branch="3.0")
            )
        clone.tag("v3.0.1", self.commits[RELEASE])

    def hunt_over(
        self, text: str, bad: Collection[int], untestable: Collection[int] = ()
    ) -> Scripted:
        prober = self.prober(bad_in(bad, untestable))
        fork = lines.fork_of(prober.context.history, text)
        assert fork is not None
        ForkedHunt(HuntQuestion(fork.whole), fork, prober).run()
        return prober

    def other(self) -> OtherLine:
        (found,) = (event for event in self.events if isinstance(event, OtherLine))
        return found

    def said(self) -> str:
        summary = summarize([STARTED, *self.events])
        assert summary is not None
        return terminal.render(summary)


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> Forks:
    return Forks(clone, workspace, tmp_path / "journal")


def on_master(first: int, last: int = 24) -> set[int]:
    return set(range(first, last + 1))


def on_stable(first: int, last: int = 31) -> set[int]:
    return set(range(first, last + 1))


@pytest.mark.parametrize("text", ["3.0..master", "master..3.0"])
def test_a_bug_that_was_picked_is_found_on_master_and_its_pick_proven(
    world: Forks, text: str
) -> None:
    world.hunt_over(text, on_master(16) | on_stable(PICK_OF_16))
    assert world.changes() == [(0, "introduction", [16]), (1, "introduction", [PICK_OF_16])]
    assert world.confirmed() == {"introduction": ""}
    other = world.other()
    assert (other.state, other.line, other.by) == (OnOther.HAS, "3.0", "its message")
    assert other.affected == ("v3.0.1",)
    said = world.said()
    assert "parted      after v3.0.0, which is good; master is bad, 3.0 bad\n" in said
    short = world.commits[PICK_OF_16][:10]
    assert f"other line  3.0 has it, too, as {short} (v3.0.1~3) MINOR: y: change 27" in said


def test_a_fix_that_a_branch_lacks_is_named_with_the_way_to_have_it(world: Forks) -> None:
    world.hunt_over("3.0..master", {*range(13), *range(13, 18)} | on_stable(25))
    assert world.changes() == [(0, "fix", [18])]
    other = world.other()
    assert (other.state, other.counterpart) == (OnOther.LACKS, "")
    assert other.affected == ("v3.0.0", "v3.0.1")
    assert f"3.0 lacks it: bisector backport {world.commits[18][:10]} --onto 3.0" in world.said()


def test_a_fix_that_was_picked_is_found_on_both(world: Forks) -> None:
    world.hunt_over("3.0..master", {*range(20)} | {25, 26, 27, 28})
    assert world.changes() == [(0, "fix", [20]), (1, "fix", [PICK_OF_20])]
    assert world.other().state is OnOther.HAS


def test_a_pick_of_a_fix_that_does_not_help_there_is_told(world: Forks) -> None:
    world.hunt_over("3.0..master", {*range(20)} | on_stable(25))
    assert (world.other().state, world.changes()) == (OnOther.IN_VAIN, [(0, "fix", [20])])
    assert "and is bad all the same" in world.said()


def test_a_bug_of_master_alone(world: Forks) -> None:
    world.hunt_over("3.0..master", on_master(18))
    assert world.changes() == [(0, "introduction", [18])]
    assert world.other().state is OnOther.LACKS
    assert "other line  3.0 does not have it, and is good\n" in world.said()


def test_a_bug_of_the_branch_alone_by_a_pick_whose_origin_is_good(world: Forks) -> None:
    prober = world.hunt_over("3.0..master", on_stable(PICK_OF_16))
    assert world.changes() == [(0, "introduction", [PICK_OF_16])]
    other = world.other()
    assert other.counterpart == world.commits[16]
    assert 16 in prober.asked
    assert (other.healed, len(other.lacks)) == (True, 1)
    assert other.lacks[0].endswith("BUG: x: mend a thing")
    assert "broken on 3.0 alone: on master it is" in world.said()
    assert "with that it is good" in world.said()


def test_a_bug_that_was_picked_and_is_fixed_on_master_alone(world: Forks) -> None:
    """The base is good, and so is master: what fixed it there is what the branch lacks."""
    world.hunt_over("3.0..master", on_stable(PICK_OF_16) | on_master(16, 21))
    assert world.changes() == [(0, "introduction", [PICK_OF_16]), (2, "fix", [22])]
    had, lacks = (event for event in world.events if isinstance(event, OtherLine))
    assert (had.state, had.line, had.counterpart) == (OnOther.HAD, "master", world.commits[16])
    assert (lacks.what, lacks.state, lacks.line) == ("fix", OnOther.LACKS, "3.0")
    said = world.said()
    assert "and it was fixed there since" in said
    assert f"3.0 lacks it: bisector backport {world.commits[22][:10]} --onto 3.0" in said
    assert "fixed       " in said and "on master" in said


def test_what_does_not_heal_it_is_said_to_be_a_guess(world: Forks) -> None:
    prober = world.prober(bad_in(on_stable(PICK_OF_16)))
    prober.patched = {PICK_OF_16: BAD}
    fork = lines.fork_of(prober.context.history, "3.0..master")
    assert fork
    ForkedHunt(HuntQuestion(fork.whole), fork, prober).run()
    assert not world.other().healed
    assert "it may lack one of these, none of which heals it alone" in world.said()


def test_between_three_good_ones_both_lines_are_searched(world: Forks) -> None:
    world.hunt_over("3.0..master", {27, 28})
    forked = [event for event in world.events if isinstance(event, Forked)]
    assert [one.name for one in forked] == ["master", "3.0"]
    assert world.changes()[:2] == [(0, "introduction", [27]), (0, "fix", [29])]


def test_nothing_bad_on_either_is_no_answer(world: Forks) -> None:
    with pytest.raises(NoWitness):
        world.hunt_over("3.0..master", set())
    assert not [event for event in world.events if isinstance(event, Found)]


def test_bad_at_all_three_is_older(world: Forks) -> None:
    with pytest.raises(UnusableEnds, match=r"both ends of v3\.0\.0\.\.master are bad"):
        world.hunt_over("3.0..master", set(range(32)))


def test_another_tip_that_cannot_be_tested_is_said(world: Forks) -> None:
    world.hunt_over("3.0..master", on_master(18), untestable={31})
    assert world.other().state is OnOther.UNKNOWN
    assert "what 3.0 has of it is unknown: untestable, as it is" in world.said()


def test_an_interrupted_one_goes_on(world: Forks) -> None:
    bad = on_master(16) | on_stable(PICK_OF_16)
    world.hunt_over("3.0..master", bad)
    before, said = world.changes(), world.other()
    journal = world.path.read_bytes().splitlines(keepends=True)
    for left in range(3, len(journal), 7):
        world.path.write_bytes(b"".join(journal[:left]))
        world.hunt_over("3.0..master", bad)
        assert (world.changes(), world.other()) == (before, said)
