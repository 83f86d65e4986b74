"""Where a source tree stands in the history: at the commit that is most like it."""

from __future__ import annotations

import pygit2
import pytest

from bisector.git import nearest
from bisector.git.history import History
from bisector.git.nearest import Place
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

#            v3.0-dev1 - a - v3.0.0 - b - v3.1-dev1 - c    master
#                              \
#                               d - v3.0.1 - e             3.0
NAMES = {"one": "v3.0-dev1", "a": "", "two": "v3.0.0", "b": "", "three": "v3.1-dev1", "c": ""}


@pytest.fixture
def commits(clone: Clone) -> dict[str, str]:
    """A commit of each name; it changes the file of that name and src/x.c."""
    made = {}
    for name, tag in NAMES.items():
        made[name] = clone.commit({f"{name}.c": name, "src/x.c": name})
        if tag:
            clone.tag(tag, made[name])
    for name, parent in (("d", "two"), ("four", "d"), ("e", "four")):
        change = {f"{name}.c": name, "VERSION": "3.0.1\n" if name != "d" else "3.0.0\n"}
        made[name] = clone.commit(change, parents=[made[parent]], branch="3.0")
    clone.tag("v3.0.1", made["four"])
    return made


def blobs(clone: Clone, commit: str, **change: str) -> dict[str, str]:
    """The files of a tree: those of *commit*, with some changed."""
    tree = clone.git[clone.tree({f"{name}.c": text for name, text in change.items()}, commit)]
    return dict(nearest.blobs_of(tree.peel(pygit2.Tree)))


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("one", "3.0-dev1"),
        ("two", "3.0.0"),
        ("d", "3.0.0"),
        ("four", "3.0.1"),
        ("e", "3.0.1"),
        ("a", "3.0-dev1"),
        ("c", "3.1-dev1"),
        ("four", "odd"),
    ],
)
def test_a_tree_of_the_history_is_found_even_between_releases(
    clone: Clone, workspace: Workspace, commits: dict[str, str], name: str, version: str
) -> None:
    history = History.open(clone.path, workspace)
    files = blobs(clone, commits[name])
    found = nearest.find(history, files, version, "")
    assert found == Place(commits[name], len(files), len(files))


def test_a_changed_tree_is_near_to_what_it_was_made_from(
    clone: Clone, workspace: Workspace, commits: dict[str, str]
) -> None:
    history = History.open(clone.path, workspace)
    files = blobs(clone, commits["four"], one="changed", new="new")
    assert nearest.find(history, files, "3.0.1", "") == Place(
        commits["four"], len(files) - 2, len(files)
    )


def test_no_commit_of_a_later_series_is_taken_for_its_ancestor(
    clone: Clone, workspace: Workspace, commits: dict[str, str]
) -> None:
    """A stable release has fixes that master got later, with more files in common."""
    history = History.open(clone.path, workspace)
    files = blobs(clone, commits["three"])
    found = nearest.find(history, files, "3.0.0", "")
    assert found
    assert found.commit == commits["two"]


def test_a_commit_that_the_archive_names_counts_if_it_is_the_same(
    clone: Clone, workspace: Workspace, commits: dict[str, str]
) -> None:
    history = History.open(clone.path, workspace)
    named = f"-{commits['b'][:7]}\n"
    files = blobs(clone, commits["b"])
    assert nearest.find(history, files, "2.0.0", named) == Place(
        commits["b"], len(files), len(files)
    )
    other = nearest.find(history, blobs(clone, commits["c"]), "3.1-dev1", named)
    assert other
    assert other.commit == commits["c"]


def test_without_a_release_nothing_is_near(clone: Clone, workspace: Workspace) -> None:
    commit = clone.commit({})
    history = History.open(clone.path, workspace)
    assert nearest.find(history, blobs(clone, commit), "3.0.1", "") is None
