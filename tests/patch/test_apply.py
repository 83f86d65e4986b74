"""Patches land where they belong, or not at all, and the conflict says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import FileMode

from bisector.patch import load, model
from bisector.patch.apply import Applied, apply_series
from bisector.patch.model import Patch, Series
from bisector.record.words import How
from tests.support.patches import (
    CURED,
    EARLIER,
    EARLIER_CURED,
    FAMILY,
    OLD,
    RENAMED,
    RENAMED_CURED,
    C,
    Repo,
    apply,
    conflict,
)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


@pytest.fixture
def empty(tmp_path: Path) -> Repo:
    """Another repository, without the blobs that the patches were made from."""
    return Repo(tmp_path / "empty")


@pytest.fixture
def fix(repo: Repo) -> Patch:
    return repo.patch({C: OLD}, {C: CURED})


# --- applying


def test_a_patch_applies_exactly(repo: Repo, fix: Patch) -> None:
    other = {"README": b"hello\n", "src/a/b.c": b"b\n"}
    assert repo.after({C: OLD, **other}, fix) == ("exact", None, {C: CURED, **other})


def test_a_moved_hunk_applies_exactly(empty: Repo, fix: Patch) -> None:
    assert empty.after({C: b"\n" * 50 + OLD}, fix) == ("exact", None, {C: b"\n" * 50 + CURED})


def test_the_tree_may_be_given_itself(repo: Repo, fix: Patch) -> None:
    tree = repo.git[repo.tree({C: OLD})]
    assert isinstance(tree, pygit2.Tree)
    assert apply(repo.git, tree, fix) == Applied(repo.tree({C: CURED}), How.EXACT)


def test_a_patch_that_is_there_already_is_recognised(empty: Repo, fix: Patch) -> None:
    assert empty.after({C: b"\n" + CURED}, fix) == ("already", None, {C: b"\n" + CURED})


def test_a_patch_that_is_there_with_other_context_is_recognised(repo: Repo, fix: Patch) -> None:
    assert repo.after({C: EARLIER_CURED}, fix) == ("already", None, {C: EARLIER_CURED})


def test_half_a_patch_is_not_all_of_it(repo: Repo, empty: Repo) -> None:
    both = repo.patch({C: OLD, "x": b"x\n"}, {C: CURED, "x": b"y\n"})
    half = {C: b"\n" + CURED, "x": b"x\n"}
    assert [place.path for place in conflict(empty.apply(half, both)).places] == [C]
    assert repo.after(half, both) == ("three-way", None, half | {"x": b"y\n"})


def test_other_context_is_merged(repo: Repo, fix: Patch) -> None:
    assert repo.after({C: EARLIER}, fix) == ("three-way", None, {C: EARLIER_CURED})


def test_merging_needs_the_file_that_the_patch_was_made_from(empty: Repo, fix: Patch) -> None:
    (place,) = conflict(empty.apply({C: EARLIER}, fix)).places
    assert place.path == C
    assert place.hunk.startswith("@@ -8,7 +8,8 @@ int down(struct server *s)")
    assert "the file has no line 'struct addr addr;'" in place.why
    assert f"({fix.files[0].old_id[:12]}) is not in the repository" in place.why


def test_the_patched_file_serves_for_merging_as_well(repo: Repo, empty: Repo, fix: Patch) -> None:
    empty.git.create_blob(CURED)
    assert empty.after({C: EARLIER}, fix)[0] == "three-way"


def test_abbreviated_ids_are_accepted(repo: Repo, fix: Patch) -> None:
    (file,) = fix.files
    short = replace(fix, files=(replace(file, old_id=file.old_id[:7], new_id=file.new_id[:7]),))
    assert repo.after({C: EARLIER}, short)[0] == "three-way"


def test_an_ambiguous_abbreviated_id_is_ignored(repo: Repo, fix: Patch) -> None:
    short = fix.files[0].old_id[:4]
    contents = (b"%d\n" % number for number in range(10**7))
    repo.git.create_blob(next(c for c in contents if str(pygit2.hash(c)).startswith(short)))
    vague = replace(fix, files=(replace(fix.files[0], old_id=short, new_id=""),))
    assert "is not in the repository" in conflict(repo.apply({C: EARLIER}, vague)).places[0].why


def test_an_id_of_another_file_is_ignored(repo: Repo, fix: Patch) -> None:
    for wrong in (b"something else\n", CURED):
        name = str(repo.git.create_blob(wrong))
        lying = replace(fix, files=(replace(fix.files[0], old_id=name, new_id=""),))
        assert "is not in the repository" in conflict(repo.apply({C: EARLIER}, lying)).places[0].why


def test_a_merge_keeps_bytes_that_are_not_utf8(repo: Repo) -> None:
    old, new = b"\xe9\n" + OLD, b"\xe9\n" + CURED
    assert repo.after({C: b"\xe9\n" + EARLIER}, repo.patch({C: old}, {C: new}))[0] == "three-way"


def test_a_conflict_names_the_file_and_the_conflicting_hunk(repo: Repo) -> None:
    both = CURED.replace(b"return 0", b"return 2")
    patch = repo.patch({C: OLD}, {C: both})
    assert len(patch.hunks) == 2
    outcome = conflict(repo.apply({C: RENAMED.replace(b"check(s)", b"check(s, 1)")}, patch))
    assert outcome.patch == patch.name
    assert [place.path for place in outcome.places] == [C, C]
    outcome = conflict(repo.apply({C: RENAMED}, patch))
    assert [(place.hunk, place.why) for place in outcome.places] == [
        (patch.hunks[0].header, "the same lines were changed in another way")
    ]


def test_a_conflict_changes_nothing_and_leaves_nothing(empty: Repo, fix: Patch) -> None:
    tree = empty.tree({C: RENAMED})
    before = set(empty.git)
    conflict(apply(empty.git, tree, fix))
    assert set(empty.git) == before


def test_the_first_form_that_applies_exactly_is_taken(repo: Repo, fix: Patch) -> None:
    older = replace(repo.patch({C: RENAMED}, {C: RENAMED_CURED}), variant="older")
    patch = replace(fix, variants=(older,))
    assert repo.after({C: OLD}, patch) == ("exact", None, {C: CURED})
    assert repo.after({C: RENAMED}, patch) == ("exact", "older", {C: RENAMED_CURED})
    assert repo.after({C: RENAMED_CURED}, patch) == ("already", "older", {C: RENAMED_CURED})
    how, variant, files = repo.after({C: RENAMED.replace(b"addr a;", b"addr a = {};")}, patch)
    assert (how, variant) == ("three-way", "older")
    assert files[C] == RENAMED_CURED.replace(b"addr a;", b"addr a = {};")
    # whatever form a conflict is about, it is told of the patch itself
    places = conflict(repo.apply({C: b"else\n"}, patch)).places
    assert [place.hunk for place in places] == [fix.hunks[0].header]


def test_a_patch_is_not_applied_twice(repo: Repo) -> None:
    block = b"if (x) {\n\tgo();\n\treturn;\n}\n"
    old = b"start\n" + block + OLD
    new = b"start\n" + block + b"y();\n" + block + OLD
    patch = repo.patch({C: old}, {C: new})
    assert repo.after({C: old}, patch)[0] == "exact"
    assert repo.after({C: new}, patch) == ("already", None, {C: new})
    assert repo.after({C: new}, model.reverse(patch)) == ("exact", None, {C: old})
    assert repo.after({C: old}, model.reverse(patch)) == ("already", None, {C: old})


def test_one_more_of_many_equal_lines_is_not_there_already(repo: Repo) -> None:
    rows = b"\tNULL,\n" * 9
    patch = repo.patch({C: rows}, {C: rows + b"\tNULL,\n"})
    assert repo.after({C: rows}, patch) == ("exact", None, {C: rows + b"\tNULL,\n"})


# --- whole files


def test_files_are_added_and_removed(repo: Repo) -> None:
    with_new = repo.patch({C: OLD}, {C: OLD, "src/new/x.c": b"x\n"})
    assert repo.after({C: OLD}, with_new) == ("exact", None, {C: OLD, "src/new/x.c": b"x\n"})
    assert repo.after({C: OLD, "src/new/x.c": b"x\n"}, with_new)[0] == "already"
    without = model.reverse(with_new)
    assert repo.after({C: OLD, "src/new/x.c": b"x\n"}, without) == ("exact", None, {C: OLD})
    assert repo.after({C: OLD}, without)[0] == "already"


def test_a_new_file_replaces_nothing(repo: Repo) -> None:
    with_new = repo.patch({C: OLD}, {C: OLD, "src/x.c": b"x\n"})
    (place,) = conflict(repo.apply({C: OLD, "src/x.c": b"y\n"}, with_new)).places
    assert (place.path, place.why) == ("src/x.c", "it is there already")
    assert conflict(repo.apply({"src": b"a file\n"}, with_new)).places == (place,)
    assert conflict(repo.apply({"src/x.c/y": b"y\n"}, with_new)).places == (place,)


def test_a_file_with_other_lines_is_not_removed(repo: Repo) -> None:
    goes = repo.patch({C: OLD, "x": b"x\ny\nz\n"}, {C: OLD})
    (place,) = conflict(repo.apply({C: OLD, "x": b"x\ny\nz\nmore\n"}, goes)).places
    assert place.path == "x"
    (file,) = goes.files
    (hunk,) = file.hunks
    kept = replace(hunk, lines=(*hunk.lines[:-1], b" z\n"))
    torn = replace(goes, files=(replace(file, hunks=(kept,)),))
    (place,) = conflict(repo.apply({C: OLD, "x": b"x\ny\nz\n"}, torn)).places
    assert place.why == "it has lines that the patch does not remove"


def test_an_empty_file_is_added_and_removed(repo: Repo) -> None:
    comes = repo.patch({C: OLD}, {C: OLD, "x": b""})
    assert repo.after({C: OLD}, comes) == ("exact", None, {C: OLD, "x": b""})
    assert repo.after({C: OLD, "x": b""}, model.reverse(comes))[2] == {C: OLD}


def test_a_missing_file_is_a_conflict(repo: Repo, fix: Patch) -> None:
    (place,) = conflict(repo.apply({"README": b""}, fix)).places
    assert (place.path, place.why) == (C, "there is no such file")


def test_a_symbolic_link_is_not_followed(repo: Repo, fix: Patch) -> None:
    outcome = apply(repo.git, repo.tree({C: OLD}, FileMode.LINK), fix)
    assert conflict(outcome).places[0].why == "its mode is 120000"


def test_a_symbolic_link_is_added_changed_and_removed(repo: Repo) -> None:
    none, first, second = (
        repo.tree(files, FileMode.LINK)
        for files in ({"a": b"x"}, {"a": b"x", "b": b"../y"}, {"a": b"x", "b": b"../z"})
    )
    comes, changes = repo.between(none, first), repo.between(first, second)
    assert apply(repo.git, none, comes) == Applied(first, How.EXACT)
    assert apply(repo.git, first, comes) == Applied(first, How.ALREADY)
    assert apply(repo.git, first, changes) == Applied(second, How.EXACT)
    assert apply(repo.git, first, model.reverse(comes)) == Applied(none, How.EXACT)
    moved = repo.tree({"a": b"x", "c": b"../y"}, FileMode.LINK)
    assert apply(repo.git, first, repo.between(first, moved)) == Applied(moved, How.EXACT)
    assert len({comes.digest, repo.patch({"a": b"x"}, {"a": b"x", "b": b"../y"}).digest}) == 2


def test_a_file_in_the_place_of_a_symbolic_link_is_a_conflict(repo: Repo) -> None:
    old, new = ({"a": b"x"}, {"a": b"y"})
    linked = repo.between(*(repo.tree(files, FileMode.LINK) for files in (old, new)))
    assert conflict(repo.apply(old, linked)).places[0].why == "its mode is 100644"


def test_a_renamed_file_is_followed(repo: Repo) -> None:
    patch = repo.patch({C: OLD}, {"src/srv.c": CURED})
    assert len(patch.files) == 1
    assert repo.after({C: b"\n" + OLD}, patch) == ("exact", None, {"src/srv.c": b"\n" + CURED})
    assert repo.after({"src/srv.c": CURED}, model.reverse(patch)) == ("exact", None, {C: OLD})
    assert "already" in conflict(repo.apply({C: OLD, "src/srv.c": b""}, patch)).places[0].why


def test_modes_are_set_and_kept(repo: Repo, fix: Patch, tmp_path: Path) -> None:
    tree = repo.tree({C: OLD}, FileMode.BLOB_EXECUTABLE)
    done = apply(repo.git, tree, fix)
    assert done == Applied(repo.tree({C: CURED}, FileMode.BLOB_EXECUTABLE), How.EXACT)
    source = tmp_path / "mode.patch"
    source.write_text(f"diff --git a/{C} b/{C}\nold mode 100644\nnew mode 100755\n")
    (mode,) = load.load(source).patches
    done = apply(repo.git, repo.tree({C: OLD}), mode)
    assert done == Applied(tree, How.EXACT)
    assert apply(repo.git, tree, mode) == Applied(tree, How.ALREADY)


# --- series


def test_a_series_is_applied_in_order(repo: Repo, fix: Patch) -> None:
    series = Series((fix, repo.patch({C: CURED}, {C: FAMILY})))
    assert repo.steps({C: OLD}, series) == ([("exact", None), ("exact", None)], {C: FAMILY})
    assert repo.steps({C: CURED}, series) == ([("already", None), ("exact", None)], {C: FAMILY})


def test_patches_on_the_same_lines_are_recognised_together(empty: Repo, fix: Patch) -> None:
    series = Series((fix, empty.patch({C: CURED}, {C: FAMILY})))
    conflict(empty.apply({C: FAMILY}, fix))  # alone it cannot be
    assert empty.steps({C: FAMILY}, series) == ([("already", None)] * 2, {C: FAMILY})


def test_the_reversed_series_restores_the_tree(empty: Repo, fix: Patch) -> None:
    series = Series((fix, empty.patch({C: CURED}, {C: FAMILY})))
    assert empty.steps({C: FAMILY}, series.reversed) == ([("exact", None)] * 2, {C: OLD})
    assert series.reversed.reversed.touched == series.touched == {C}


def test_a_later_patch_is_merged_with_the_result_of_an_earlier_one(repo: Repo, empty: Repo) -> None:
    first, second = repo.patch({C: OLD}, {C: CURED}), repo.patch({C: CURED}, {C: FAMILY})
    empty.git.create_blob(OLD)  # no repository has the blobs of a fix that is not merged yet
    other = {C: OLD.replace(b"return 1", b"return 3")}
    steps, files = empty.steps(other, Series((first, second)))
    assert steps == [("three-way", None)] * 2
    assert files == {C: FAMILY.replace(b"return 1", b"return 3")}


def test_the_result_of_an_earlier_patch_is_computed(repo: Repo, empty: Repo) -> None:
    moved = OLD.replace(b"s->port", b"s->svc_port")
    both = CURED.replace(b"s->port", b"s->svc_port")
    series = Series((repo.patch({C: OLD}, {C: moved}), repo.patch({C: moved}, {C: both})))
    empty.git.create_blob(OLD)
    steps, files = empty.steps({C: EARLIER}, series)
    assert steps == [("exact", None), ("three-way", None)]
    assert files == {C: EARLIER_CURED.replace(b"s->port", b"s->svc_port")}


def test_a_series_conflict_names_the_patch(repo: Repo, fix: Patch) -> None:
    second = replace(repo.patch({"x": b"x\n"}, {"x": b"y\n"}), name="0002-other")
    outcome = conflict(apply_series(repo.git, repo.tree({C: OLD}), Series((fix, second))))
    assert outcome.patch == "0002-other"
