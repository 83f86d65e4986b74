"""Which reg-tests came with a fix, and what they say of a branch. Nothing is built here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pygit2
import pytest

from bisector.build.toolchain import Toolchains
from bisector.jobs.queue import own_tests
from bisector.jobs.queue.known import Known
from bisector.jobs.queue.own_tests import MOST, NEAR, bringing_tests
from bisector.jobs.queue.source import find_line, find_source
from bisector.record.events import Noted
from bisector.record.failure import Failure, FailureClass
from bisector.record.journal import Journal
from bisector.record.verdict import Verdict
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.ports import C, World, verdict
from tests.support.toolchains import GCC, TCC

TEST = "reg-tests/server/lamp.vtc"
VTC = 'vtest "the lamp is on"\nfeature ignore_unknown_macro\n'
FIX = "BUG/MINOR: lamp: switch it on"

Says = Callable[[str, str, str], Verdict]


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return World(clone, workspace, tmp_path / "journal")


def known(world: World, branch: str = "3.0", named: Sequence[str] = ()) -> Known:
    history = world.history
    line, master = (find_line(history, name) for name in (branch, "master"))
    return Known(history, find_source(history, line, master, "", named))


def lamp(source: str, test: str, toolchain: str) -> Verdict:
    """The lamp's tests see the bug, as those called `own` do elsewhere."""
    return verdict(source, "reg-tests/server/own.vtc" if test.startswith(TEST) else test, toolchain)


def answers(
    world: World,
    *fixes: str,
    branch: str = "3.0",
    named: Sequence[str] = (),
    says: Says = lamp,
    failing: Callable[[str, str, int], Failure | None] = lambda source, name, run: None,
) -> dict[str, tuple[Verdict, str]]:
    prober, machine = world.prober()
    machine.says, machine.failing = says, failing
    return own_tests.tested(prober, known(world, branch, named), fixes, lambda line: None)


def notes(world: World) -> list[str]:
    return [event.text for event in Journal(world.journal).events if isinstance(event, Noted)]


# -- which tests came with a fix ------------------------------------------------------------------


def test_a_fix_that_brings_a_test_has_it(world: World) -> None:
    fix = world.fix(message=FIX, files={TEST: VTC})
    assert bringing_tests(known(world), [fix]) == {fix: (fix,)}


def test_a_fix_without_one_has_none(world: World) -> None:
    fix = world.fix(message=FIX, files={"reg-tests/server/lamp.pem": "no test"})
    world.step("line 2\n", "line 2 x\n", files={TEST: VTC})  # says that it is about something else
    assert bringing_tests(known(world), [fix]) == {}


def test_one_that_its_author_brings_soon_after_it_is_beside_it(world: World) -> None:
    fix = world.fix(message=FIX)
    world.step("line 2\n", "line 2 x\n")
    beside = world.step("line 3\n", "line 3 x\n", subject="REGTESTS: lamp: x", files={TEST: VTC})
    assert bringing_tests(known(world), [fix]) == {fix: (beside,)}


def test_the_last_one_comes_first(world: World) -> None:
    fix = world.fix(message=FIX, files={TEST: VTC})
    one = world.step("line 2\n", "line 2 x\n", subject="REGTESTS: lamp: x", files={TEST: VTC * 2})
    two = world.step("line 3\n", "line 3 x\n", subject="REGTESTS: lamp: y", files={TEST: VTC * 3})
    assert bringing_tests(known(world), [fix]) == {fix: (two, one, fix)}


@pytest.mark.parametrize("named", [True, False])
def test_a_later_one_is_beside_it_if_it_names_it(world: World, named: bool) -> None:
    fix = world.fix(message=FIX)
    for number in range(NEAR):
        world.step(f"line {number + 3}\n", f"line {number + 3} x\n")
    body = f"This is for commit {fix[:10]}." * named
    subject = f"REGTESTS: door: try it\n\n{body}"
    late = world.step("line 19\n", "line 19 x\n", subject=subject, files={TEST: VTC})
    assert bringing_tests(known(world), [fix]) == ({fix: (late,)} if named else {})


def test_another_author_has_to_name_it(world: World) -> None:
    fix = world.fix(message=FIX)
    git, other = world.clone.git, pygit2.Signature("Al Roe", "al@example.org", 1_700_000_000, 0)
    tree = world.clone.tree({TEST: VTC}, fix)
    made = git.create_commit(None, other, other, "REGTESTS: lamp: x\n", tree, [fix])
    git.references.create("refs/heads/master", made, force=True)
    assert bringing_tests(known(world), [fix]) == {}


def test_what_changes_many_tests_is_about_none(world: World) -> None:
    fix = world.fix(message=FIX)
    many = {f"reg-tests/server/{number}.vtc": VTC for number in range(MOST + 1)}
    world.step("line 2\n", "line 2 x\n", subject="REGTESTS: silence warnings", files=many)
    assert bringing_tests(known(world), [fix]) == {}


# -- what they say of a branch --------------------------------------------------------------------


def test_a_branch_on_which_the_test_fails_has_the_bug(world: World) -> None:
    fix = world.fix(message=FIX, files={TEST: VTC})
    assert answers(world, fix) == {fix: (Verdict.BAD, f"{TEST} fails there")}


def test_tests_of_what_fixes_nothing_are_run_only_if_the_user_names_it(world: World) -> None:
    new = world.fix(message="MINOR: lamp: switch it on", files={TEST: VTC})
    assert answers(world, new) == {}
    assert not Journal(world.journal).events, "nothing was run"
    assert answers(world, new, named=[new]) == {new: (Verdict.BAD, f"{TEST} fails there")}


def test_a_branch_on_which_it_passes_does_not(world: World) -> None:
    fix = world.fix(message=FIX, files={TEST: VTC})
    assert answers(world, fix, branch="2.9") == {fix: (Verdict.GOOD, f"{TEST} passes there")}


def test_a_test_that_came_beside_is_run_at_the_fix(world: World) -> None:
    fix = world.fix(message=FIX)
    world.step("line 2\n", "line 2 x\n", subject="REGTESTS: lamp: x", files={TEST: VTC})
    assert answers(world, fix) == {fix: (Verdict.BAD, f"{TEST} fails there")}


def test_a_test_that_does_not_show_the_bug_says_nothing(world: World) -> None:
    fix = world.other_fix(FIX, files={TEST: VTC})
    assert answers(world, fix) == {}
    parent, short = world.bug[:10], fix[:10]
    reason = f"{TEST} does not show it: bad at {parent}, bad at {short}"
    assert notes(world) == [f"the bug of {short}: {reason}"]


def test_nothing_is_told_of_a_test_beside_it_that_is_about_something_else(world: World) -> None:
    fix = world.other_fix(FIX)
    world.step("line 2\n", "line 2 x\n", subject="REGTESTS: door: x", files={TEST: VTC})
    assert answers(world, fix) == {}
    assert notes(world) == []


def test_a_branch_that_cannot_be_tested_is_not_judged(world: World) -> None:
    world.clone.commit({C: "deaf\n"}, parents=[world.bug], branch="3.0")
    fix = world.fix(message=FIX, files={TEST: VTC})
    assert answers(world, fix) == {}
    assert notes(world) == [
        f"the bug of {fix[:10]}: {TEST} cannot be tested there: it is untestable"
    ]


def refused(source: str, test: str, run: int) -> Failure:
    return Failure(FailureClass.REFUSAL, "h1: unknown keyword 'lamp'")


def broke(source: str, test: str, run: int) -> Failure:
    return Failure(FailureClass.REFUSAL, "h1: 'lamp' takes two arguments")


@pytest.mark.parametrize(("failing", "found"), [(refused, False), (broke, True)])
def test_a_keyword_that_the_branch_does_not_know_yet_is_no_bug(
    world: World, failing: Callable[[str, str, int], Failure], found: bool
) -> None:
    fix = world.fix(message=FIX, files={TEST: VTC})
    assert bool(answers(world, fix, failing=failing)) is found


def test_each_fix_has_what_was_learnt_of_its_own_bug(world: World) -> None:
    """Both change the same test, which fails in another way for each."""

    def says(source: str, test: str, toolchain: str) -> Verdict:
        if not test.startswith(TEST):
            return verdict(source, test, toolchain)
        return Verdict.BAD if "bug" in source or "worse" in source else Verdict.GOOD

    def failing(source: str, test: str, run: int) -> Failure:
        return Failure(FailureClass.EXPECTATION, "c1: x" if "bug" in source else "c1: y")

    one = world.fix(message=FIX, files={TEST: VTC})
    world.step("line 4\n", "line 4 worse\n")
    two = world.step("worse", "best", subject="BUG/MINOR: lamp: y", files={TEST: VTC * 2})
    found = answers(world, one, two, says=says, failing=failing)
    assert found == {one: (Verdict.BAD, f"{TEST} fails there")}, "the branch fails as the first"


# -- proof ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("branch", ["3.0", "2.9"])
def test_what_decides_is_repeated_with_a_real_toolchain(world: World, branch: str) -> None:
    world.toolchains = Toolchains(TCC, GCC, GCC)
    fix = world.fix(message=FIX, files={TEST: VTC})
    prober, machine = world.prober()
    machine.says = lamp
    found = own_tests.tested(prober, known(world, branch), [fix], lambda line: None)
    assert found[fix][0] is (Verdict.BAD if branch == "3.0" else Verdict.GOOD)
    by_gcc = [name for name, toolchain in machine.asked if toolchain == "dev"]
    # without the fix and with it, and on the branch, if that is not what the fix was made on
    assert len(by_gcc) == (2 if branch == "3.0" else 3)


def test_what_a_real_toolchain_contradicts_is_not_said(world: World) -> None:
    def says(source: str, test: str, toolchain: str) -> Verdict:
        return Verdict.GOOD if toolchain == "dev" else lamp(source, test, toolchain)

    world.toolchains = Toolchains(TCC, GCC, GCC)
    fix = world.fix(message=FIX, files={TEST: VTC})
    assert answers(world, fix, says=says) == {}


def test_what_only_a_real_toolchain_shows_is_found(world: World) -> None:
    def says(source: str, test: str, toolchain: str) -> Verdict:
        return Verdict.GOOD if toolchain == "fast" else lamp(source, test, toolchain)

    world.toolchains = Toolchains(TCC, GCC, GCC)
    fix = world.fix(message=FIX, files={TEST: VTC})
    assert answers(world, fix, says=says) == {fix: (Verdict.BAD, f"{TEST} fails there")}


def test_the_same_question_is_not_asked_again(world: World) -> None:
    fix = world.fix(message=FIX, files={TEST: VTC})
    first = answers(world, fix)
    events = Journal(world.journal).events
    prober, machine = world.prober()
    assert own_tests.tested(prober, known(world), [fix], lambda line: None) == first
    assert machine.asked == []
    assert Journal(world.journal).events == events
