"""Repositories beside the clone: which are refused, and what is read of the others."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pygit2
import pytest

from bisector.errors import DamagedRepository, NoSuchRevision, NotARepository, ShallowClone
from bisector.git.history import History
from bisector.git.repositories import open_beside
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.files import listing


@pytest.fixture
def line(clone: Clone) -> list[str]:
    commits = clone.line(4)
    clone.tag("v3.0.0", commits[2])
    return commits


@pytest.fixture
def stable(clone: Clone, line: list[str], tmp_path: Path) -> Clone:
    """A repository with two commits after v3.0.0 that the clone lacks; the last one is v3.0.1."""
    path = tmp_path / "haproxy-3.0.git"
    pygit2.clone_repository(str(clone.path), str(path), bare=True)
    made = Clone(path, bare=True)
    first = made.commit({"src/x.c": "1\n"}, parents=[line[2]])
    made.tag("v3.0.1", made.commit({"src/x.c": "2\n"}, parents=[first]), annotated=True)
    return made


def beside(clone: Clone, workspace: Workspace, *others: Path) -> History:
    history = History.open(clone.path, workspace)
    return history.beside([open_beside(one, history.clone) for one in others], workspace)


# --- refused --------------------------------------------------------------------------------------


def test_a_folder_without_haproxys_repository_is_refused(
    clone: Clone, line: list[str], tmp_path: Path
) -> None:
    other = pygit2.init_repository(str(tmp_path / "other"))
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path, tmp_path / "file", Path(other.workdir)):
        with pytest.raises(NotARepository, match="name a clone of HAProxy with --with"):
            open_beside(folder, clone.git)


def test_a_repository_with_another_history_is_refused(
    clone: Clone, line: list[str], tmp_path: Path
) -> None:
    other = Clone(tmp_path / "other")
    other.commit({"src/x.c": "other\n"})
    with pytest.raises(NotARepository, match=r"--with .*other shares no history with"):
        open_beside(other.path, clone.git)


def test_a_repository_is_accepted_whose_branches_part_from_the_clones(
    clone: Clone, line: list[str], tmp_path: Path
) -> None:
    """They have no branch and no tag in common, but a commit before."""
    path = tmp_path / "parted"
    subprocess.run(["git", "clone", "-q", "--no-tags", clone.path, path], check=True)
    parted = Clone(path)
    parted.git.references.delete("refs/remotes/origin/master")
    parted.git.references.create("refs/heads/master", line[1], force=True)
    parted.commit({"src/x.c": "1\n"})
    assert open_beside(path, clone.git)


def test_a_shallow_clone_is_refused(clone: Clone, line: list[str], tmp_path: Path) -> None:
    words = ("git", "clone", "-q", "--depth=1", f"file://{clone.path}", tmp_path / "shallow")
    subprocess.run(words, check=True, capture_output=True)
    with pytest.raises(ShallowClone, match=r"--with .*is a shallow clone"):
        open_beside(tmp_path / "shallow", clone.git)


def test_a_repository_that_git_cannot_read_is_refused(
    clone: Clone, line: list[str], stable: Clone
) -> None:
    (stable.path / "packed-refs").write_text("junk\n\n")
    with pytest.raises(DamagedRepository, match="--with"):
        open_beside(stable.path, clone.git)


# --- read -----------------------------------------------------------------------------------------


def test_its_objects_branches_and_tags_are_there_and_the_clone_is_untouched(
    clone: Clone, line: list[str], stable: Clone, workspace: Workspace
) -> None:
    before = listing(clone.path), listing(stable.path)
    history = beside(clone, workspace, stable.path)
    span = history.range("v3.0.0..v3.0.1")
    assert len(span.commits) == 2
    assert history.tags[span.new.id] == ["v3.0.1"]
    assert history.place(span.commits[0], span.commits) == "v3.0.1~1"
    for repository in (history.objects, history.store):
        assert repository[history.tree_id(span.new.id)]
    assert span.new.id not in History.open(clone.path, workspace).store
    assert (listing(clone.path), listing(stable.path)) == before


def test_the_order_does_not_matter(
    clone: Clone, line: list[str], stable: Clone, workspace: Workspace, tmp_path: Path
) -> None:
    other = tmp_path / "other.git"
    pygit2.clone_repository(str(clone.path), str(other), bare=True)
    one = beside(clone, workspace, stable.path, other)
    two = beside(clone, workspace, other, stable.path)
    assert one.store_path == two.store_path
    assert one.resolve("v3.0.1") == two.resolve("v3.0.1")


def test_the_clones_own_tag_and_branch_come_first(
    clone: Clone, line: list[str], stable: Clone, workspace: Workspace
) -> None:
    clone.tag("v3.0.1", line[3])
    history = beside(clone, workspace, stable.path)
    assert history.resolve("v3.0.1").id == line[3]
    assert [names for names in history.tags.values() if "v3.0.1" in names] == [["v3.0.1"]]
    assert history.resolve("master").id == line[3]


def test_a_clone_whose_objects_are_elsewhere_is_read_with_them(
    clone: Clone, line: list[str], stable: Clone, workspace: Workspace, tmp_path: Path
) -> None:
    """`git clone --shared`; and two that borrow from each other."""
    shared = tmp_path / "shared.git"
    words = ("git", "clone", "-q", "--shared", "--bare", stable.path, shared)
    subprocess.run(words, check=True)
    pointer = stable.path / "objects" / "info" / "alternates"
    pointer.write_text(f"{shared / 'objects'}\n")
    assert len(beside(clone, workspace, shared).range("v3.0.0..v3.0.1").commits) == 2


def test_the_branches_beyond_a_range_are_told_apart(
    clone: Clone, line: list[str], stable: Clone, workspace: Workspace
) -> None:
    history = beside(clone, workspace, stable.path)
    end = history.resolve("v3.0.1").id
    main, stables, nothing = history.branches(line[0], (line[3], end, line[2]))
    assert main == tuple(line[1:])
    assert stables == history.range("v3.0.0..v3.0.1").commits
    assert nothing == ()


def test_an_unknown_point_release_says_where_they_are(
    clone: Clone, line: list[str], stable: Clone, workspace: Workspace
) -> None:
    with pytest.raises(NoSuchRevision, match=r"releases of 3\.0 .* --with 3\.0$"):
        History.open(clone.path, workspace).resolve("v3.0.1")
    with pytest.raises(NoSuchRevision, match="did you mean v3"):
        beside(clone, workspace, stable.path).resolve("v3.0.7")
