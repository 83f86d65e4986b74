"""Backports: needed or not, what comes of them, what is handed over. Nothing is built here."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pygit2
import pytest

from bisector.build.toolchain import Toolchains
from bisector.errors import NoSuchRevision, PatchProblem, UsageProblem, WouldOverwrite
from bisector.git.source_trees import WithSourceTrees
from bisector.jobs.backport.attempt import BackportPlan
from bisector.jobs.backport.backport import find_branches, hand_over
from bisector.jobs.backport.fix import Fix
from bisector.probing.source_trees import Importer
from bisector.record.events import Turned
from bisector.record.journal import Journal
from bisector.record.patch_events import Ported, RegTested
from bisector.record.patch_outcome import Outcome
from bisector.record.verdict import Verdict
from bisector.record.words import RegTestChange
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.packages import SOURCE, patch
from tests.support.ports import BASE, C, World, verdict
from tests.support.toolchains import GCC, TCC


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return World(clone, workspace, tmp_path / "journal")


# -- what comes of it ---------------------------------------------------------------------------


def test_what_applies_builds_and_cures_fixes_the_branch(world: World) -> None:
    told = world.one(world.fix(), "3.0")
    assert (told.outcome, told.affected, told.how) == (Outcome.FIXES, Verdict.BAD, "exact")
    assert (told.branch, told.version, told.revision) == ("3.0", "3.0", world.bug)
    assert world.judged() == {
        ("3.0", "flap"): Outcome.FIXES,
        ("3.0", "spare"): Outcome.UNHARMED,
    }


def test_where_the_bug_is_not_the_fix_is_not_needed_and_not_tried(world: World) -> None:
    told = world.one(world.fix(), "2.9")
    assert (told.outcome, told.affected, told.how) == (Outcome.NOT_NEEDED, Verdict.GOOD, "")
    assert told.conflict == "", "though it would not apply"
    assert set(world.judged().values()) == {Outcome.NOT_NEEDED}


@pytest.mark.parametrize(
    ("to", "outcome"),
    [
        ("#error", Outcome.UNBUILDABLE),
        ("harm", Outcome.BREAKS),
        ("deaf", Outcome.UNTESTABLE),
    ],
)
def test_what_goes_wrong_is_told_by_its_name(world: World, to: str, outcome: Outcome) -> None:
    told = world.one(world.fix(to), "3.0", out=Path("out"), created=(("3.0", "new"),))
    assert (told.outcome, told.how) == (outcome, "exact")
    assert (told.files, told.created) == ((), ""), "only what works is handed over"


def test_a_branch_that_cannot_be_tested_is_no_affected_one(world: World) -> None:
    tip = world.clone.commit({C: "deaf\n"}, parents=[world.bug], branch="3.0")
    told = world.one(world.fix(), "3.0")
    assert (told.outcome, told.affected) == (Outcome.UNTESTABLE, Verdict.UNTESTABLE)
    assert told.revision == tip
    assert told.conflict
    assert told.prerequisites == (), "nothing is looked for where nothing is known"


def test_a_fix_that_does_not_help_is_ineffective(world: World) -> None:
    text = BASE.replace("line 10\n", "line 10 bug\n").replace("line 2\n", "line 2 bug\n")
    world.clone.commit({C: text}, parents=[world.bug], branch="3.0")
    told = world.one(world.fix(), "3.0", out=Path("out"), created=(("3.0", "new"),))
    assert (told.outcome, told.affected) == (Outcome.INEFFECTIVE, Verdict.BAD)
    assert (told.files, told.created) == ((), "")


def test_a_fix_that_is_there_and_does_not_help_is_ineffective(world: World) -> None:
    fix = world.fix()
    broken = world.step("line 2\n", "line 2 bug\n")
    told = world.one(fix, broken)
    assert (told.outcome, told.how) == (Outcome.INEFFECTIVE, "already")


def test_every_branch_is_told_in_the_order_named(world: World) -> None:
    told = world.ported(world.plan(world.fix(), "3.0", "2.9", "3.0"))
    assert [one.branch for one in told] == ["3.0", "2.9"]


def test_the_same_question_is_not_asked_again(world: World) -> None:
    plan = world.plan(world.fix(), "3.0", "2.9")
    assert world.run(plan).asked
    before = Journal(world.journal).events
    assert world.run(plan).asked == []
    assert Journal(world.journal).events == before


# -- conflicts ----------------------------------------------------------------------------------


def test_a_conflict_is_shown_and_what_is_needed_first_is_found(world: World) -> None:
    world.step("line 2\n", "line 2 elsewhere\n")
    needed = world.step("line 10 bug\n", "line 10 bug moved\n", subject="MINOR: x: move")
    told = world.one(world.fix(), "3.0")
    assert (told.outcome, told.how) == (Outcome.CONFLICT, "conflict")
    assert "line 10 bug\n||||||| before the change\nline 10 bug moved\n" in told.conflict
    assert told.prerequisites == (f"{needed[:10]} MINOR: x: move",)
    assert told.prerequisite_ids == (needed,)
    assert "with 1 commit before it, it applies: fixes" in told.remark
    assert world.judged()["3.0", "flap"] is Outcome.CONFLICT


def test_prerequisites_that_do_harm_are_told_so(world: World) -> None:
    world.step("line 10 bug\n", "line 10 bug harm\n")
    told = world.one(world.fix(), "3.0", out=Path("out"))
    assert "with 1 commit before it, it applies: breaks" in told.remark
    assert told.files == ()


def test_without_prerequisites_that_is_told(world: World) -> None:
    world.clone.commit(
        {C: world.text.replace("line 10 bug", "line 10 my bug")},
        parents=[world.bug],
        branch="3.0",
    )
    told = world.one(world.fix(), "3.0")
    assert told.outcome is Outcome.CONFLICT
    assert told.prerequisites == ()
    assert "no set of earlier commits lets it apply" in told.remark


# -- what was said ------------------------------------------------------------------------------


def message(advice: str) -> str:
    return f"BUG/MINOR: x: do it right\n\n{advice}"


@pytest.mark.parametrize(
    ("advice", "onto", "said", "remark"),
    [
        ("This must be backported to 3.0.", "3.0", True, ""),
        ("No backport needed.", "2.9", False, ""),
        ("Nothing is said.", "2.9", None, ""),
        ("It must be backported to 2.9.", "2.9", True, "said but not needed: 'It must be"),
        ("Nothing is said.", "3.0", None, "needed but not said"),
        ("No backport needed.", "3.0", False, "needed, though the message says no: 'No backport"),
        ("No backport needed.", "master~1", None, ""),
    ],
)
def test_what_was_said_is_held_against_what_is_so(
    world: World, advice: str, onto: str, said: bool | None, remark: str
) -> None:
    world.step("line 2\n", "line 2 of the same series\n")
    told = world.one(world.fix(message=message(advice)), onto)
    assert told.said is said
    assert told.remark.startswith(remark)
    assert bool(told.remark) == bool(remark)


def test_the_history_is_asked_too_but_the_probe_decides(world: World) -> None:
    fix = world.fix()
    told = {one.branch: one for one in world.ported(world.plan(fix, "3.0", "2.9"))}
    bug = world.bug[:10]
    assert told["3.0"].why == f"flap is bad in 1 of 1, {bug}, which brought it, is in its history"
    assert told["2.9"].why == f"flap is good, {bug}, which brought it, is not in its history"


def test_where_history_and_probe_disagree_that_is_told(world: World) -> None:
    fix = world.fix()
    told = world.one(fix, "3.0", claims=(("flap", fix, ""),))
    assert told.outcome is Outcome.FIXES
    assert told.why.startswith(f"flap is bad in 1 of 1, but {fix[:10]}, which brought it, is not")


# -- proof --------------------------------------------------------------------------------------


def test_the_fast_toolchain_is_not_believed_alone(world: World) -> None:
    world.toolchains = Toolchains(TCC, GCC, GCC)
    machine = world.run(world.plan(world.fix(), "3.0", "2.9"))
    assert ("flap", "dev") in machine.asked
    assert world.confirmed() == ["3.0", "2.9", "the tests where the fix was made"]


def test_nor_is_it_where_the_fix_is_not_needed(world: World) -> None:
    def says(source: str, scenario: str, toolchain: str) -> Verdict:
        if (source, toolchain) == (BASE, "dev") and scenario == "flap":
            return Verdict.BAD
        return verdict(source, scenario, toolchain)

    world.toolchains = Toolchains(TCC, GCC, GCC)
    world.run(world.plan(world.fix(), "2.9"), says)
    (told,) = (event for event in Journal(world.journal).events if isinstance(event, Ported))
    assert (told.affected, told.outcome) == (Verdict.BAD, Outcome.CONFLICT)
    assert "a real build contradicts fast on 2.9: all is judged again by it" in world.notes()


def test_nor_is_it_about_what_is_needed_first(world: World) -> None:
    world.step("line 10 bug\n", "line 10 bug moved\n")
    world.toolchains = Toolchains(TCC, GCC, GCC)
    machine = world.run(world.plan(world.fix(), "3.0"))
    assert ("flap", "dev") in machine.asked


def test_when_the_toolchains_disagree_all_is_judged_by_the_real_one(world: World) -> None:
    def says(source: str, scenario: str, toolchain: str) -> Verdict:
        right = "right" in source and toolchain == "dev"
        return Verdict.BAD if right else verdict(source, scenario, toolchain)

    world.toolchains = Toolchains(TCC, GCC, GCC)
    world.run(world.plan(world.fix(), "3.0"), says)
    events = Journal(world.journal).events
    assert any(isinstance(event, Turned) for event in events)
    (told,) = (event for event in events if isinstance(event, Ported))
    assert told.outcome is Outcome.BREAKS


# -- reg-tests ----------------------------------------------------------------------------------


def test_a_branchs_reg_tests_are_run_before_and_after_the_fix(world: World) -> None:
    world.clone.commit({"reg-tests/a/x.vtc": "x"}, parents=[world.bug], branch="3.0")
    world.run(world.plan(world.fix(), "3.0", "2.9", reg_tests=("reg-tests/a",)))
    events = Journal(world.journal).events
    (told,) = (event for event in events if isinstance(event, RegTested))
    assert (told.branch, told.test, told.change) == (
        "3.0",
        "reg-tests/a/x.vtc",
        RegTestChange.FAILS,
    )
    assert "has no such tests" in world.notes()[0], "the other branch lacks them"


def test_reg_tests_that_no_branch_has_are_told_first(world: World) -> None:
    plan = world.plan(world.fix(), "3.0", reg_tests=("reg-tests/nowhere",))
    with pytest.raises(UsageProblem, match="no such tests"):
        world.run(plan)
    assert Journal(world.journal).events == []


# -- handing over -------------------------------------------------------------------------------


def delivered(world: World, plan: BackportPlan) -> list[Ported]:
    told = world.ported(plan)
    hand_over(plan, world.history, told)
    return told


def test_the_files_are_what_git_am_takes(world: World, tmp_path: Path) -> None:
    world.step("line 10 bug\n", "line 10 bug moved\n", subject="MINOR: x: move")
    fix = world.fix()
    (told,) = delivered(world, world.plan(fix, "3.0", out=tmp_path / "out"))
    assert [Path(name).name for name in told.files] == [
        "0001-MINOR-x-move.patch",
        "0002-BUG-MINOR-x-do-it-right.patch",
    ]
    work = tmp_path / "work"
    who = ("-c", "user.name=Jo", "-c", "user.email=jo@example.org")
    subprocess.run(["git", "clone", "-q", "-b", "3.0", world.clone.path, work], check=True)
    subprocess.run(["git", *who, "am", "-q", *told.files], cwd=work, check=True)
    assert (work / C).read_text() == BASE.replace("line 10\n", "line 10 right moved\n")


def test_what_is_needed_first_is_not_read_back_out_of_its_text(
    world: World, tmp_path: Path
) -> None:
    world.step("line 10 bug\n", "line 10 bug moved\n", subject="MINOR: x: move")
    plan = world.plan(world.fix(), "3.0", out=tmp_path / "out")
    (told,) = world.ported(plan)
    hand_over(plan, world.history, [replace(told, prerequisites=("in other words",))])
    assert all(Path(name).exists() for name in told.files)


def test_the_same_files_are_written_again_but_no_others_are_replaced(
    world: World, tmp_path: Path
) -> None:
    plan = world.plan(world.fix(), "3.0", out=tmp_path / "out")
    (told,) = delivered(world, plan)
    (file,) = map(Path, told.files)
    content = file.read_bytes()
    hand_over(plan, world.history, [told])
    assert file.read_bytes() == content

    file.write_bytes(b"mine")
    with pytest.raises(WouldOverwrite, match="there already"):
        hand_over(plan, world.history, [told])
    assert file.read_bytes() == b"mine"


def packages(world: World, folder: Path, *names: str) -> list[str]:
    """Source trees as branch 3.0, each a folder with Debian's packaging and a patch of its own."""
    importer = Importer(world.workspace, True, lambda text: None)
    world.history = WithSourceTrees(world.history, importer.find)
    for name in names:
        buggy = BASE.replace("line 10\n", "line 10 bug\n")
        source = {**SOURCE, "VERSION": "3.0.0\n", C: buggy, f"{name}.c": "1\n"}
        own = patch(f"{name}.c", "1\n", "2\n")
        below = {"debian/patches/series": "own.patch\n", "debian/patches/own.patch": own}
        for path, text in {**source, **below}.items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_text(text)
    return [str(folder / name) for name in names]


def test_a_package_gets_a_patch_of_its_own(world: World, tmp_path: Path) -> None:
    fix = world.fix()
    (name,) = packages(world, tmp_path, "one")
    (told,) = delivered(world, world.plan(fix, name, out=tmp_path / "out"))
    assert (told.branch, told.outcome) == (name, Outcome.FIXES)
    folder = tmp_path / "out/debian/patches"
    assert told.files == (
        str(folder / "BUG-MINOR-x-do-it-right.patch"),
        str(folder / "series"),
    )
    assert (folder / "series").read_text() == "own.patch\nBUG-MINOR-x-do-it-right.patch\n"


def test_of_several_packages_each_has_a_folder(world: World, tmp_path: Path) -> None:
    fix = world.fix()
    names = packages(world, tmp_path, "one", "two")
    told = delivered(world, world.plan(fix, *names, out=tmp_path / "out"))
    series = [tmp_path / "out" / name.replace("/", "-")[1:] for name in names]
    assert [Path(row.files[-1]).parents[2] for row in told] == series
    assert all(Path(file).exists() for row in told for file in row.files)


def test_patches_of_others_are_no_company(world: World, tmp_path: Path) -> None:
    plan = world.plan(world.fix(), "3.0", out=tmp_path / "out")
    place = tmp_path / "out" / "3.0"
    place.mkdir(parents=True)
    (place / "0001-other.patch").write_text("x")
    with pytest.raises(WouldOverwrite, match="0001-other"):
        delivered(world, plan)
    assert len(list(place.iterdir())) == 1


def contents(folder: Path) -> Mapping[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_branch_in_the_clone_is_its_objects_and_one_ref(world: World) -> None:
    config = world.clone.git.config
    config["user.name"], config["user.email"] = "Jo Doe", "jo@example.org"
    plan = world.plan(world.fix(), "3.0", "2.9", created=(("3.0", "port-3.0"), ("2.9", "no")))
    before = contents(world.clone.path)
    told = delivered(world, plan)
    after = contents(world.clone.path)
    assert {path: after[path] for path in before} == before, "nothing that was there is changed"
    git = world.clone.path / ".git"
    new = {str(path.relative_to(git)) for path in after.keys() - before.keys()}
    assert {name for name in new if not name.startswith("objects/")} <= {
        "refs/heads/port-3.0",
        "logs/refs/heads/port-3.0",
    }
    assert [one.created for one in told] == ["port-3.0", ""]
    made = pygit2.Repository(str(world.clone.path)).branches["port-3.0"].peel(pygit2.Commit)
    assert made.tree[C].peel(pygit2.Blob).data.decode() == world.text
    assert (str(made.parent_ids[0]), made.committer.email) == (world.bug, "jo@example.org")
    subprocess.run(["git", "fsck", "--strict"], cwd=world.clone.path, check=True)


def test_a_bare_clone_can_have_a_branch_too(workspace: Workspace, tmp_path: Path) -> None:
    world = World(Clone(tmp_path / "bare.git", bare=True), workspace, tmp_path / "journal")
    delivered(world, world.plan(world.fix(), "3.0", created=(("3.0", "new"),)))
    assert "refs/heads/new" in world.clone.git.references


def test_without_being_asked_nothing_in_the_clone_changes(world: World, tmp_path: Path) -> None:
    plan = world.plan(world.fix(), "3.0", out=tmp_path / "out")
    before = contents(world.clone.path)
    delivered(world, plan)
    assert contents(world.clone.path) == before


def test_a_branch_that_came_up_meanwhile_is_not_replaced(world: World) -> None:
    plan = world.plan(world.fix(), "3.0", created=(("3.0", "2.9"),))
    with pytest.raises(WouldOverwrite, match=r"2\.9"):
        delivered(world, plan)
    assert str(world.clone.git.references["refs/heads/2.9"].target) == world.root


# -- what was asked -----------------------------------------------------------------------------


def test_a_fix_that_is_nothing_is_told(world: World) -> None:
    with pytest.raises(PatchProblem, match="neither a file nor a revision"):
        Fix.find("nonsense", world.history)


def test_a_branch_that_is_none_is_told(world: World) -> None:
    with pytest.raises(NoSuchRevision, match="nonsense"):
        find_branches(world.history, ["nonsense"])
    with pytest.raises(UsageProblem, match="--onto"):
        find_branches(world.history, [])


def test_a_diff_without_an_author_cannot_be_handed_over(world: World, tmp_path: Path) -> None:
    patch = tmp_path / "fix.patch"
    patch.write_text(f"--- a/{C}\n+++ b/{C}\n@@ -10,1 +10,1 @@\n-line 10 bug\n+line 10 right\n")
    fix = Fix.find(str(patch), world.history)
    with pytest.raises(PatchProblem, match="who wrote it"):
        fix.require_authors()


def test_a_patch_file_is_ported_like_a_revision(world: World, tmp_path: Path) -> None:
    fix = world.fix()
    plan = world.plan(fix, "3.0", out=tmp_path)
    (told,) = delivered(world, plan)
    world.journal.unlink()
    again = world.one(told.files[0], "3.0")
    assert (again.outcome, again.how) == (Outcome.FIXES, "exact")


# -- names that the branch lacks ------------------------------------------------------------------

LAMP = "include/haproxy/lamp.h"


def without_lamp(source: str, scenario: str, toolchain: str) -> Verdict:
    """A source that uses LAMP_ON compiles only with the include that brought it."""
    if "LAMP_ON" in source and "lamp.h" not in source:
        return Verdict.UNBUILDABLE
    return verdict(source, scenario, toolchain)


def test_what_brought_a_name_that_the_branch_lacks_is_needed_first(world: World) -> None:
    needed = world.step(
        "line 19\n",
        "line 19 lamp.h\n",
        subject="MINOR: lamp: add it",
        files={LAMP: "#define LAMP_ON 1\n"},
    )
    plan = world.plan(world.fix("line 10 LAMP_ON"), "3.0")
    world.run(plan, without_lamp)
    (told,) = (event for event in Journal(world.journal).events if isinstance(event, Ported))
    assert (told.outcome, told.how) == (Outcome.UNBUILDABLE, "exact")
    assert told.prerequisites == (f"{needed[:10]} MINOR: lamp: add it",)
    assert "with 1 commit before it, it applies: fixes" in told.remark
    assert f"needs {needed[:10]}: it brought LAMP_ON" in told.remark


def test_what_does_not_compile_for_another_reason_needs_nothing_first(world: World) -> None:
    world.step("line 19\n", "line 19 x\n", files={LAMP: "#define LAMP_ON 1\n"})
    told = world.one(world.fix("#error"), "3.0")
    assert (told.outcome, told.prerequisites) == (Outcome.UNBUILDABLE, ())
