"""Patches as data: their digests, their reverse, and parts of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bisector.errors import PatchProblem
from bisector.patch import model
from bisector.patch.model import Patch, Series
from tests.support.patches import CURED, OLD, RENAMED, RENAMED_CURED, C, Repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


@pytest.fixture
def fix(repo: Repo) -> Patch:
    return repo.patch({C: OLD}, {C: CURED})


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
