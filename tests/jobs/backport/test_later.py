"""What later commits say of a fix that is backported, and where these are."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.git.history import History
from bisector.jobs.backport import later
from bisector.jobs.backport.backport import origin
from bisector.jobs.backport.fix import Fix
from bisector.record.patch_events import Ported
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.ports import C, World

SUBJECT = "BUG/MINOR: lamp: switch it off when the door closes"


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return World(clone, workspace, tmp_path / "journal")


def found(world: World, fix: str) -> list[str]:
    """The commits that repair *fix*."""
    history = History.open(world.clone.path, world.workspace)
    what = Fix.find(fix, history)
    return [one.commit for one in later.repairs(what, later.find_mentions(history, what))]


def repair(world: World, body: str, subject: str = "BUG/MINOR: door: close it") -> str:
    return world.step("line 19\n", "line 19 x\n", subject=f"{subject}\n\n{body}")


# -- which commits --------------------------------------------------------------------------------


def test_later_commits_that_say_so_repair_a_fix(world: World) -> None:
    fix = world.fix(message=SUBJECT)
    world.step("line 2\n", "line 2 x\n")
    by_hash = repair(world, f"This was introduced by {fix[:9]}.")
    wrapped = SUBJECT.replace("lamp: ", "lamp:\n")
    by_subject = world.step(
        "line 3\n", "line 3 x\n", subject=f'BUG/MINOR: x: y\n\nA regression of "{wrapped}".'
    )
    assert found(world, fix) == [by_hash, by_subject]


def test_so_does_one_right_after_it_that_speaks_of_the_previous_one(world: World) -> None:
    fix = world.fix(message=SUBJECT)
    after = repair(world, "The previous fix was not enough.")
    assert found(world, fix) == [after]


def test_one_that_reverts_it_counts(world: World) -> None:
    fix = world.fix(message=SUBJECT)
    undone = repair(world, f"This reverts commit {fix}.", f'Revert "{SUBJECT}"')
    assert found(world, fix) == [undone]


def test_one_that_only_names_it_does_not(world: World) -> None:
    fix = world.fix(message=SUBJECT)
    repair(world, f"This is the same as {fix[:10]} did.", "CLEANUP: door: paint it")
    assert found(world, fix) == []


def test_only_the_line_of_history_that_has_the_fix_is_read(world: World) -> None:
    fix = world.clone.commit({C: "x\n"}, subject=SUBJECT, branch="3.0")
    on_branch = world.clone.commit(
        {C: "y\n"}, subject=f"BUG/MINOR: x: y\n\nA regression of {fix[:10]}.", branch="3.0"
    )
    repair(world, f"This was introduced by {fix[:10]}.")
    assert found(world, fix) == [on_branch]


def test_patches_are_no_commit_yet(world: World, tmp_path: Path) -> None:
    patch = tmp_path / "fix.patch"
    patch.write_text(
        f"From: Jo Doe <jo@example.org>\nSubject: [PATCH] {SUBJECT}\n\n---\n"
        f"diff --git a/{C} b/{C}\n--- a/{C}\n+++ b/{C}\n@@ -10 +10 @@\n-line 10 bug\n+line 10\n"
    )
    assert found(world, str(patch)) == []


# -- where they are -------------------------------------------------------------------------------


def ported(world: World, fix: str, onto: str) -> Ported:
    what = Fix.find(fix, world.history)
    repairs = later.repairs(what, later.find_mentions(world.history, what))
    return world.one(fix, onto, repairs=repairs)


@pytest.mark.parametrize("there", [True, False])
def test_it_is_told_whether_the_branch_has_them(world: World, there: bool) -> None:
    fix = world.fix(message=SUBJECT)
    sentence = f"This was introduced by {fix[:9]}."
    commit = repair(world, sentence)
    if there:
        trailer = f"(cherry picked from commit {commit})"
        change = {"src/haproxy.c": "picked"}
        world.clone.commit(change, subject=f"BUG/MINOR: x: y\n\n{trailer}", branch="3.0")
    where = "is there" if there else "missing"
    text = f"{commit[:10]} BUG/MINOR: door: close it ({where}): '{sentence}'"
    assert ported(world, fix, "3.0").repairs == (text,)


def test_where_the_fix_is_not_needed_nothing_is_said_of_them(world: World) -> None:
    fix = world.fix(message=SUBJECT)
    repair(world, f"This was introduced by {fix[:9]}.")
    assert ported(world, fix, "2.9").repairs == ()


def test_a_branch_that_has_the_fix_is_told_what_it_misses(world: World) -> None:
    fix = world.fix(message=SUBJECT)
    world.branch("3.1")
    repair(world, f"This was introduced by {fix[:9]}.")
    (told,) = ported(world, fix, "3.1").repairs
    assert "(missing)" in told


# -- what brought the bug -------------------------------------------------------------------------


def test_a_culprit_that_is_named_by_its_subject_is_a_claim(world: World) -> None:
    culprit = world.step("line 5\n", "line 5 wrong\n", subject="MEDIUM: lamp: let it shine at once")
    message = f'{SUBJECT}\n\nIt is a regression of "MEDIUM: lamp: let it shine at once".'
    fix = Fix.find(world.fix(message=message), world.history)
    said = later.find_mentions(world.history, fix)
    assert list(origin(world.history, fix, said)) == [("", culprit, fix.revision)]
    assert list(origin(world.history, fix)) == []


# -- what the lines say ---------------------------------------------------------------------------


def test_lines_that_the_branch_lacks_are_told_but_decide_nothing(world: World) -> None:
    world.step("line 15\n", "line 15 new\n")
    fix = world.step("line 15 new\n", "line 15 right\n", subject="BUG/MINOR: y: x")
    told = world.one(fix, "2.9")
    assert told.affected is None
    assert "by lines: the branch lacks the line that it changes" in told.why
