"""Source trees as commits of the private store; the clone does not get them."""

from __future__ import annotations

import pygit2
import pytest
from pygit2.enums import FileMode

from bisector.errors import NoSuchRevision, SourceProblem
from bisector.git import source_trees
from bisector.git.history import History
from bisector.git.source_trees import ImportedTree, WithSourceTrees
from bisector.system.archives import Member
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

FILES = {
    "VERSION": Member(b"3.0.1\n"),
    "Makefile": Member(b""),
    "src/haproxy.c": Member(b""),
    "run": Member(b"", executable=True),
    "src/link": Member(b"haproxy.c", is_link=True),
}


@pytest.fixture
def base(clone: Clone, workspace: Workspace) -> History:
    clone.tag("v3.0.0", clone.commit({}))
    return History.open(clone.path, workspace)


def imported(history: History, name: str) -> ImportedTree | None:
    """The tree that *name* means, if it begins so."""
    if not name.startswith("tree/"):
        return None
    tree = source_trees.write_tree(history.store, FILES, name)
    parent = history.resolve("v3.0.0").id
    commit = source_trees.write_commit(history.store, tree, parent, f"HAProxy {name}\n", 1)
    return ImportedTree(commit, name.replace("/", " "), (f"{name} was imported",))


def test_a_tree_is_a_commit_as_any_other(base: History, clone: Clone) -> None:
    history = WithSourceTrees(base, imported)
    commit = history.resolve("tree/x")
    assert commit.subject == "HAProxy tree/x"
    assert history.merge_base(commit.id, history.resolve("master").id) == commit.parents[0]
    assert history.range("v3.0.0..tree/x").commits == (commit.id,)
    assert (history.release(commit.id), history.release(commit.parents[0])) == ("tree x", "v3.0.0")
    assert history.remarks == ("tree/x was imported",)
    assert not history.is_published(commit.id)
    assert commit.id not in clone.git, "the clone is not written to"


def test_a_revision_wins(base: History, clone: Clone) -> None:
    history = WithSourceTrees(base, lambda history, name: pytest.fail("it is a revision"))
    assert history.resolve("v3.0.0").id == history.resolve("master").id


def test_what_is_neither_is_no_revision(base: History) -> None:
    with pytest.raises(NoSuchRevision, match="no revision 'x'"):
        WithSourceTrees(base, imported).resolve("x")


def test_a_tree_is_imported_once_and_always_to_the_same_commit(
    base: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def find(history: History, name: str) -> ImportedTree | None:
        asked.append(name)
        return imported(history, name)

    first, second = WithSourceTrees(base, find), WithSourceTrees(base, imported)
    commits = {one.resolve("tree/x").id for one in (first, first, first.with_store(), second)}
    assert len(commits) == 1
    assert asked == ["tree/x"]


def test_modes_and_links_are_kept(base: History) -> None:
    tree = base.store[source_trees.write_tree(base.store, FILES, "x")].peel(pygit2.Tree)
    assert tree["run"].filemode == FileMode.BLOB_EXECUTABLE
    assert tree["src/link"].filemode == FileMode.LINK


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"VERSION": Member(b"")}, "x is no source of HAProxy: it has no Makefile"),
        ({}, "it has no VERSION"),
        ({**FILES, "a//b": Member(b"")}, "x cannot be used: failed to insert entry: invalid name"),
        ({**FILES, "a/../b": Member(b"")}, "invalid path: 'a/../b'"),
    ],
)
def test_what_is_no_tree_of_haproxy_is_refused(
    base: History, files: dict[str, Member], said: str
) -> None:
    with pytest.raises(SourceProblem) as problem:
        source_trees.write_tree(base.store, files, "x")
    assert said in str(problem.value)


def test_a_tree_is_known_to_the_history_with_the_store_and_without(base: History) -> None:
    history = WithSourceTrees(base, imported)
    commit = history.with_store().resolve("tree/x")
    assert history.commit(commit.id) == history.resolve("tree/x") == commit
    assert history.remarks


def test_only_what_was_named_as_a_revision_is_imported(base: History) -> None:
    history = WithSourceTrees(base, imported)
    assert not history.knows("tree/x")
    history.resolve("tree/x")
    assert history.knows("tree/x")
    assert history.knows("v3.0.0")
