"""Cherry-picks give the same results as git, or a conflict that shows both sides."""

from __future__ import annotations

import random
import subprocess
from dataclasses import replace
from pathlib import Path

import pygit2
import pytest

from bisector.errors import PatchProblem
from bisector.patch import load
from bisector.patch.cherry_pick import Picked, Picker, with_origin
from bisector.patch.conflict import PickConflict, Span, changes, touch
from bisector.patch.model import Author, Series
from bisector.record.words import How
from tests.support.made import AUTHOR, FIXED, MESSAGE, TEN, C, Files, Repo

USER = pygit2.Signature("Jo Doe", "jo@example.org", 1_700_000_000, 0)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo.git")


@pytest.fixture
def picker(repo: Repo) -> Picker:
    return Picker(repo.git, USER)


def fix_and_branch(repo: Repo, ours: Files, base: Files, theirs: Files) -> tuple[str, str]:
    """A fix from *base* to *theirs*, and a branch whose tip has *ours*."""
    root = repo.commit({"README": "x\n"}, message="root")
    before = repo.commit(base, root, message="before")
    return repo.commit(theirs, before), repo.commit(ours, root, message="branch")


def picked(done: Picked | PickConflict) -> str:
    assert isinstance(done, Picked), done
    (commit,) = done.commits
    return commit


def conflict(done: Picked | PickConflict) -> PickConflict:
    assert isinstance(done, PickConflict), done
    return done


# -- what a pick makes --------------------------------------------------------------------------


def test_a_pick_keeps_the_author_and_names_its_origin(repo: Repo, picker: Picker) -> None:
    fix, branch = fix_and_branch(repo, {C: TEN}, {C: TEN}, {C: FIXED})
    done = picker.commit(fix, branch)
    made = repo.read(picked(done))
    assert repo.content(str(made.id)) == FIXED
    assert (made.author, made.committer) == (AUTHOR, USER)
    assert made.message == f"{MESSAGE}\n(cherry picked from commit {fix})\n"
    assert [str(parent) for parent in made.parent_ids] == [branch]
    assert isinstance(done, Picked)
    assert done.how == (How.EXACT,)


def test_without_a_user_the_author_commits(repo: Repo) -> None:
    fix, branch = fix_and_branch(repo, {C: TEN}, {C: TEN}, {C: FIXED})
    made = repo.read(picked(Picker(repo.git, None).commit(fix, branch)))
    assert made.committer == AUTHOR


def test_other_changes_of_the_branch_are_kept(repo: Repo, picker: Picker) -> None:
    other = TEN.replace("line 1\n", "line ONE\n")
    fix, branch = fix_and_branch(repo, {C: other}, {C: TEN}, {C: FIXED})
    done = picker.commit(fix, branch)
    assert repo.content(picked(done)) == other.replace("line 8\n", "line EIGHT\n")
    assert isinstance(done, Picked)
    assert done.how == (How.THREE_WAY,)


def test_a_change_is_applied_to_a_renamed_file(repo: Repo, picker: Picker) -> None:
    fix, branch = fix_and_branch(repo, {"src/old.c": TEN}, {C: TEN}, {C: FIXED})
    assert repo.content(picked(picker.commit(fix, branch)), "src/old.c") == FIXED


def test_a_change_that_is_there_already_makes_no_commit(repo: Repo, picker: Picker) -> None:
    fix, branch = fix_and_branch(repo, {C: FIXED}, {C: TEN}, {C: FIXED})
    assert picker.commit(fix, branch) == Picked((), (How.ALREADY,))


def test_contents_that_are_not_utf8_stay_as_they_are(repo: Repo, picker: Picker) -> None:
    latin = TEN.encode() + b"// \xe9\n"
    fixed = latin.replace(b"line 2\n", b"line TWO \xe8\n")
    ours = latin.replace(b"line 9\n", b"line NINE\n")
    fix, branch = fix_and_branch(repo, {C: ours}, {C: latin}, {C: fixed})
    made = repo.read(picked(picker.commit(fix, branch)))
    assert made.tree[C].peel(pygit2.Blob).data == ours.replace(b"line 2\n", b"line TWO \xe8\n")


def test_a_merge_is_refused(repo: Repo, picker: Picker) -> None:
    one, other = repo.commit({C: TEN}), repo.commit({C: FIXED})
    with pytest.raises(PatchProblem, match="is a merge"):
        picker.commit(repo.commit({C: FIXED}, one, other), one)


def test_a_first_commit_is_refused(repo: Repo, picker: Picker) -> None:
    root = repo.commit({C: TEN})
    with pytest.raises(PatchProblem, match="no parent"):
        picker.commit(root, root)


@pytest.mark.parametrize(
    "message",
    [
        "BUG/MINOR: x\n",
        "BUG/MINOR: x\n\nA body.\n",
        "BUG/MINOR: x\n\nA body.\n\n\n",
        "BUG/MINOR: x\n\nA body.\n\nSigned-off-by: Jo <jo@example.org>\n",
        "BUG/MINOR: x\n\nA body.\nSigned-off-by: Jo <jo@example.org>\n",
        "BUG/MINOR: x\n\nThis line\nand this one\nand that: no trailer\n",
        "BUG/MINOR: x\n\nFixes: #12\nReviewed-by: Jo\n",
        "BUG/MINOR: x\n\nA body.\n\n(cherry picked from commit " + "1" * 40 + ")\n",
        "Fixes: only a subject\n",
        "BUG/MINOR: x\n\nSee:\n\n    code: here\n",
    ],
)
def test_the_message_is_the_one_that_git_writes(tmp_path: Path, message: str) -> None:
    path = tmp_path / "clone"

    def git(*words: str, text: str = "") -> str:
        who = ("-c", "user.name=Jo", "-c", "user.email=jo@example.org")
        done = subprocess.run(
            ["git", *who, *words], cwd=path, input=text, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    path.mkdir()
    git("init", "-q", "-b", "master")
    (path / "f").write_text("1\n")
    git("add", "f")
    git("commit", "-q", "-m", "one")
    (path / "f").write_text("2\n")
    git("commit", "-q", "-a", "--cleanup=verbatim", "-F", "-", text=message)
    fix = git("rev-parse", "HEAD")
    git("checkout", "-q", "-b", "branch", "HEAD~1")
    git("cherry-pick", "-x", fix)
    wanted = git("log", "-1", "--format=%B")
    assert with_origin(message.encode(), fix).decode().strip() == wanted


# -- conflicts ----------------------------------------------------------------------------------


def test_a_conflict_shows_both_sides_and_their_base(repo: Repo, picker: Picker) -> None:
    ours = TEN.replace("line 8\n", "line 8 here\n")
    fix, branch = fix_and_branch(repo, {C: ours}, {C: TEN}, {C: FIXED})
    found = conflict(picker.commit(fix, branch))
    assert found.revision == fix
    assert found.text == (
        "src/server.c:8: the branch and the change disagree\n"
        "<<<<<<< the branch\n"
        "line 8 here\n"
        "||||||| before the change\n"
        "line 8\n"
        "=======\n"
        "line EIGHT\n"
        ">>>>>>> the change"
    )
    assert found.summary == "src/server.c: the branch and the change disagree"


def test_a_conflict_has_the_spans_that_the_fix_changes(repo: Repo, picker: Picker) -> None:
    both = FIXED.replace("line 2\n", "line TWO\n")  # only line 8 conflicts
    ours = TEN.replace("line 8\n", "line 8 here\n")
    fix, branch = fix_and_branch(repo, {C: ours}, {C: TEN}, {C: both})
    (file,) = conflict(picker.commit(fix, branch)).files
    assert file.spans == (Span(7, 8),)
    assert file.base == str(repo.git.create_blob(TEN.encode()))


def test_each_region_is_shown_with_its_line_number(repo: Repo, picker: Picker) -> None:
    ours = "new\n" + TEN.replace("line 2\n", "line 2 here\n").replace("line 9\n", "")
    theirs = TEN.replace("line 2\n", "line TWO\n").replace("line 9\n", "line NINE\n")
    fix, branch = fix_and_branch(repo, {C: ours}, {C: TEN}, {C: theirs})
    (file,) = conflict(picker.commit(fix, branch)).files
    assert [(region.line, region.ours) for region in file.regions] == [
        (3, "line 2 here\n"),
        (10, ""),
    ]


def test_control_characters_in_a_conflict_are_replaced(repo: Repo, picker: Picker) -> None:
    ours = TEN.replace("line 8\n", "\tline 8 \x1b[2J\xff\n").encode("latin-1")
    fix, branch = fix_and_branch(repo, {C: ours}, {C: TEN}, {C: FIXED})
    text = conflict(picker.commit(fix, branch)).text
    assert "\tline 8 \N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}\n" in text
    assert "\x1b" not in text


def test_a_file_that_the_branch_lacks_is_named(repo: Repo, picker: Picker) -> None:
    fix, branch = fix_and_branch(repo, {"other.c": "x\n"}, {C: TEN}, {C: FIXED})
    found = conflict(picker.commit(fix, branch))
    assert found.summary == f"{C}: the branch does not have this file, the change changes it"
    assert found.files[0].spans == (Span(7, 8),)


def test_a_file_that_the_fix_removes_and_the_branch_has_changed_is_named(
    repo: Repo, picker: Picker
) -> None:
    ours: Files = {C: TEN.replace("line 1\n", "line ONE\n"), "k": "k\n"}
    fix, branch = fix_and_branch(repo, ours, {C: TEN, "k": "k\n"}, {"k": "k\n"})
    assert "the change removes this file" in conflict(picker.commit(fix, branch)).summary


def test_a_file_that_both_sides_add_is_named(repo: Repo, picker: Picker) -> None:
    fix, branch = fix_and_branch(repo, {C: TEN, "new.c": "a\n"}, {C: TEN}, {C: TEN, "new.c": "b\n"})
    assert "both add a file" in conflict(picker.commit(fix, branch)).summary


def test_a_binary_file_is_named(repo: Repo, picker: Picker) -> None:
    fix, branch = fix_and_branch(
        repo, {"x.bin": b"\0a\n"}, {"x.bin": b"\0b\n"}, {"x.bin": b"\0c\n"}
    )
    assert "x.bin: a binary file" in conflict(picker.commit(fix, branch)).summary


def test_a_conflict_that_only_the_default_diff_finds_is_merged(repo: Repo, picker: Picker) -> None:
    """Of 281 real fixes, git and libgit2's smallest diff agree on all, its default on 280."""
    base, ours, theirs = scrambled(335)
    fix, branch = fix_and_branch(repo, {C: ours}, {C: base}, {C: theirs})
    before = repo.read(fix).parents[0]
    mine, other = repo.read(branch).tree, repo.read(fix).tree
    assert repo.git.merge_trees(before.tree, mine, other).conflicts
    assert repo.content(picked(picker.commit(fix, branch))) not in (base, ours, theirs)


def scrambled(seed: int) -> tuple[str, str, str]:
    """Long contents of few different lines: one, changed in many places, and in one."""
    chance = random.Random(seed)
    words = chance.choice([3, 8, 20, 100])

    def some(count: int) -> list[str]:
        return [f"{chance.randrange(words)}\n" for _ in range(count)]

    def changed(lines: list[str], times: int) -> list[str]:
        lines = list(lines)
        for _ in range(times):
            at = chance.randrange(len(lines))
            lines[at : at + chance.randint(0, 3)] = some(chance.randint(0, 3))
        return lines

    base = some(1200)
    ours = changed(base, chance.choice([60, 150, 300]))
    return "".join(base), "".join(ours), "".join(changed(base, 1))


# -- what no build reads ------------------------------------------------------------------------

DOC = "doc/configuration.txt"


def test_a_file_that_no_build_reads_is_left_out_where_it_conflicts(
    repo: Repo, picker: Picker
) -> None:
    ours: Files = {C: TEN, DOC: "ours\n"}
    fix, branch = fix_and_branch(repo, ours, {C: TEN, DOC: "old\n"}, {C: FIXED, DOC: "new\n"})
    done = picker.commit(fix, branch)
    made = picked(done)
    assert isinstance(done, Picked)
    assert done.left_out == (DOC,)
    assert (repo.content(made), repo.content(made, DOC)) == (FIXED, "ours\n")
    assert repo.read(made).message.endswith(
        f"(cherry picked from commit {fix})\n[left out, since it conflicts: {DOC}]\n"
    )


def test_a_new_file_that_no_build_reads_is_left_out_too(repo: Repo, picker: Picker) -> None:
    ours: Files = {C: TEN, DOC: "ours\n"}
    fix, branch = fix_and_branch(repo, ours, {C: TEN}, {C: FIXED, DOC: "new\n"})
    made = picked(picker.commit(fix, branch))
    assert (repo.content(made), repo.content(made, DOC)) == (FIXED, "ours\n")


def test_a_conflict_in_code_is_shown_before_one_that_no_build_reads(
    repo: Repo, picker: Picker
) -> None:
    here = TEN.replace("line 8\n", "line 8 here\n")
    fix, branch = fix_and_branch(
        repo, {C: here, DOC: "ours\n"}, {C: TEN, DOC: "old\n"}, {C: FIXED, DOC: "new\n"}
    )
    assert [file.path for file in conflict(picker.commit(fix, branch)).files] == [C, DOC]


def test_if_all_files_of_the_fix_conflict_it_is_a_conflict(repo: Repo, picker: Picker) -> None:
    fix, branch = fix_and_branch(
        repo, {C: TEN, DOC: "ours\n"}, {C: TEN, DOC: "old\n"}, {C: TEN, DOC: "new\n"}
    )
    assert conflict(picker.commit(fix, branch)).files[0].path == DOC
    assert conflict(picker.series(series_of(repo, fix), branch)).files[0].path == DOC


def test_if_only_left_out_files_remain_no_empty_commit_is_made(repo: Repo, picker: Picker) -> None:
    ours: Files = {C: FIXED, DOC: "ours\n"}
    fix, branch = fix_and_branch(repo, ours, {C: TEN, DOC: "old\n"}, {C: FIXED, DOC: "new\n"})
    assert picker.commit(fix, branch) == Picked((), (How.ALREADY,), (DOC,))


def test_a_patch_of_a_series_is_picked_without_a_conflicting_unbuilt_file(
    repo: Repo, picker: Picker
) -> None:
    ours: Files = {C: TEN, DOC: "ours\n"}
    fix, branch = fix_and_branch(repo, ours, {C: TEN, DOC: "old\n"}, {C: FIXED, DOC: "new\n"})
    done = picker.series(series_of(repo, fix), branch)
    made = picked(done)
    assert isinstance(done, Picked)
    assert done.left_out == (DOC,)
    assert (repo.content(made), repo.content(made, DOC)) == (FIXED, "ours\n")
    assert repo.read(made).message == f"{MESSAGE}[left out, since it conflicts: {DOC}]\n"


# -- patches from files -------------------------------------------------------------------------


def series_of(repo: Repo, *fixes: str) -> Series:
    return Series(tuple(load.from_commit(repo.git, repo.read(fix)) for fix in fixes))


def test_a_picked_patch_keeps_its_author_and_message(repo: Repo, picker: Picker) -> None:
    fix, branch = fix_and_branch(repo, {C: TEN}, {C: TEN}, {C: FIXED})
    made = repo.read(picked(picker.series(series_of(repo, fix), branch)))
    assert repo.content(str(made.id)) == FIXED
    assert (made.author, made.committer, made.message) == (AUTHOR, USER, MESSAGE)


def test_a_series_makes_a_commit_for_each_patch_that_is_not_there(
    repo: Repo, picker: Picker
) -> None:
    fix, branch = fix_and_branch(repo, {C: FIXED}, {C: TEN}, {C: FIXED})
    second = repo.commit({C: FIXED.replace("line 1\n", "line ONE\n")}, fix, message="second\n")
    done = picker.series(series_of(repo, fix, second), branch)
    assert isinstance(done, Picked)
    assert done.how == (How.ALREADY, How.EXACT)
    assert repo.read(picked(done)).message == "second\n"


def test_a_patch_that_does_not_apply_shows_both_sides_too(repo: Repo, picker: Picker) -> None:
    ours = TEN.replace("line 8\n", "line 8 here\n")
    fix, branch = fix_and_branch(repo, {C: ours}, {C: TEN}, {C: FIXED})
    text = conflict(picker.series(series_of(repo, fix), branch)).text
    assert "line 8 here\n||||||| before the change\nline 8\n=======\nline EIGHT\n" in text


def test_the_second_patch_of_a_series_conflicts_with_the_result_of_the_first(
    repo: Repo, picker: Picker
) -> None:
    ours = TEN.replace("line 1\n", "line 1 here\n")
    fix, branch = fix_and_branch(repo, {C: ours}, {C: TEN}, {C: FIXED})
    second = repo.commit({C: FIXED.replace("line 1\n", "line ONE\n")}, fix, message="second\n")
    found = conflict(picker.series(series_of(repo, fix, second), branch))
    assert found.subject == "second"
    (file,) = found.files
    assert [region.ours for region in file.regions] == ["line 1 here\n"]


def test_a_patch_whose_base_is_unknown_names_the_missing_file(
    repo: Repo, picker: Picker, tmp_path: Path
) -> None:
    patch = tmp_path / "fix.patch"
    patch.write_text(
        "From: Zoë Doe <zoe@example.org>\nDate: Sun, 13 Sep 2020 14:26:40 +0200\n"
        "Subject: [PATCH] fix\n\n---\ndiff --git a/f b/f\nindex 1234567..89abcde 100644\n"
        "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"
    )
    branch = repo.commit({"f": "c\n"})
    text = conflict(picker.series(load.load(patch), branch)).text
    assert text.startswith("f: @@ -1,1 +1,1 @@ the file has no line 'a'")
    assert "is not in the repository" in text


def test_the_author_and_date_of_a_mail_are_read(tmp_path: Path) -> None:
    patch = tmp_path / "fix.patch"
    patch.write_text(
        "From: =?UTF-8?q?Zo=C3=AB_Doe?= <zoe@example.org>\nDate: Sun, 13 Sep 2020 14:26:40 +0200\n"
        "Subject: [PATCH] fix\n\n---\ndiff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"
    )
    (found,) = load.load(patch).patches
    assert found.author == Author("Zoë Doe", "zoe@example.org", 1_600_000_000, 120)


@pytest.mark.parametrize("head", ["", "Subject: x\n\n", "From: Jo <jo@x>\nDate: soon\n\n"])
def test_a_diff_without_an_author_is_accepted(tmp_path: Path, head: str) -> None:
    patch = tmp_path / "fix.patch"
    patch.write_text(f"{head}diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n")
    (found,) = load.load(patch).patches
    assert found.author is None


# -- lines --------------------------------------------------------------------------------------


def test_changes_are_lines_of_both_sides() -> None:
    assert changes(b"a\nb\nc\n", b"a\nx\ny\nc\n") == [(Span(1, 2), Span(1, 3))]
    assert changes(b"a\nc\n", b"a\nb\nc\n") == [(Span(1, 1), Span(1, 2))]
    assert changes(b"a\nb\nc\n", b"a\nc\n") == [(Span(1, 2), Span(1, 1))]
    assert changes(b"a\n", b"a\n") == []


def test_spans_touch_if_they_share_a_line_or_are_adjacent() -> None:
    assert touch(Span(1, 3), Span(2, 5))
    assert touch(Span(1, 3), Span(3, 5))
    assert touch(Span(3, 3), Span(3, 5))
    assert not touch(Span(1, 3), Span(4, 5))


@pytest.mark.parametrize("author", [Author("\\", "jo@example.org", 0, 0), Author("Jo", "<>", 0, 0)])
def test_an_author_of_punctuation_alone_is_refused_as_by_git(
    repo: Repo, picker: Picker, author: Author
) -> None:
    fix, branch = fix_and_branch(repo, {C: TEN}, {C: TEN}, {C: FIXED})
    patch = load.from_commit(repo.git, repo.read(fix))
    with pytest.raises(PatchProblem, match=r"has no name or address.*From:"):
        picker.series(Series((replace(patch, author=author),)), branch)
