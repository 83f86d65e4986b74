"""Ancestry, reduction and nearest descendants in the graph of a range."""

from __future__ import annotations

import pytest

from bisector.search.graph import Graph, Revision
from tests.support.histories import MERGED, History


def shown_in(untestable: str, history: History = MERGED) -> dict[Revision, str]:
    """The nearest testable descendants of each untestable commit, by name."""
    graph = Graph.of(history)
    excluded = {graph.index[r] for r in untestable}
    found = graph.nearest_descendants(range(len(history)), excluded)
    return {
        graph.revisions[commit]: "".join(graph.revisions[i] for i in sorted(nearest))
        for commit, nearest in found.items()
    }


def test_parents_are_indexes_and_those_outside_are_dropped() -> None:
    graph = Graph.of(MERGED)
    assert graph.revisions == tuple("absctmz")
    assert graph.parents == ((), (0,), (0,), (1,), (2,), (3, 4), (5,))
    assert graph.ancestors(graph.index["t"]) == {0, 2, 4}
    assert graph.ancestors(graph.index["m"], within={1, 3, 5}) == {1, 3, 5}


@pytest.mark.parametrize(
    "history, message",
    [
        ([("a", []), ("a", [])], "twice"),
        ([("b", ["a"]), ("a", [])], "b comes before"),
        ([("a", ["a"])], "a comes before"),
    ],
)
def test_a_history_in_the_wrong_order_is_rejected(history: History, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Graph.of(history)


def test_an_untestable_commit_shows_in_its_nearest_testable_descendant() -> None:
    assert shown_in("") == {}
    assert shown_in("bc") == {"b": "m", "c": "m"}
    assert shown_in("t") == {"t": "m"}


def test_an_untestable_fork_shows_on_both_branches() -> None:
    assert shown_in("a") == {"a": "bs"}
    assert shown_in("ab") == {"a": "sc", "b": "c"}


def test_untestable_branches_show_in_their_merge() -> None:
    assert shown_in("abcst") == dict.fromkeys("abcst", "m")
    assert shown_in("abc") == {"a": "s", "b": "m", "c": "m"}  # m descends from s


def test_an_untestable_end_shows_in_no_descendant() -> None:
    assert shown_in("mz") == {"m": "", "z": ""}


@pytest.mark.parametrize(
    ("selected", "parents"),
    [
        ("am", {"a": "", "m": "a"}),
        ("sz", {"s": "", "z": "s"}),
        ("bsz", {"b": "", "s": "", "z": "bs"}),
        ("abz", {"a": "", "b": "a", "z": "ab"}),
        ("", {}),
    ],
)
def test_in_a_reduced_graph_parents_are_the_nearest_selected_ancestors(
    selected: str, parents: dict[Revision, Revision]
) -> None:
    """In the third case z descends from both b and s, in the fourth from a by the branch only."""
    graph = Graph.of(MERGED).only(selected)
    names = [[graph.revisions[p] for p in above] for above in graph.parents]
    assert dict(zip(graph.revisions, map("".join, names), strict=True)) == parents
