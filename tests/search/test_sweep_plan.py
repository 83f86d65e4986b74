"""The choice and order of a sweep's commits, its segments, and the rulings of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.record.events import Probed
from bisector.record.verdict import Ruling, Verdict
from bisector.record.words import Purpose
from bisector.search.graph import Graph
from bisector.search.sweep_plan import (
    DEFAULT_COUNT,
    coarse_to_fine,
    every,
    first_ruling,
    last_ruling,
    segments,
    stride_for,
    widest_gap,
)
from tests.support.records import probed

GOOD, BAD = Verdict.GOOD, Verdict.BAD
UNTESTABLE, UNBUILDABLE = Verdict.UNTESTABLE, Verdict.UNBUILDABLE
LETTERS = {"g": GOOD, "b": BAD, "u": UNTESTABLE, "x": UNBUILDABLE}


def rulings(letters: str) -> list[Ruling]:
    return [Ruling(LETTERS[letter], "") for letter in letters]


def line(length: int) -> Graph:
    return Graph.of([(str(n), [str(n - 1)] if n else []) for n in range(length)])


def drawn(letters: str, graph: Graph | None = None) -> list[str]:
    """Each segment as its letters; an odd one with an exclamation mark."""
    return [
        "".join(letters[index] for index in segment.indexes) + "!" * segment.odd
        for segment in segments(graph or line(len(letters)), rulings(letters))
    ]


# --- the choice -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "stride", "indexes"),
    [(10, 3, [0, 3, 6, 9]), (9, 3, [0, 3, 6, 8]), (4, 1, [0, 1, 2, 3]), (4, 99, [0, 3])],
)
def test_each_nth_commit_and_both_ends_are_chosen(
    count: int, stride: int, indexes: list[int]
) -> None:
    assert every(count, stride) == indexes


@pytest.mark.parametrize(
    "count", [2, DEFAULT_COUNT - 1, DEFAULT_COUNT, DEFAULT_COUNT + 1, 199, 200, 201, 6678]
)
def test_the_default_stride_is_the_smallest_within_the_default_count(
    count: int,
) -> None:
    stride = stride_for(count)
    assert len(every(count, stride)) <= DEFAULT_COUNT
    assert stride == 1 or len(every(count, stride - 1)) > DEFAULT_COUNT


@pytest.mark.parametrize(("commits", "count"), [(10, 4), (6679, 24), (5, 100), (2, 1)])
def test_no_more_than_the_requested_number_is_chosen(commits: int, count: int) -> None:
    assert len(range(0, commits - 1, stride_for(commits, count))) + 1 <= max(2, count)


def test_the_widest_gap_counts_the_commits_between_two_chosen_ones() -> None:
    assert widest_gap([0, 1, 5, 6]) == 3
    assert widest_gap([0, 1, 2]) == widest_gap([0]) == 0


# --- the order ------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9, 10, 64, 65, 66, 1000])
def test_each_index_occurs_once_and_both_ends_are_early(count: int) -> None:
    order = coarse_to_fine(count)
    assert sorted(order) == list(range(count))
    if count > 9:
        assert order.index(0) == 0
        assert order.index(count - 1) <= 8


@pytest.mark.parametrize("done", [10, 30, 150])
def test_an_interrupted_sweep_covers_the_whole_range(done: int) -> None:
    order = coarse_to_fine(1000)
    assert widest_gap(sorted(order[:done])) < 8 * 1000 / done


def test_most_builds_are_incremental_from_a_neighbour() -> None:
    order = coarse_to_fine(1000)
    steps = [abs(after - before) for before, after in pairwise(order)]
    assert sum(step <= 2 for step in steps) > 0.85 * len(steps)
    assert sum(steps) < 5 * 1000, "each pass begins where the one before ended"


# --- segments -------------------------------------------------------------------------------------


def test_neighbours_with_the_same_verdict_are_one_segment() -> None:
    assert drawn("gggbbbbgg") == ["ggg", "bbbb", "gg"]
    assert drawn("g") == ["g"]


def test_untestable_commits_with_different_reasons_are_different_segments() -> None:
    alike = [Ruling(UNBUILDABLE, f"x.c:{n}: no y") for n in (1, 22)]
    other = Ruling(UNBUILDABLE, "x.c:1: no z")
    found = segments(line(4), [*alike, other, Ruling(GOOD, "any")])
    assert [segment.indexes for segment in found] == [(0, 1), (2,), (3,)]
    assert found[0].ruling.reason == "x.c:1: no y"


def test_a_segment_ends_before_a_merge_and_where_a_branch_begins() -> None:
    forked = Graph.of([("0", []), ("1", ["0"]), ("2", ["1"]), ("s", ["0"]), ("m", ["2", "s"])])
    assert drawn("ggggg", forked) == ["ggg", "g", "g"]


@pytest.mark.parametrize("odd", ["b", "bb", "x", "u"])
def test_a_short_segment_that_differs_from_both_neighbours_is_odd(odd: str) -> None:
    assert drawn(f"ggg{odd}gggg") == ["ggg", f"{odd}!", "gggg"]


@pytest.mark.parametrize(
    "letters",
    [
        "gggbbbgggg",  # long
        "gggubbb",  # its neighbours differ
        "uuubuuu",  # its neighbours are untestable
        "gbg",  # its neighbours are not longer
        "ggbbggg",
        "bgggg",  # an end
        "ggggb",
        "gggbbbb",
    ],
)
def test_nothing_else_is_odd(letters: str) -> None:
    assert not [segment for segment in drawn(letters) if segment.endswith("!")]


def test_across_a_merge_all_neighbours_have_to_agree() -> None:
    history = [("0", []), ("1", ["0"]), ("2", ["1"]), ("s", ["0"]), ("t", ["s"])]
    merged = Graph.of([*history, ("m", ["2", "t"]), ("n", ["m"]), ("o", ["n"])])
    assert drawn("gggggbgg", merged) == ["ggg", "gg", "b!", "gg"]
    assert drawn("gggbbbgg", merged) == ["ggg", "bb", "b", "gg"]


# --- the ruling of several runs -------------------------------------------------------------------


def runs(*verdicts: tuple[Verdict, str] | tuple[Verdict, str, str]) -> Sequence[Probed]:
    """Runs by verdict, toolchain and purpose; the default purpose is the sweep."""
    base = probed("1" * 40, GOOD)
    return [
        replace(
            base,
            verdict=run[0],
            toolchain=run[1],
            real=run[1] != Fast.name,
            purpose=(*run, "sweep")[2],
            run=number,
        )
        for number, run in enumerate(verdicts)
    ]


def verdict(ruling: Ruling | None) -> Verdict | None:
    return ruling.verdict if ruling else None


def test_one_run_is_enough_unless_the_test_is_flaky() -> None:
    assert verdict(first_ruling(runs((GOOD, Fast.name)), 1)) is GOOD
    assert first_ruling(runs((GOOD, Fast.name)), 2) is None
    assert verdict(first_ruling(runs((GOOD, Fast.name), (GOOD, Fast.name)), 2)) is GOOD
    assert verdict(first_ruling(runs((GOOD, Fast.name), (BAD, Fast.name)), 5)) is BAD
    assert verdict(first_ruling(runs((UNTESTABLE, Fast.name)), 5)) is UNTESTABLE
    assert first_ruling((), 1) is None


def test_re_tests_count_for_the_last_ruling_only() -> None:
    retested = runs((BAD, Fast.name), (GOOD, Dev.name, Purpose.RETEST))
    assert verdict(first_ruling(retested, 1)) is BAD
    assert verdict(last_ruling(retested, 1)) is GOOD


@pytest.mark.parametrize("after", [GOOD, BAD, UNTESTABLE, UNBUILDABLE])
@pytest.mark.parametrize("before", [GOOD, BAD, UNBUILDABLE])
def test_the_re_test_overrules_the_fast_toolchain(before: Verdict, after: Verdict) -> None:
    assert (
        verdict(last_ruling(runs((before, Fast.name), (after, Dev.name, Purpose.RETEST)), 1))
        is after
    )


def test_contradictory_runs_of_a_real_toolchain_make_a_revision_untestable() -> None:
    ruling = last_ruling(runs((BAD, Dev.name), (GOOD, Dev.name, Purpose.RETEST)), 1)
    assert ruling == Ruling(UNTESTABLE, "bad in one run of dev, good in another")


def test_a_failure_that_could_not_be_repeated_does_not_make_a_revision_bad() -> None:
    assert (
        verdict(last_ruling(runs((BAD, Dev.name), (UNTESTABLE, Dev.name, Purpose.RETEST)), 1))
        is UNTESTABLE
    )
    assert (
        verdict(last_ruling(runs((UNTESTABLE, Dev.name), (GOOD, Dev.name, Purpose.RETEST)), 1))
        is GOOD
    )


def test_interrupted_re_tests_do_not_count() -> None:
    interrupted = runs((BAD, Fast.name), (GOOD, Dev.name, Purpose.RETEST))
    assert verdict(last_ruling(interrupted, 2)) is BAD


def test_with_a_flaky_test_a_single_real_failure_makes_a_revision_bad() -> None:
    once = runs((BAD, Dev.name), (GOOD, Dev.name, Purpose.RETEST), (GOOD, Dev.name, Purpose.RETEST))
    assert verdict(last_ruling(once, 2)) is BAD
    overruled = runs(
        (BAD, Fast.name), (GOOD, Dev.name, Purpose.RETEST), (GOOD, Dev.name, Purpose.RETEST)
    )
    assert verdict(last_ruling(overruled, 2)) is GOOD
