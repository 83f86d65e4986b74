"""The branches to create in a clone: their names, and what is written for them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pygit2
import pytest

from bisector.errors import UsageProblem, WouldOverwrite
from bisector.git.history import History
from bisector.git.repositories import open_beside
from bisector.patch import deliver
from bisector.system.workspace import Workspace
from tests.support.clone import AUTHOR, Clone


@pytest.fixture
def branched(clone: Clone) -> Clone:
    for name in ("2.9", "3.0"):
        clone.commit({}, branch=name)
    return clone


@pytest.mark.parametrize(
    ("pattern", "branches", "names"),
    [
        ("new", ["3.0"], ["new"]),
        ("port-{branch}", ["3.0", "origin/2.9"], ["port-3.0", "port-origin/2.9"]),
    ],
)
def test_the_placeholder_is_replaced_by_each_branchs_name(
    branched: Clone, pattern: str, branches: list[str], names: list[str]
) -> None:
    found = deliver.branch_names(pattern, branches, branched.git)
    assert found == dict(zip(branches, names, strict=True))


@pytest.mark.parametrize(
    ("pattern", "branches", "said"),
    [
        ("new", ["3.0", "2.9"], r"one name for 2 branches: put \{branch\} into it"),
        ("a b", ["3.0"], "no name for a branch"),
        ("3.0", ["2.9"], "there already"),
    ],
)
def test_a_name_that_is_shared_invalid_or_taken_is_refused(
    branched: Clone, pattern: str, branches: list[str], said: str
) -> None:
    with pytest.raises(UsageProblem, match=said):
        deliver.branch_names(pattern, branches, branched.git)


@pytest.mark.parametrize("content", ["junk\n", "ref: refs/heads/gone\n"])
def test_the_name_of_a_damaged_branch_is_taken(branched: Clone, content: str) -> None:
    (Path(branched.git.path) / "refs/heads/odd").write_text(content)
    with pytest.raises(WouldOverwrite, match="odd is there already"):
        deliver.branch_names("odd", ["3.0"], branched.git)


def test_a_created_branch_is_complete_in_the_clone_without_the_repository_beside_it(
    branched: Clone, workspace: Workspace, tmp_path: Path
) -> None:
    """Even if all of a long stable branch has to be copied."""
    branched.commit({})
    path = tmp_path / "haproxy-3.0.git"
    stable = pygit2.clone_repository(str(branched.path), str(path), bare=True)
    tip = stable.references["refs/heads/master"].target
    first, tree = tip, Clone(path, bare=True).tree({"src/x.c": "1\n"}, str(tip))
    for number in range(1200):
        tip = stable.create_commit(None, AUTHOR, AUTHOR, f"{number}", tree, [tip])
    stable.references.create("refs/heads/master", tip, force=True)
    history = History.open(branched.path, workspace)
    history = history.beside([open_beside(path, history.clone)], workspace)

    deliver.create_branch(history.store, history.clone, "mine", str(tip))

    shutil.rmtree(path)
    clone = pygit2.Repository(str(branched.path))
    assert clone.references["refs/heads/mine"].target == tip
    assert sum(commit.id != first for commit in clone.walk(tip)) >= 1200
    assert clone[tip].peel(pygit2.Tree)["src/x.c"].peel(pygit2.Blob).data == b"1\n"
