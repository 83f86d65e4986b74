"""Which release is probed next, and what is inferred, against made-up truths."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.record.verdict import Verdict
from bisector.search.graph import Graph
from bisector.search.release_inference import BUDGET, inferred, longest_row, next_probe

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE
LETTERS = {"g": GOOD, "b": BAD, "u": UNTESTABLE}


def line(length: int) -> Graph:
    return Graph.of([(str(n), [str(n - 1)] if n else []) for n in range(length)])


def truths(letters: str) -> list[Verdict]:
    return [LETTERS[letter] for letter in letters]


def known(letters: str) -> dict[int, Verdict | None]:
    """What is known of a line: g, b, u; `.` was not probed, `?` is under way."""
    found = enumerate(letters)
    return {index: LETTERS.get(letter) for index, letter in found if letter != "."}


def shown(letters: str) -> str:
    """The line with what is inferred of it in capitals."""
    told = inferred(line(len(letters)), known(letters))
    return "".join(told[n].value[0].upper() if n in told else c for n, c in enumerate(letters))


def probe_all(
    graph: Graph, truth: Sequence[Verdict], hints: Sequence[int] = ()
) -> dict[int, Verdict | None]:
    """Ask until there is nothing to ask, one after the other."""
    verdicts: dict[int, Verdict | None] = {}
    while (index := next_probe(graph, verdicts, hints)) is not None:
        assert index not in verdicts, "nothing is asked twice"
        verdicts[index] = truth[index]
    return verdicts


# --- what is inferred -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("g..g", "gGGg"),
        ("b.b", "bBb"),
        ("g..b", "g..b"),
        ("g.g.b.b", "gGg.bBb"),
        (".g.", ".g."),
        ("g.u.g", "g.u.g"),
        ("u..u", "u..u"),
        ("g.?.g.g", "g.?.gGg"),
        ("....", "...."),
    ],
)
def test_only_what_lies_between_two_that_agree_is_inferred(letters: str, expected: str) -> None:
    assert shown(letters) == expected


def test_on_a_branch_all_ways_have_to_agree() -> None:
    #  a - b - m      s is on a branch of its own
    #   \ s - /
    graph = Graph.of([("a", []), ("b", ["a"]), ("s", ["a"]), ("m", ["b", "s"])])
    assert inferred(graph, {0: GOOD, 1: BAD, 3: BAD}) == {}, "s may have the bug or not"
    assert inferred(graph, {0: GOOD, 1: BAD, 3: GOOD}) == {2: GOOD}


def test_branches_that_never_met_say_nothing_of_each_other() -> None:
    graph = Graph.of([("a", []), ("b", ["a"]), ("s", ["a"]), ("t", ["s"])])
    assert inferred(graph, {0: GOOD, 1: GOOD}) == {}
    assert inferred(graph, {0: GOOD, 3: GOOD}) == {2: GOOD}


# --- what is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("....", 0),
        ("g...", 3),
        ("?...", 3),
        ("?..?", None),
        ("g...b", 2),
        ("g..?...b", None),
        ("g?.b...g", 5),
        ("g.u", 1),
        ("g...g", 2),
        ("g.?.g", 1),
        ("gb.bg", None),
        ("gg", None),
        ("", None),
    ],
)
def test_edges_first_then_halves_then_strides(letters: str, expected: int | None) -> None:
    assert next_probe(line(len(letters)), known(letters)) == expected


def test_hints_come_before_strides_and_after_the_edges() -> None:
    assert next_probe(line(9), known("........."), hints=[6, 2]) == 0
    assert next_probe(line(9), known("g.......g"), hints=[6, 2]) == 6
    assert next_probe(line(9), known("g.....g.g"), hints=[6, 2]) == 2
    assert next_probe(line(9), known("g.g...g.g"), hints=[6, 2]) == 4


def test_a_difference_ends_the_search_for_one() -> None:
    assert next_probe(line(9), known("g...b...."), hints=[6]) == 8, "an edge is no such search"
    assert next_probe(line(9), known("ggggbgg.g"), hints=[7]) is None


def test_without_a_difference_the_budget_ends_it() -> None:
    assert len(probe_all(line(90), [GOOD] * 90)) == BUDGET
    assert len(probe_all(line(90), [BAD] * 90)) == BUDGET
    assert len(probe_all(line(90), [GOOD] * 90, hints=range(90))) == BUDGET


@pytest.mark.parametrize("length", [2, 3, 17, 90])
def test_one_change_takes_as_many_probes_as_halving(length: int) -> None:
    for first in range(1, length):
        truth = [GOOD] * first + [BAD] * (length - first)
        verdicts = probe_all(line(length), truth)
        assert {**verdicts, **inferred(line(length), verdicts)} == dict(enumerate(truth))
        assert len(verdicts) <= 2 + ceil(log2(length))


# --- what comes out -------------------------------------------------------------------------------


@pytest.mark.parametrize("length", range(8))
def test_every_short_line_ends_with_a_word_on_each_and_the_right_one_after_two_changes(
    length: int,
) -> None:
    """Where the bug comes and goes several times, a stretch may be missed."""
    for letters in product("gbu", repeat=length):
        truth, graph = truths("".join(letters)), line(length)
        verdicts = probe_all(graph, truth)
        told = inferred(graph, verdicts)
        assert verdicts.keys() | told.keys() == set(range(length))
        changes = sum(a is not b for a, b in pairwise(truth))
        if changes <= 2:
            assert told == {n: truth[n] for n in told}, "".join(letters)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Graph, list[Verdict]]:
    """Releases with branches and merges, and a bug that came with one and was healed by another.

    Some cannot be tested.
    """
    length = draw(st.integers(1, 40))
    history: list[tuple[str, list[str]]] = [("0", [])]
    for n in range(1, length):
        near = st.integers(max(0, n - 3), n - 1)
        parents = draw(st.lists(near, min_size=1, max_size=2, unique=True))
        history.append((str(n), [str(p) for p in parents]))
    graph = Graph.of(history)
    came, went = draw(st.integers(0, length)), draw(st.integers(0, length))
    deaf = draw(st.sets(st.integers(0, length - 1), max_size=5))

    def verdict(n: int) -> Verdict:
        behind = graph.ancestors(n)
        has = came in behind and went not in behind
        return UNTESTABLE if n in deaf else BAD if has else GOOD

    return graph, [verdict(n) for n in range(length)]


@given(histories(), st.lists(st.integers(0, 39), max_size=6))
def test_what_is_inferred_is_wrong_only_by_a_stretch_shorter_than_the_longest_row(
    made: tuple[Graph, list[Verdict]], hints: list[int]
) -> None:
    graph, truth = made
    verdicts = probe_all(graph, truth, hints)
    told = inferred(graph, verdicts)
    assert verdicts.keys() | told.keys() == set(range(len(truth)))
    wrong = {n for n, verdict in told.items() if verdict is not truth[n]}
    assert all(told[n] is GOOD for n in wrong if truth[n] is BAD)
    assert longest_row(graph, wrong) <= longest_row(graph, told.keys())
    if BAD in verdicts.values() and GOOD in verdicts.values():
        assert all(truth[n] is UNTESTABLE for n in wrong), "a bug that was seen is seen whole"


def test_the_longest_row_is_counted_along_one_line() -> None:
    #  a - b - c - m      s is on a branch of its own
    #   \  s  -  /
    graph = Graph.of([("a", []), ("b", ["a"]), ("s", ["a"]), ("c", ["b"]), ("m", ["c", "s"])])
    assert longest_row(graph, set(range(5))) == 4
    assert longest_row(graph, {0, 1, 4}) == 2
    assert longest_row(graph, {2}) == 1
    assert longest_row(graph, ()) == 0
