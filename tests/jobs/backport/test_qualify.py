"""Which tests may speak about a fix: those that show its bug where it was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.build.toolchain import Toolchains
from bisector.jobs.backport import qualify
from bisector.jobs.backport.backport import hand_over, origin
from bisector.jobs.backport.fix import Fix
from bisector.jobs.judge import Suite
from bisector.record.journal import Journal
from bisector.record.patch_events import Ported
from bisector.record.patch_outcome import NO_TEST, Outcome
from bisector.record.verdict import Verdict
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.clone import Clone
from tests.support.ports import BLIND, FLAP, OTHER, OWN, C, World, verdict
from tests.support.toolchains import GCC, TCC

TEST = 'vtest "a test"\n'
MESSAGE = "BUG/MINOR: y: do it right\n\nThis must be backported as far as 2.9."


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return World(clone, workspace, tmp_path / "journal")


# -- without a test that shows the bug ------------------------------------------------------------


def test_a_test_that_does_not_show_the_bug_says_nothing_of_it(world: World) -> None:
    told = world.ported(world.plan(world.other_fix(MESSAGE), "2.9", "3.0"))
    assert [one.outcome for one in told] == [Outcome.UNKNOWN, Outcome.UNKNOWN]
    assert [one.affected for one in told] == [None, None]
    by_lines = "by lines: the branch has the line that it changes"
    assert [one.why for one in told] == [f"{NO_TEST}; {by_lines}"] * 2
    sentence = "'This must be backported as far as 2.9.'"
    assert [one.remark for one in told] == [f"by the message only: {sentence}"] * 2
    assert told[1].how == "exact", "it is picked, built and watched all the same"
    assert set(world.judged().values()) == {Outcome.UNHARMED}, "no scenario says 'not needed'"
    assert len(world.notes()) == 1
    assert world.notes()[0].startswith("flap does not show this bug: bad at "), world.notes()


def test_what_applies_and_builds_is_handed_over_all_the_same(world: World, tmp_path: Path) -> None:
    plan = world.plan(
        world.other_fix(), "3.0", out=tmp_path / "out", created=(("3.0", "port-3.0"),)
    )
    (told,) = world.ported(plan)
    hand_over(plan, world.history, [told])
    assert (told.outcome, told.created) == (Outcome.UNKNOWN, "port-3.0")
    assert [Path(file).exists() for file in told.files] == [True]


def test_a_conflict_there_is_shown_without_a_search_for_what_is_needed_first(world: World) -> None:
    world.step("line 15\n", "line 15\nline 15b\n")
    world.step("line 15b\n", "line 15c\n")
    fix = world.step("line 15c\n", "line 15 right\n", subject="BUG/MINOR: y: do it right")
    machine = world.run(world.plan(fix, "3.0", out=Path("out")))
    (told,) = (event for event in Journal(world.journal).events if isinstance(event, Ported))
    assert (told.outcome, told.how) == (Outcome.UNKNOWN, "conflict")
    assert "line 15 right" in told.conflict
    assert (told.prerequisites, told.files) == ((), ())
    assert world.judged() == {}
    assert machine.asked == [("flap", "dev")] * 2, "where the fix was made, and nowhere else"


@pytest.mark.parametrize(
    ("to", "outcome"),
    [
        ("#error", Outcome.UNBUILDABLE),
        ("harm", Outcome.BREAKS),
        ("deaf", Outcome.UNTESTABLE),
    ],
)
def test_harm_is_told_without_such_a_test_too(world: World, to: str, outcome: Outcome) -> None:
    fix = world.step("line 15\n", f"{to}\n", subject="BUG/MINOR: y: do it right")
    told = world.one(fix, "3.0", out=Path("out"))
    assert (told.outcome, told.affected, told.files) == (outcome, None, ())


def test_what_is_there_already_needs_no_test(world: World) -> None:
    fix = world.other_fix()
    told = world.one(fix, fix, out=Path("out"))
    assert (told.outcome, told.how, told.files) == (Outcome.NOT_NEEDED, "already", ())
    assert told.why == f"its change is there already; {NO_TEST}"


def test_the_history_is_told_as_what_it_is(world: World) -> None:
    culprit = world.step("line 5\n", "line 5 wrong\n")
    world.branch("3.1")
    message = f"BUG/MINOR: y: x\n\nThis was introduced in 3.1 by commit {culprit[:10]}."
    fix = world.other_fix(message)
    (claim,) = origin(world.history, Fix.find(fix, world.history))
    assert claim == ("", culprit, fix)
    told = world.ported(world.plan(fix, "3.0", "3.1", claims=(claim,)))
    brought = f"{culprit[:10]}, which brought it as the message says,"
    assert [one.why for one in told] == [
        f"{NO_TEST}; by history: {brought} is not in its history",
        f"{NO_TEST}; by history: {brought} is in its history",
    ]


def test_a_culprit_that_was_picked_to_the_branch_is_in_its_history(world: World) -> None:
    culprit = world.step("line 5\n", "line 5 wrong\n")
    world.clone.commit(
        {C: world.text},
        subject=f"MINOR: x\n\n(cherry picked from commit {culprit})",
        parents=[world.bug],
        branch="3.0",
    )
    told = world.one(world.other_fix(), "3.0", claims=(("", culprit, ""),))
    assert told.why.endswith("is in its history")


# -- the fix's own reg-tests ----------------------------------------------------------------------


def test_a_reg_test_that_the_fix_brings_speaks_for_it(world: World) -> None:
    fix = world.fix(files={OWN: TEST})
    world.run(world.plan(fix, "3.0", "2.9", named=False))
    assert world.judged() == {
        ("3.0", OWN): Outcome.FIXES,
        ("3.0", "flap"): Outcome.UNHARMED,
        ("3.0", "spare"): Outcome.UNHARMED,
        ("2.9", OWN): Outcome.NOT_NEEDED,
    }
    parent = world.bug[:10]
    assert world.notes() == [f"{OWN} shows this bug: bad at {parent}, good at {fix[:10]}"]


def test_a_test_that_the_user_names_speaks_beside_it(world: World) -> None:
    world.run(world.plan(world.fix(files={OWN: TEST}), "3.0"))
    assert world.judged()["3.0", "flap"] is world.judged()["3.0", OWN] is Outcome.FIXES


def test_one_that_the_fix_changes_is_run_as_the_fix_leaves_it(world: World) -> None:
    beside = "reg-tests/server/own.cfg"
    world.step("line 2\n", "line 2 x\n", files={OWN: "old", BLIND: "old", beside: "config"})
    fix = world.fix(files={OWN: TEST, BLIND: None})
    plan = world.plan(fix, "3.0")
    homes = qualify.homes(plan.fix, world.history, ())
    prober, _ = world.prober()
    with qualify.own_tests(prober, homes) as own:
        ((case,),) = (suite.cases for suite in own)
        assert isinstance(case, VTestCase)
        folder = Path(case.folder)
        assert (folder / case.vtc).read_text() == TEST
        assert (folder / "own.cfg").read_text() == "config"
        assert not (folder / "blind.vtc").exists()


def test_one_that_does_not_show_the_bug_is_told(world: World) -> None:
    fix = world.other_fix(files={BLIND: TEST, OWN: TEST})
    told = world.one(fix, "3.0")
    assert told.outcome is Outcome.UNKNOWN
    parent = world.bug[:10]
    assert f"{BLIND} does not show this bug: good at {parent}, without the fix" in world.notes()
    both = f"{OWN} does not show this bug: bad at {parent}, bad at {fix[:10]}"
    assert both in world.notes()
    assert ("3.0", BLIND) in world.judged(), "it passes, and so can watch for harm"
    assert ("3.0", OWN) not in world.judged(), "it fails, whatever is done"


def test_one_that_only_a_real_toolchain_sees_the_bug_with_is_believed(world: World) -> None:
    def says(source: str, scenario: str, toolchain: str) -> Verdict:
        if scenario == OWN and toolchain == "fast":
            return Verdict.GOOD
        return verdict(source, scenario, toolchain)

    world.toolchains = Toolchains(TCC, GCC, GCC)
    world.run(world.plan(world.fix(files={OWN: TEST}), "3.0", named=False), says)
    assert world.judged()["3.0", OWN] is Outcome.FIXES
    assert world.notes()[0].startswith("dev shows the bug in the fix's own test, fast does not")


def test_the_fast_toolchain_is_not_believed_about_what_shows_the_bug(world: World) -> None:
    def says(source: str, scenario: str, toolchain: str) -> Verdict:
        at_home = "line 2 x" in source
        if scenario == "flap" and toolchain == "dev" and at_home:
            return Verdict.GOOD
        return verdict(source, scenario, toolchain)

    world.step("line 2\n", "line 2 x\n")
    world.toolchains = Toolchains(TCC, GCC, GCC)
    world.run(world.plan(world.fix(), "2.9"), says)
    (told,) = (event for event in Journal(world.journal).events if isinstance(event, Ported))
    assert told.outcome is Outcome.UNKNOWN
    said = "a real build contradicts fast on the tests where the fix was made"
    assert any(said in one for one in world.notes())


# -- some cases of a scenario, and others ---------------------------------------------------------


def test_only_the_variants_that_show_the_bug_speak(world: World) -> None:
    cases = Suite("flap", True, (FLAP, OTHER))
    told = world.one(world.fix(), "3.0", suites=(cases,))
    assert told.why.startswith("flap is bad in 1 of 1")
    (judged,) = world.judgements()
    assert [cell.watching for cell in judged.cells] == [False, True]
    assert [cell.outcome for cell in judged.cells] == [Outcome.FIXES, Outcome.UNHARMED]


def test_a_variant_that_only_watches_still_finds_harm(world: World) -> None:
    cases = Suite("flap", True, (FLAP, OTHER))
    told = world.one(world.fix("harm"), "3.0", suites=(cases,))
    assert told.outcome is Outcome.BREAKS


# -- patches --------------------------------------------------------------------------------------


def patch_of(world: World, path: Path) -> Path:
    """A patch file that heals the bug, as `git format-patch` makes it, with a reg-test."""
    path.write_text(
        "From: Jo Doe <jo@example.org>\nDate: Sun, 13 Sep 2020 14:26:40 +0200\n"
        "Subject: [PATCH] BUG/MINOR: x: do it right\n\n---\n"
        f"diff --git a/{C} b/{C}\n--- a/{C}\n+++ b/{C}\n@@ -9,3 +9,3 @@\n line 9\n"
        "-line 10 bug\n+line 10 right\n line 11\n"
        f"diff --git a/{OWN} b/{OWN}\nnew file mode 100644\n--- /dev/null\n+++ b/{OWN}\n"
        f"@@ -0,0 +1 @@\n+{TEST}"
    )
    return path


def test_patches_are_qualified_at_what_is_checked_out(world: World, tmp_path: Path) -> None:
    patch = patch_of(world, tmp_path / "fix.patch")
    told = world.ported(world.plan(str(patch), "3.0", "2.9", named=False))
    assert [one.outcome for one in told] == [Outcome.FIXES, Outcome.NOT_NEEDED]
    assert f"{OWN} shows this bug: bad at {world.bug[:10]}, good at" in world.notes()[0]


def test_where_the_patches_are_there_already_a_branch_qualifies_the_tests(
    world: World, tmp_path: Path
) -> None:
    world.fix(files={OWN: TEST})
    patch = patch_of(world, tmp_path / "fix.patch")
    told = world.ported(world.plan(str(patch), "2.9", "3.0"))
    assert [one.outcome for one in told] == [Outcome.NOT_NEEDED, Outcome.FIXES]


def test_patches_that_apply_nowhere_show_nothing(world: World, tmp_path: Path) -> None:
    world.fix(files={OWN: TEST})
    patch = patch_of(world, tmp_path / "fix.patch")
    plan = world.plan(str(patch), "2.9")
    assert qualify.homes(plan.fix, world.history, [world.root]) == ()
    told = world.ported(plan)
    assert [(one.outcome, one.how) for one in told] == [(Outcome.UNKNOWN, "conflict")]
    assert world.notes() == [
        "no test can be shown to detect this bug: the patches apply neither to HEAD nor to "
        "a branch, or are applied already"
    ]
