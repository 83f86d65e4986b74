"""The workspace: its path, build trees and scratch space."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from bisector.errors import WorkspaceProblem
from bisector.system import workspace as module
from bisector.system.workspace import (
    KEPT_BUILD_TREES,
    Workspace,
    short_scratch,
    temporary,
)

# --- its path -------------------------------------------------------------------------------------


def test_the_first_variable_that_is_set_names_it(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path / "home")}
    cache = {**home, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    named = {**cache, "BISECTOR_WORKSPACE": str(tmp_path / "named")}
    assert Workspace.open(named).root == tmp_path / "named"
    assert Workspace.open(cache).root == tmp_path / "cache/bisector"
    assert Workspace.open(home).root == tmp_path / "home/.cache/bisector"


def test_no_test_uses_the_real_one(tmp_path: Path) -> None:
    assert Workspace.open().root.is_relative_to(tmp_path)
    assert Path.home().is_relative_to(tmp_path)
    assert "BISECTOR_REPO" not in os.environ


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    environ = {"BISECTOR_WORKSPACE": "", "XDG_CACHE_HOME": "", "HOME": str(tmp_path)}
    assert Workspace.open(environ).root == tmp_path / ".cache/bisector"


def test_without_any_variable_the_error_says_what_to_set() -> None:
    with pytest.raises(WorkspaceProblem, match="set BISECTOR_WORKSPACE or HOME"):
        Workspace.open({})


def test_it_is_created_and_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root = Workspace.open({"BISECTOR_WORKSPACE": "a/b"}).root
    assert root == tmp_path / "a/b"
    assert root.is_dir()
    assert not list(root.iterdir()), "the test whether it is writable leaves no file"


def test_a_symbolic_link_is_resolved(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    assert Workspace.open({"BISECTOR_WORKSPACE": str(link)}).root == tmp_path / "real"


def test_a_path_that_cannot_be_written_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file/below"
    with pytest.raises(WorkspaceProblem, match=f"cannot write the workspace {place}") as caught:
        Workspace.open({"BISECTOR_WORKSPACE": str(place)})
    assert caught.value.hint == "Not a directory: set BISECTOR_WORKSPACE to a folder of yours"


def test_a_folder_that_cannot_be_created_is_a_workspace_problem(workspace: Workspace) -> None:
    workspace.folder().joinpath("logs").write_text("")
    with pytest.raises(WorkspaceProblem):
        workspace.folder("logs")


# --- build trees ----------------------------------------------------------------------------------


def test_a_locked_build_tree_is_skipped_and_a_free_one_used_again(workspace: Workspace) -> None:
    with workspace.build_tree("dev") as (first, _), workspace.build_tree("dev") as (second, _):
        assert first != second
    with workspace.build_tree("dev") as (again, _):
        assert again == first


def test_of_the_free_build_trees_the_nearest_is_used(workspace: Workspace) -> None:
    far = {"dev-0": 3.0, "dev-1": 1.0, "dev-2": 2.0}

    def distance(tree: Path) -> float:
        return far[tree.name]

    with workspace.build_tree("dev"), workspace.build_tree("dev"), workspace.build_tree("dev"):
        pass
    with (
        workspace.build_tree("dev", distance) as (first, _),
        workspace.build_tree("dev", distance) as (second, _),
    ):
        assert (first.name, second.name) == ("dev-1", "dev-2")


def test_a_build_tree_with_useful_objects_is_not_given_up_for_others(workspace: Workspace) -> None:
    """As when tests take turns that are built with different options."""
    for number in range(KEPT_BUILD_TREES + 1):
        with workspace.build_tree("dev", lambda tree: math.inf) as (made, _):
            names = {f"dev-{one}" for one in range(min(number + 1, KEPT_BUILD_TREES))}
            assert {path.name for path in made.parent.iterdir() if path.is_dir()} == names
    with workspace.build_tree("dev", lambda tree: 1.0 if tree.name == "dev-2" else math.inf) as (
        near,
        _,
    ):
        assert near.name == "dev-2"


def test_each_kind_has_its_own_build_trees(workspace: Workspace) -> None:
    with workspace.build_tree("dev") as (dev, _), workspace.build_tree("release") as (release, _):
        assert (dev.name, release.name) == ("dev-0", "release-0")


def test_a_build_tree_keeps_its_files(workspace: Workspace) -> None:
    with workspace.build_tree("dev") as (tree, _):
        (tree / "x.o").write_text("object")
    with workspace.build_tree("dev") as (tree, _):
        assert (tree / "x.o").read_text() == "object"


def test_a_build_tree_is_released_after_an_exception(workspace: Workspace) -> None:
    with pytest.raises(ValueError), workspace.build_tree("dev"):
        raise ValueError
    with workspace.build_tree("dev") as (tree, _):
        assert tree.name == "dev-0"


def test_it_is_an_error_if_every_build_tree_is_in_use(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BUILD_TREES", 1)
    with (
        workspace.build_tree("dev"),
        pytest.raises(WorkspaceProblem, match="every build tree is in use"),
        workspace.build_tree("dev"),
    ):
        raise AssertionError("two builds got the same tree")


# --- scratch space --------------------------------------------------------------------------------


def test_scratch_is_removed_also_after_an_exception(workspace: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt), workspace.scratch() as folder:
        (folder / "sub").mkdir()
        raise KeyboardInterrupt
    assert not folder.exists()


def test_a_log_is_moved_to_its_name_also_after_an_exception(workspace: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt), workspace.log("x.log") as (draft, path):
        draft.write_text("so far")
        assert not path.exists()
        raise KeyboardInterrupt
    assert path == workspace.root / "logs/x.log"
    assert path.read_text() == "so far"


def test_without_a_new_log_the_old_one_stays(workspace: Workspace) -> None:
    for text in ("one", ""):
        with workspace.log("x.log") as (draft, path):
            if text:
                draft.write_text(text)
    assert path.read_text() == "one"
    assert not list((workspace.root / "scratch").iterdir())


def test_opening_removes_the_scratch_of_killed_processes_and_none_that_is_in_use(
    workspace: Workspace,
) -> None:
    left = [workspace.folder("scratch", "left"), temporary() / f"left-{os.getpid()}"]
    for folder in left:
        (folder / "below").mkdir(parents=True)
    with workspace.scratch() as one, short_scratch() as other:
        Workspace.open({"BISECTOR_WORKSPACE": str(workspace.root)})
        assert [path.exists() for path in (*left, one, other)] == [False, False, True, True]
    assert not one.exists()
    assert not other.exists()


def test_a_short_scratch_is_accessible_to_the_user_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with short_scratch() as path:
        assert path.parent.parent == tmp_path
        assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["link", "another's"])
def test_a_temporary_folder_of_another_user_is_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    user = os.getuid() + (kind == "another's")
    monkeypatch.setattr(os, "getuid", lambda: user)
    path = tmp_path / f"bisector-{user}"
    if kind == "link":
        path.symlink_to(tmp_path)
    else:
        path.mkdir()
    with pytest.raises(WorkspaceProblem, match="is not yours: set TMPDIR"):
        temporary()


def test_the_draft_of_a_file_in_the_workspace_is_in_scratch_space(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workspace.folder("verdicts") / "x"
    drafts: list[list[Path]] = []

    def watch(descriptor: int) -> None:
        drafts.append(list(workspace.root.glob("*/*/.x.*")))
        assert not list(path.parent.iterdir())

    monkeypatch.setattr(os, "fsync", watch)
    workspace.write(path, b"1")
    assert [[draft.parts[-3] for draft in found] for found in drafts] == [["scratch"]]
    assert path.read_bytes() == b"1"
