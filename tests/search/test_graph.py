"""What the graph of a range knows of it."""

from __future__ import annotations

import pytest

from bisector.search.graph import Graph, Revision

History = list[tuple[Revision, list[Revision]]]

#   a - b - c - m - z      a side branch of two commits, merged
#    \         /
#     s - - - t
MERGED: History = [
    ("a", ["outside"]),
    ("b", ["a"]),
    ("s", ["a"]),
    ("c", ["b"]),
    ("t", ["s"]),
    ("m", ["c", "t"]),
    ("z", ["m"]),
]


def landings(untestable: str, history: History = MERGED) -> dict[Revision, str]:
    graph = Graph.of(history)
    found = graph.landings(range(len(history)), {graph.index[r] for r in untestable})
    return {
        graph.revisions[commit]: "".join(graph.revisions[i] for i in sorted(seen))
        for commit, seen in found.items()
    }


def test_a_graph_knows_parents_by_index_and_drops_those_outside() -> None:
    graph = Graph.of(MERGED)
    assert graph.revisions == tuple("absctmz")
    assert graph.parents == ((), (0,), (0,), (1,), (2,), (3, 4), (5,))
    assert graph.ancestors(graph.index["t"]) == {0, 2, 4}
    assert graph.ancestors(graph.index["m"], within={1, 3, 5}) == {1, 3, 5}


@pytest.mark.parametrize(
    "history, complaint",
    [
        ([("a", []), ("a", [])], "twice"),
        ([("b", ["a"]), ("a", [])], "b comes before"),
        ([("a", ["a"])], "a comes before"),
    ],
)
def test_a_history_in_the_wrong_order_is_refused(history: History, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Graph.of(history)


def test_an_untestable_commit_shows_in_its_next_testable_descendant() -> None:
    assert landings("") == {}
    assert landings("bc") == {"b": "m", "c": "m"}
    assert landings("t") == {"t": "m"}


def test_a_fork_shows_on_both_its_sides() -> None:
    assert landings("a") == {"a": "bs"}
    assert landings("ab") == {"a": "sc", "b": "c"}


def test_sides_that_meet_again_before_they_can_be_tested_show_where_they_meet() -> None:
    assert landings("abcst") == dict.fromkeys("abcst", "m")
    assert landings("abc") == {"a": "s", "b": "m", "c": "m"}  # what s shows, m shows anyhow


def test_an_untestable_end_shows_nowhere() -> None:
    assert landings("mz") == {"m": "", "z": ""}


@pytest.mark.parametrize(
    ("wanted", "parents"),
    [
        ("am", {"a": "", "m": "a"}),
        ("sz", {"s": "", "z": "s"}),
        ("bsz", {"b": "", "s": "", "z": "bs"}),
        ("abz", {"a": "", "b": "a", "z": "ab"}),
        ("", {}),
    ],
)
def test_a_graph_of_some_revisions_joins_each_to_the_nearest_ones_above(
    wanted: str, parents: dict[Revision, Revision]
) -> None:
    """In the third one b and s are both above z, in the fourth a is by way of the branch."""
    graph = Graph.of(MERGED).only(wanted)
    named = [[graph.revisions[p] for p in above] for above in graph.parents]
    assert dict(zip(graph.revisions, map("".join, named), strict=True)) == parents
