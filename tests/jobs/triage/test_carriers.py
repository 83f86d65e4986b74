"""Which revisions have a commit that was found, or a pick of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.git.history import History
from bisector.jobs.triage.carriers import carriers
from bisector.jobs.triage.revisions import Named
from bisector.record.events import Found
from bisector.record.triage_events import Carried
from bisector.record.words import Change
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.triages import PICK, TIP, Triaged


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> Triaged:
    return Triaged(clone, workspace, tmp_path / "journal")


def carried(world: Triaged, number: int, *numbers: int) -> list[Carried]:
    history = History.open(world.clone.path, world.workspace)
    found = Found(Change.FIX, (world.commits[number],), ("s",), ("",), ("p",))
    named = [Named(str(one), world.commits[one]) for one in numbers]
    return list(carriers(history, found, named))


def test_a_commit_is_carried_by_what_comes_after_it(world: Triaged) -> None:
    before, itself, after = carried(world, 10, 9, 10, 23)
    assert (before.commit, before.release) == ("", "")
    assert (itself.commit, itself.release) == (world.commits[10], "")
    assert (after.commit, after.release, after.by) == (world.commits[10], "v3.0.0", "")


def test_a_branch_carries_what_is_older_than_it_and_its_picks(world: Triaged) -> None:
    (old,) = carried(world, 10, TIP)
    assert (old.commit, old.release) == (world.commits[10], "v3.0.0")
    (pick,) = carried(world, 16, TIP)
    assert (pick.commit, pick.release) == (world.commits[PICK], "v3.0.1")
    assert pick.by == "its message"
    (none,) = carried(world, 18, TIP)
    assert none.commit == ""


def test_what_was_found_on_a_branch_is_looked_for_under_its_origin(world: Triaged) -> None:
    master, branch = carried(world, PICK, 23, TIP)
    assert master.commit == world.commits[16] and master.release == "v3.1-dev1"
    assert branch.commit == world.commits[PICK]
