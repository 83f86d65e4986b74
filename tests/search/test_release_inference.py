"""The choice of the next release and the inferred verdicts, on simulated truths."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.record.verdict import Verdict
from bisector.search.graph import Graph
from bisector.search.release_inference import BUDGET, inferred, longest_path, next_probe

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE
LETTERS = {"g": GOOD, "b": BAD, "u": UNTESTABLE}


def line(length: int) -> Graph:
    return Graph.of([(str(n), [str(n - 1)] if n else []) for n in range(length)])


def truths(letters: str) -> list[Verdict]:
    return [LETTERS[letter] for letter in letters]


def known(letters: str) -> dict[int, Verdict | None]:
    """The verdicts of a line: g, b, u; `.` was not probed, `?` is under way."""
    return {index: LETTERS.get(letter) for index, letter in enumerate(letters) if letter != "."}


def shown(letters: str) -> str:
    """The line with the inferred verdicts as capitals."""
    found = inferred(line(len(letters)), known(letters))
    return "".join(found[n].value[0].upper() if n in found else c for n, c in enumerate(letters))


def probe_all(
    graph: Graph, truth: Sequence[Verdict], hints: Sequence[int] = ()
) -> dict[int, Verdict | None]:
    """Probe one release after the other until there is none to probe."""
    verdicts: dict[int, Verdict | None] = {}
    while (index := next_probe(graph, verdicts, hints)) is not None:
        assert index not in verdicts, "nothing is probed twice"
        verdicts[index] = truth[index]
    return verdicts


# --- inferred verdicts ----------------------------------------------------------------------------


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
def test_a_verdict_is_inferred_only_between_two_that_agree(letters: str, expected: str) -> None:
    assert shown(letters) == expected


def test_on_a_branch_the_verdicts_on_all_paths_have_to_agree() -> None:
    #  a - b - m      s is a branch
    #   \ s - /
    graph = Graph.of([("a", []), ("b", ["a"]), ("s", ["a"]), ("m", ["b", "s"])])
    assert inferred(graph, {0: GOOD, 1: BAD, 3: BAD}) == {}, "s may have the bug or not"
    assert inferred(graph, {0: GOOD, 1: BAD, 3: GOOD}) == {2: GOOD}


def test_nothing_is_inferred_from_an_unmerged_branch() -> None:
    graph = Graph.of([("a", []), ("b", ["a"]), ("s", ["a"]), ("t", ["s"])])
    assert inferred(graph, {0: GOOD, 1: GOOD}) == {}
    assert inferred(graph, {0: GOOD, 3: GOOD}) == {2: GOOD}


# --- the next probe -------------------------------------------------------------------------------


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
def test_ends_come_first_then_halving_then_strides(letters: str, expected: int | None) -> None:
    assert next_probe(line(len(letters)), known(letters)) == expected


def test_hints_come_after_the_ends_and_before_strides() -> None:
    assert next_probe(line(9), known("........."), hints=[6, 2]) == 0
    assert next_probe(line(9), known("g.......g"), hints=[6, 2]) == 6
    assert next_probe(line(9), known("g.....g.g"), hints=[6, 2]) == 2
    assert next_probe(line(9), known("g.g...g.g"), hints=[6, 2]) == 4


def test_a_different_verdict_ends_the_search_for_one() -> None:
    assert next_probe(line(9), known("g...b...."), hints=[6]) == 8, "the newest one is probed"
    assert next_probe(line(9), known("ggggbgg.g"), hints=[7]) is None


def test_without_a_different_verdict_the_budget_ends_it() -> None:
    assert len(probe_all(line(90), [GOOD] * 90)) == BUDGET
    assert len(probe_all(line(90), [BAD] * 90)) == BUDGET
    assert len(probe_all(line(90), [GOOD] * 90, hints=range(90))) == BUDGET


def test_a_different_verdict_on_another_branch_does_not_end_it() -> None:
    """0 to 5 is the main line, with a bug at 2 and 3; 6 to 12 is a branch of 1, with one at 9."""
    main = [(str(n), [str(n - 1)] if n else []) for n in range(6)]
    branch = [(str(n), [str(n - 1) if n > 6 else "1"]) for n in range(6, 13)]
    graph, truth = Graph.of(main + branch), truths("ggbbgg" + "gggbggg")
    assert 9 not in probe_all(graph, truth, hints=[2])
    verdicts: dict[int, Verdict | None] = {}
    branches = [frozenset(range(6)), frozenset(range(6, 13))]
    while (index := next_probe(graph, verdicts, [2], branches)) is not None:
        verdicts[index] = truth[index]
    told = {**verdicts, **inferred(graph, verdicts)}
    assert told == dict(enumerate(truth))


def test_a_branch_between_two_others_is_probed_too() -> None:
    graph, ends = line(9), {0: GOOD, 8: GOOD}
    branches = [frozenset(range(3)), frozenset(range(3, 6)), frozenset(range(6, 9))]
    assert next_probe(graph, {**ends, 1: GOOD, 2: GOOD}, (), branches) == 5
    assert next_probe(graph, {**ends, 1: GOOD, 2: GOOD, 5: None}, (), branches) == 6


@pytest.mark.parametrize("length", [2, 3, 17, 90])
def test_one_change_takes_as_many_probes_as_halving(length: int) -> None:
    for first in range(1, length):
        truth = [GOOD] * first + [BAD] * (length - first)
        verdicts = probe_all(line(length), truth)
        assert {**verdicts, **inferred(line(length), verdicts)} == dict(enumerate(truth))
        assert len(verdicts) <= 2 + ceil(log2(length))


# --- the result -----------------------------------------------------------------------------------


@pytest.mark.parametrize("length", range(8))
def test_each_release_of_a_short_line_gets_a_verdict_and_the_right_one_with_two_changes(
    length: int,
) -> None:
    """With more changes, a stretch may be missed."""
    for letters in product("gbu", repeat=length):
        truth, graph = truths("".join(letters)), line(length)
        verdicts = probe_all(graph, truth)
        found = inferred(graph, verdicts)
        assert verdicts.keys() | found.keys() == set(range(length))
        changes = sum(a is not b for a, b in pairwise(truth))
        if changes <= 2:
            assert found == {n: truth[n] for n in found}, "".join(letters)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Graph, list[Verdict]]:
    """Releases with branches and merges; one introduces a bug, another fixes it.

    Some are untestable.
    """
    length = draw(st.integers(1, 40))
    history: list[tuple[str, list[str]]] = [("0", [])]
    for n in range(1, length):
        near = st.integers(max(0, n - 3), n - 1)
        parents = draw(st.lists(near, min_size=1, max_size=2, unique=True))
        history.append((str(n), [str(p) for p in parents]))
    graph = Graph.of(history)
    introduced, fixed = draw(st.integers(0, length)), draw(st.integers(0, length))
    untestable = draw(st.sets(st.integers(0, length - 1), max_size=5))

    def verdict(n: int) -> Verdict:
        ancestors = graph.ancestors(n)
        has_bug = introduced in ancestors and fixed not in ancestors
        return UNTESTABLE if n in untestable else BAD if has_bug else GOOD

    return graph, [verdict(n) for n in range(length)]


@given(histories(), st.lists(st.integers(0, 39), max_size=6))
def test_a_wrongly_inferred_stretch_is_no_longer_than_the_longest_path_of_inferred_ones(
    simulated: tuple[Graph, list[Verdict]], hints: list[int]
) -> None:
    graph, truth = simulated
    verdicts = probe_all(graph, truth, hints)
    found = inferred(graph, verdicts)
    assert verdicts.keys() | found.keys() == set(range(len(truth)))
    wrong = {n for n, verdict in found.items() if verdict is not truth[n]}
    assert all(found[n] is GOOD for n in wrong if truth[n] is BAD)
    assert longest_path(graph, wrong) <= longest_path(graph, found.keys())
    if BAD in verdicts.values() and GOOD in verdicts.values():
        assert all(truth[n] is UNTESTABLE for n in wrong), "an observed bug is found whole"


def test_the_longest_path_does_not_cross_other_releases() -> None:
    #  a - b - c - m      s is a branch
    #   \  s  -  /
    graph = Graph.of([("a", []), ("b", ["a"]), ("s", ["a"]), ("c", ["b"]), ("m", ["c", "s"])])
    assert longest_path(graph, set(range(5))) == 4
    assert longest_path(graph, {0, 1, 4}) == 2
    assert longest_path(graph, {2}) == 1
    assert longest_path(graph, ()) == 0
