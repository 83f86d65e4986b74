"""The tree of a revision with a series: computed once for each tree and series."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pygit2
import pytest

from bisector.git.history import History
from bisector.patch import apply, load
from bisector.patch.apply import AppliedSeries, ApplyConflict, apply_to
from bisector.patch.model import Series
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

C = "src/haproxy.c"


@pytest.fixture
def applications(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a series is applied to each tree."""
    counts: Counter[str] = Counter()
    apply_series = apply.apply_series

    def counting(
        store: pygit2.Repository, tree: pygit2.Oid | pygit2.Tree, series: Series
    ) -> AppliedSeries | ApplyConflict:
        counts[str(tree if isinstance(tree, pygit2.Oid) else tree.id)] += 1
        return apply_series(store, tree, series)

    monkeypatch.setattr(apply, "apply_series", counting)
    return counts


@pytest.fixture
def series(clone: Clone) -> Series:
    """A series of one patch that changes `port = 0` to `port = 1`."""
    clone.commit({C: "int port = 0;\n"})
    fix = clone.commit({C: "int port = 1;\n"})
    return Series((load.from_commit(clone.git, clone.git[fix].peel(pygit2.Commit)),))


def test_a_series_is_applied_once_to_each_tree(
    clone: Clone, workspace: Workspace, series: Series, applications: Counter[str]
) -> None:
    first = clone.commit({C: "int port = 0;\n", "README": "a\n"})
    same_tree = clone.commit({}, subject="DOC: the same tree")
    other_tree = clone.commit({"README": "b\n"})
    history = History.open(clone.path, workspace)
    results = [apply_to(history, commit, series) for commit in (first, first, same_tree)]
    assert len(set(results)) == 1
    assert applications == {history.tree_id(first): 1}
    assert apply_to(history, other_tree, series) != results[0]
    assert applications == {history.tree_id(first): 1, history.tree_id(other_tree): 1}


def test_another_history_object_of_the_same_clone_reuses_the_result(
    clone: Clone, workspace: Workspace, series: Series, applications: Counter[str]
) -> None:
    commit = clone.commit({C: "int port = 0;\n"})
    for _ in range(2):
        apply_to(History.open(clone.path, workspace), commit, series)
    assert applications.total() == 1


def test_the_result_is_in_the_histories_store(
    clone: Clone, workspace: Workspace, series: Series
) -> None:
    commit = clone.commit({C: "int port = 0;\n"})
    history = History.open(clone.path, workspace)
    done = apply_to(history, commit, series)
    assert isinstance(done, AppliedSeries)
    assert history.store[done.tree].peel(pygit2.Tree)[C].peel(pygit2.Blob).data == (
        b"int port = 1;\n"
    )


def test_a_series_of_the_same_content_keeps_its_own_names(
    clone: Clone, workspace: Workspace, series: Series
) -> None:
    """A conflict names the patch, which is no part of the digest of a series."""
    commit = clone.commit({C: "int something_else = 0;\n"})
    history = History.open(clone.path, workspace)
    renamed = Series((replace(series.patches[0], name="0001-renamed"),))
    assert renamed.digest == series.digest
    names = []
    for each in (series, renamed):
        conflict = apply_to(history, commit, each)
        assert isinstance(conflict, ApplyConflict)
        names.append(conflict.patch)
    assert names == [series.patches[0].name, "0001-renamed"]
