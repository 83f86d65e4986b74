"""Patches: how they are loaded, and that they apply right or are refused with a reason."""

from __future__ import annotations

import base64
import quopri
import subprocess
from dataclasses import replace
from pathlib import Path

import pygit2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pygit2.enums import FileMode

from bisector.errors import PatchProblem
from bisector.patch import load, model
from bisector.patch.apply import Applied, AppliedSeries, ApplyConflict, apply_series
from bisector.patch.model import Patch, Series
from bisector.record.words import How

BUNDLED = Path(__file__).parents[2] / "patches"
C = "src/server.c"
AUTHOR = pygit2.Signature("Jo Doe", "jo@example.org", 1700000000, 0)

OLD = b"""\
int get(struct server *s)
{
	return s->port;
}

int down(struct server *s)
{
	struct addr addr;

	log(s);
	clear(&addr);
	set(s, &addr);
	return 1;
}

int up(struct server *s)
{
	log(s);
	check(s);
	return 0;
}
"""
CURED = OLD.replace(b"\tclear(&addr);\n", b"\tload(s, &addr);\n\tclear(&addr.ip);\n")
RENAMED = OLD.replace(b"addr;", b"a;").replace(b"&addr", b"&a")
RENAMED_CURED = RENAMED.replace(b"\tclear(&a);\n", b"\tload(s, &a);\n\tclear(&a.ip);\n")
FAMILY = CURED.replace(b"\tclear(&addr.ip);\n", b"\taddr.family = 0;\n\tclear(&addr.ip);\n")
EARLIER = OLD.replace(b"struct addr addr;", b"struct addr addr = {};")  # other context
EARLIER_CURED = CURED.replace(b"struct addr addr;", b"struct addr addr = {};")

Files = dict[str, bytes]
Outcome = Applied | ApplyConflict


class Repo:
    """A bare repository with a few helpers."""

    def __init__(self, path: Path) -> None:
        self.git = pygit2.init_repository(str(path), bare=True)

    def tree(self, files: Files, mode: FileMode = FileMode.BLOB) -> pygit2.Oid:
        index = pygit2.Index()
        for path, content in files.items():
            index.add(pygit2.IndexEntry(path, self.git.create_blob(content), mode))
        return index.write_tree(self.git)

    def commit(self, files: Files, *parents: pygit2.Commit, message: str = "x") -> pygit2.Commit:
        ids = [parent.id for parent in parents]
        made = self.git.create_commit(None, AUTHOR, AUTHOR, message, self.tree(files), ids)
        found = self.git[made]
        assert isinstance(found, pygit2.Commit)
        return found

    def patch(self, old: Files, new: Files) -> Patch:
        return load.from_commit(self.git, self.commit(new, self.commit(old)))

    def files(self, tree: pygit2.Oid) -> Files:
        index = pygit2.Index()
        index.read_tree(self.git[tree])  # type: ignore[arg-type]
        return {entry.path: self.git[entry.id].data for entry in index}  # type: ignore[attr-defined]

    def apply(self, files: Files, patch: Patch) -> Outcome:
        return apply(self.git, self.tree(files), patch)

    def after(self, files: Files, patch: Patch) -> tuple[str, str | None, Files]:
        done = self.apply(files, patch)
        assert isinstance(done, Applied), done
        return done.how, done.variant, self.files(done.tree)

    def steps(self, files: Files, series: Series) -> tuple[list[tuple[str, str | None]], Files]:
        done = apply_series(self.git, self.tree(files), series)
        assert isinstance(done, AppliedSeries), done
        return [(step.how, step.variant) for step in done.steps], self.files(done.tree)


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


def apply(store: pygit2.Repository, tree: pygit2.Oid | pygit2.Tree, patch: Patch) -> Outcome:
    """Apply one patch."""
    done = apply_series(store, tree, Series((patch,)))
    return done.steps[0] if isinstance(done, AppliedSeries) else done


def conflict(outcome: Applied | AppliedSeries | ApplyConflict) -> ApplyConflict:
    assert isinstance(outcome, ApplyConflict), outcome
    return outcome


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
    assert conflict(outcome).places[0].why == "there is no such file"


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


def test_digests_depend_on_the_changes_and_not_on_names(repo: Repo, fix: Patch) -> None:
    other = repo.patch({C: RENAMED}, {C: RENAMED_CURED})
    assert replace(fix, name="n", subject="s", message="m").digest == fix.digest
    assert len({fix.digest, other.digest, model.reverse(fix).digest}) == 3
    assert replace(fix, variants=(other,)).digest != fix.digest
    assert Series((fix, other)).digest != Series((other, fix)).digest != Series((fix,)).digest


# --- parts of a patch


@pytest.fixture
def three(repo: Repo) -> Patch:
    new = CURED.replace(b"return s->port", b"return s->svc_port").replace(b"return 0", b"return 2")
    patch = repo.patch(
        {C: OLD.replace(b"\n\n", b"\n" * 8), "x": b"x\n"},
        {C: new.replace(b"\n\n", b"\n" * 8), "x": b"y\n"},
    )
    assert len(patch.hunks) == 4
    return patch


def test_a_hunk_can_be_kept_alone(repo: Repo, three: Patch) -> None:
    base = {C: OLD.replace(b"\n\n", b"\n" * 8), "x": b"x\n"}
    for index, word in enumerate((b"svc_port", b"load", b"return 2", b"y\n")):
        single = model.only_hunks(three, [index])
        assert [hunk.lines for hunk in single.hunks] == [three.hunks[index].lines]
        _, _, files = repo.after(base, single)
        assert word in b"".join(files.values())
        assert repo.after(files, model.reverse(single)) == ("exact", None, base)


def test_a_hunk_can_be_dropped(repo: Repo, three: Patch) -> None:
    base = {C: OLD.replace(b"\n\n", b"\n" * 8), "x": b"x\n"}
    _, _, files = repo.after(base, model.without_hunk(three, 1))
    assert b"svc_port" in files[C] and b"load" not in files[C] and b"return 2" in files[C]
    assert model.without_hunk(three, 3).touched == {C}
    (file, _) = model.without_hunk(three, 1).files
    assert file.hunks[1].new_start == file.hunks[1].old_start
    assert (file.old_id, file.new_id) == (three.files[0].old_id, "")
    # what a chosen hunk's file looks like is not known to any repository, but can be worked out
    assert (
        repo.after(
            {
                C: files[C].replace(b"{\n\tlog(s);\n\tcheck", b"{\n\tint i;\n\tlog(s);\n\tcheck"),
                "x": b"y\n",
            },
            model.reverse(model.without_hunk(three, 1)),
        )[0]
        == "three-way"
    )


def test_all_hunks_together_are_the_whole_patch(three: Patch) -> None:
    assert model.only_hunks(three, range(4)) == three


@pytest.mark.parametrize("indices", [[], [4], [-1], [0, 9]])
def test_an_unknown_hunk_cannot_be_chosen(three: Patch, indices: list[int]) -> None:
    with pytest.raises(PatchProblem, match="has 4 hunks"):
        model.only_hunks(three, indices)


def test_an_unknown_hunk_cannot_be_dropped(three: Patch, fix: Patch) -> None:
    with pytest.raises(PatchProblem, match="has 4 hunks"):
        model.without_hunk(three, 4)
    with pytest.raises(PatchProblem, match="has 1 hunks"):
        model.without_hunk(fix, 0)


def test_variants_with_the_same_number_of_hunks_are_reduced_too(fix: Patch, three: Patch) -> None:
    patch = replace(three, variants=(replace(three, variant="same"), replace(fix, variant="not")))
    (form,) = model.only_hunks(patch, [1]).variants
    assert (form.variant, len(form.hunks)) == ("same", 1)


sources = st.lists(st.sampled_from(["a", "b", "{", "}", ""]), max_size=25).map(
    lambda lines: "".join(f"{line}\n" for line in lines).encode()
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(sources, sources)
def test_any_patch_is_undone_by_its_reverse(repo: Repo, old: bytes, new: bytes) -> None:
    if old == new:
        return
    patch = repo.patch({C: old}, {C: new})
    assert repo.after({C: old}, patch) == ("exact", None, {C: new})
    assert repo.after({C: new}, model.reverse(patch)) == ("exact", None, {C: old})
    assert model.reverse(model.reverse(patch)).digest == patch.digest


# --- loading

DIFF = f"""\
diff --git a/{C} b/{C}
index 1111111..2222222 100644
--- a/{C}
+++ b/{C}
@@ -8,7 +8,8 @@ int down(struct server *s)
 \tstruct addr addr;
 
 \tlog(s);
-\tclear(&addr);
+\tload(s, &addr);
+\tclear(&addr.ip);
 \tset(s, &addr);
 \treturn 1;
 }}
"""


def mail(subject: str, text: str = DIFF, extra: str = "") -> str:
    return f"""\
From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: =?UTF-8?q?J=C3=B6?= <jo@example.org>
Date: Fri, 24 May 2024 13:55:41 +0200
Subject: {subject}
{extra}
Since --- yesterday, ports get lost.

From now on they don't.
---
 {C} | 3 ++-
 1 file changed

{text}-- 
2.39.5

"""


def read_patches(tmp_path: Path, content: str | bytes) -> tuple[Patch, ...]:
    source = tmp_path / "fix.patch"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    return load.load(source).patches


def test_a_mail_is_read(tmp_path: Path, repo: Repo) -> None:
    (patch,) = read_patches(tmp_path, mail("[PATCH 1/2] BUG/MEDIUM: server: keep\n the port"))
    assert patch.name == "fix"
    assert patch.subject == "BUG/MEDIUM: server: keep the port"
    assert patch.message.splitlines()[0] == patch.subject
    assert patch.message.endswith("\n\nFrom now on they don't.")
    assert patch.touched == {C}
    assert patch.functions == {"down"}
    assert repo.after({C: OLD}, patch) == ("exact", None, {C: CURED})


def test_a_mailbox_of_three_is_read(tmp_path: Path) -> None:
    cover = mail("[PATCH 0/3] keep ports", text="")
    box = cover + "".join(mail(f"[PATCH v2 {n}/3] MINOR: part {n}") for n in (1, 2, 3))
    found = read_patches(tmp_path, box)
    assert [patch.subject for patch in found] == [f"MINOR: part {n}" for n in (1, 2, 3)]
    assert [patch.name for patch in found] == ["fix#2", "fix#3", "fix#4"]


def test_a_mail_of_a_discussion_is_not_a_patch(tmp_path: Path) -> None:
    quoted = "".join(f"> {line}\n" for line in DIFF.splitlines())
    found = read_patches(
        tmp_path, mail("[PATCH] MINOR: it") + mail("Re: [PATCH] MINOR: it", quoted)
    )
    assert [patch.subject for patch in found] == ["MINOR: it"]


def test_a_mail_that_lost_its_diff_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PatchProblem, match="'MINOR: two' has no diff"):
        read_patches(tmp_path, mail("[PATCH 1/2] MINOR: one") + mail("[PATCH 2/2] MINOR: two", ""))


def test_the_transfer_encodings_of_mail_are_decoded(tmp_path: Path) -> None:
    (plain,) = read_patches(tmp_path, mail("[PATCH] BUG: x"))
    head, _, body = mail("[PATCH] BUG: x").partition("\n\n")
    coded = {
        "quoted-printable": quopri.encodestring(body.encode()),
        "base64": base64.encodebytes(body.replace("\n", "\r\n").encode()),
    }
    for encoding, text in coded.items():
        header = f"{head}\nContent-Type: text/plain; charset=utf-8\n"
        header += f"Content-Transfer-Encoding: {encoding}\n\n"
        assert read_patches(tmp_path, header.encode() + text) == (plain,)
    assert read_patches(tmp_path, mail("[PATCH] BUG: x").replace("\n", "\r\n")) == (plain,)


def test_an_attachment_is_read(tmp_path: Path) -> None:
    parts = f"""\
Subject: please apply
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="xx"

--xx
Content-Type: text/plain

Hello.
--xx
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="0001-fix.patch"

{DIFF}
--xx--
"""
    (patch,) = read_patches(tmp_path, parts)
    assert patch.subject == "please apply"
    assert len(patch.hunks) == 1


def test_a_plain_diff_is_read(tmp_path: Path) -> None:
    (patch,) = read_patches(tmp_path, DIFF)
    assert (patch.name, patch.subject, patch.message) == ("fix", "fix", "")
    (patch,) = read_patches(
        tmp_path, f"commit 1234\nAuthor: Jo\n\n    BUG: x\n    \n    Why.\n\n{DIFF}"
    )
    assert (patch.subject, patch.message) == ("BUG: x", "BUG: x\n\nWhy.")


def test_a_file_that_is_listed_twice_is_changed_twice(tmp_path: Path, repo: Repo) -> None:
    again = (
        DIFF.split("@@", 1)[0]
        + """\
@@ -9,7 +9,7 @@ int down(struct server *s)
 
 \tlog(s);
 \tload(s, &addr);
-\tclear(&addr.ip);
+\twipe(&addr.ip);
 \tset(s, &addr);
 \treturn 1;
 }
"""
    )
    (patch,) = read_patches(tmp_path, DIFF + again)
    wiped = {C: CURED.replace(b"clear", b"wipe")}
    assert repo.after({C: OLD}, patch) == ("exact", None, wiped)
    assert repo.after(wiped, model.reverse(patch)) == ("exact", None, {C: OLD})


@pytest.mark.parametrize("content", ["", "\n", "Hello,\nplease fix it.\n", "From: me\n\nhello\n"])
def test_a_file_without_a_patch_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(PatchProblem, match="holds no patch: give a file that 'git format-patch'"):
        read_patches(tmp_path, content)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PatchProblem, match=r"cannot read the patch .*/none.patch: No such file"):
        load.load(tmp_path / "none.patch")


def test_a_broken_patch_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(PatchProblem, match=r"^fix, line"):
        read_patches(tmp_path, DIFF.replace("-8,7", "-8,9"))


def folder(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(mail(f"[PATCH] MINOR: {Path(name).stem}"))
    return path


def test_a_folder_is_a_series_with_variants(tmp_path: Path) -> None:
    folder(tmp_path, "0002-b.patch", "0001-a.patch", "README")
    folder(tmp_path, "variants/old/0002-b2.patch", "variants/ancient/0002-b1.patch")
    series = load.load(tmp_path)
    assert [patch.name for patch in series.patches] == ["0001-a", "0002-b"]
    assert series.patches[0].variants == ()
    assert [form.variant for form in series.patches[1].forms] == [None, "ancient", "old"]


def test_a_patch_of_a_series_keeps_its_variants_when_it_comes_alone(tmp_path: Path) -> None:
    folder(tmp_path, "0001-a.patch", "0002-b.patch", "variants/old/0002-b1.patch")
    (second,) = load.load(tmp_path / "0002-b.patch").patches
    assert [form.variant for form in second.forms] == [None, "old"]
    (first,) = load.load(tmp_path / "0001-a.patch").patches
    assert first.variants == ()


@pytest.mark.parametrize(
    ("names", "what"),
    [
        ([], "no patch in the folder"),
        (["README"], "no patch in the folder"),
        (["fix.patch"], "has no number"),
        (["0001-a.patch", "0001-b.patch"], "0001 is there twice"),
        (["0001-a.patch", "variants/old/0002-b.patch"], "is not a variant of any patch"),
    ],
)
def test_a_folder_with_wrong_names_is_refused(tmp_path: Path, names: list[str], what: str) -> None:
    with pytest.raises(PatchProblem, match=what):
        load.load(folder(tmp_path, *names))


def test_a_numbered_file_holds_one_patch(tmp_path: Path) -> None:
    (tmp_path / "0001-a.patch").write_text(mail("[PATCH] one") + mail("[PATCH] two"))
    with pytest.raises(PatchProblem, match="holds 2 patches"):
        load.load(tmp_path)


def test_a_commit_is_a_patch(repo: Repo) -> None:
    first = repo.commit({C: OLD})
    commit = repo.commit({C: CURED}, first, message="BUG: server: x\n\nWhy.\n")
    patch = load.from_commit(repo.git, commit)
    assert (patch.subject, patch.message) == ("BUG: server: x", "BUG: server: x\n\nWhy.")
    assert patch.files[0].new_id == str(pygit2.hash(CURED))
    assert repo.after({}, load.from_commit(repo.git, first)) == ("exact", None, {C: OLD})


def test_merges_and_empty_and_binary_commits_are_refused(repo: Repo) -> None:
    first, other = repo.commit({C: OLD}), repo.commit({C: CURED})
    for files, parents, what in (
        ({C: OLD}, (first, other), "is a merge"),
        ({C: OLD}, (first,), "changes nothing"),
        ({C: OLD, "x": b"\0\1"}, (first,), "a binary change"),
    ):
        with pytest.raises(PatchProblem, match=what):
            load.from_commit(repo.git, repo.commit(files, *parents))


# --- the patches that come with bisector


@pytest.mark.parametrize("case", sorted(path.name for path in BUNDLED.iterdir()))
def test_bundled_patches_are_well_formed(case: str) -> None:
    series = load.load(BUNDLED / case)
    assert series.patches
    for patch in series.patches:
        for form in patch.forms:
            assert form.subject.startswith(("BUG/", "BUILD: ", "MINOR: ")), form.subject
            assert form.subject == patch.subject
            assert len(form.hunks) == len(patch.hunks)
            assert all(hunk.function for hunk in form.hunks)
            assert all(len(file.old_id) == len(file.new_id) == 40 for file in form.files)
        assert model.reverse(model.reverse(patch)).digest == patch.digest


def test_the_dns_flap_series_changes_the_dns_callbacks() -> None:
    first, second = load.load(BUNDLED / "dns-flap").patches
    callbacks = {"snr_resolution_cb", "snr_resolution_error_cb"}
    assert first.functions == {*callbacks, "resolv_srvrq_cleanup_srv"}
    assert second.functions == callbacks
    for patch, added in ((first, b"server_get_inetaddr(s, &"), (second, b".family = AF_UNSPEC;")):
        for form in patch.forms:
            in_server = [hunk for hunk in form.hunks if hunk.function in callbacks]
            assert [sum(added in line for line in hunk.new) for hunk in in_server] == [1, 1, 1]


def test_git_reads_the_bundled_patches_as_bisector_does() -> None:
    for path in sorted(BUNDLED.rglob("*.patch")):
        (patch,) = load.load(path).patches
        said = subprocess.run(
            ["git", "apply", "--numstat", str(path)], capture_output=True, text=True, check=True
        ).stdout.split("\n")
        for file, line in zip(patch.files, said, strict=False):
            added = sum(line.startswith(b"+") for hunk in file.hunks for line in hunk.lines)
            assert line.split("\t")[::2] == [str(added), file.path]
