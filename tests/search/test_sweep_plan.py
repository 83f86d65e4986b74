"""Which commits are chosen, in which order, and the stretches and oddities among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.record.events import Probed
from bisector.record.verdict import Ruling, Verdict
from bisector.search.graph import Graph
from bisector.search.sweep_plan import (
    MANY,
    RETEST,
    coarse_to_fine,
    every,
    first_ruling,
    last_ruling,
    rows,
    stride_for,
    widest_gap,
)
from tests.report.test_terminal import probed

GOOD, BAD = Verdict.GOOD, Verdict.BAD
UNTESTABLE, UNBUILDABLE = Verdict.UNTESTABLE, Verdict.UNBUILDABLE
LETTERS = {"g": GOOD, "b": BAD, "u": UNTESTABLE, "x": UNBUILDABLE}


def rulings(letters: str) -> list[Ruling]:
    return [Ruling(LETTERS[one], "") for one in letters]


def line(length: int) -> Graph:
    return Graph.of([(str(n), [str(n - 1)] if n else []) for n in range(length)])


def drawn(letters: str, graph: Graph | None = None) -> list[str]:
    """Each stretch as its letters, an odd one with an exclamation mark."""
    return [
        "".join(letters[index] for index in row.indexes) + "!" * row.odd
        for row in rows(graph or line(len(letters)), rulings(letters))
    ]


# --- which ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "stride", "places"),
    [(10, 3, [0, 3, 6, 9]), (9, 3, [0, 3, 6, 8]), (4, 1, [0, 1, 2, 3]), (4, 99, [0, 3])],
)
def test_each_nth_is_chosen_and_both_ends_are(count: int, stride: int, places: list[int]) -> None:
    assert every(count, stride) == places


@pytest.mark.parametrize("count", [2, MANY - 1, MANY, MANY + 1, 199, 200, 201, 6678])
def test_unless_somebody_says_how_many_they_are_few_but_no_fewer_than_they_may_be(
    count: int,
) -> None:
    stride = stride_for(count)
    assert len(every(count, stride)) <= MANY
    assert stride == 1 or len(every(count, stride - 1)) > MANY


@pytest.mark.parametrize(("commits", "count"), [(10, 4), (6679, 24), (5, 100), (2, 1)])
def test_no_more_are_taken_than_were_asked_for(commits: int, count: int) -> None:
    assert len(range(0, commits - 1, stride_for(commits, count))) + 1 <= max(2, count)


def test_the_widest_gap_counts_the_commits_that_nobody_asks_about() -> None:
    assert widest_gap([0, 1, 5, 6]) == 3
    assert widest_gap([0, 1, 2]) == widest_gap([0]) == 0


# --- in which order -------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9, 10, 64, 65, 66, 1000])
def test_each_place_comes_once_and_both_ends_come_first(count: int) -> None:
    order = coarse_to_fine(count)
    assert sorted(order) == list(range(count))
    if count > 9:
        assert order.index(0) == 0
        assert order.index(count - 1) <= 8


@pytest.mark.parametrize("done", [10, 30, 150])
def test_an_interrupted_sweep_has_looked_everywhere(done: int) -> None:
    order = coarse_to_fine(1000)
    assert widest_gap(sorted(order[:done])) < 8 * 1000 / done


def test_most_builds_go_on_from_their_neighbours() -> None:
    order = coarse_to_fine(1000)
    steps = [abs(after - before) for before, after in pairwise(order)]
    assert sum(step <= 2 for step in steps) > 0.85 * len(steps)
    assert sum(steps) < 5 * 1000, "where a pass ends, the next one begins"


# --- stretches ------------------------------------------------------------------------------------


def test_neighbours_with_the_same_verdict_are_one_stretch() -> None:
    assert drawn("gggbbbbgg") == ["ggg", "bbbb", "gg"]
    assert drawn("g") == ["g"]


def test_what_cannot_be_tested_for_another_reason_is_another_stretch() -> None:
    said = [Ruling(UNBUILDABLE, f"x.c:{n}: no y") for n in (1, 22)]
    other = Ruling(UNBUILDABLE, "x.c:1: no z")
    made = rows(line(4), [*said, other, Ruling(GOOD, "any")])
    assert [row.indexes for row in made] == [(0, 1), (2,), (3,)]
    assert made[0].ruling.reason == "x.c:1: no y"


def test_no_stretch_goes_on_beyond_a_merge_or_onto_a_branch() -> None:
    forked = Graph.of([("0", []), ("1", ["0"]), ("2", ["1"]), ("s", ["0"]), ("m", ["2", "s"])])
    assert drawn("ggggg", forked) == ["ggg", "g", "g"]


@pytest.mark.parametrize("odd", ["b", "bb", "x", "u"])
def test_a_short_stretch_unlike_both_neighbours_is_odd(odd: str) -> None:
    assert drawn(f"ggg{odd}gggg") == ["ggg", f"{odd}!", "gggg"]


@pytest.mark.parametrize(
    "letters",
    [
        "gggbbbgggg",  # long
        "gggubbb",  # its neighbours differ
        "uuubuuu",  # nobody knows what is around it
        "gbg",  # the others are no longer
        "ggbbggg",
        "bgggg",  # an end
        "ggggb",
        "gggbbbb",
    ],
)
def test_nothing_else_is_odd(letters: str) -> None:
    assert not [row for row in drawn(letters) if row.endswith("!")]


def test_across_a_merge_all_neighbours_have_to_agree() -> None:
    names = [("0", []), ("1", ["0"]), ("2", ["1"]), ("s", ["0"]), ("t", ["s"])]
    merged = Graph.of([*names, ("m", ["2", "t"]), ("n", ["m"]), ("o", ["n"])])
    assert drawn("gggggbgg", merged) == ["ggg", "gg", "b!", "gg"]
    assert drawn("gggbbbgg", merged) == ["ggg", "bb", "b", "gg"]


# --- what several runs come to --------------------------------------------------------------------


def runs(*said: tuple[Verdict, str] | tuple[Verdict, str, str]) -> Sequence[Probed]:
    """Runs by verdict, toolchain and purpose, which is to find out unless it is a re-test."""
    base = probed("1" * 40, GOOD)
    return [
        replace(
            base,
            verdict=one[0],
            toolchain=one[1],
            real=one[1] != "fast",
            purpose=(*one, "sweep")[2],
            run=number,
        )
        for number, one in enumerate(said)
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


def test_a_re_test_does_not_count_for_what_was_said_first() -> None:
    again = runs((BAD, Fast.name), (GOOD, Dev.name, RETEST))
    assert verdict(first_ruling(again, 1)) is BAD
    assert verdict(last_ruling(again, 1)) is GOOD


@pytest.mark.parametrize("after", [GOOD, BAD, UNTESTABLE, UNBUILDABLE])
@pytest.mark.parametrize("before", [GOOD, BAD, UNBUILDABLE])
def test_the_re_test_overrules_the_fast_toolchain(before: Verdict, after: Verdict) -> None:
    assert verdict(last_ruling(runs((before, Fast.name), (after, Dev.name, RETEST)), 1)) is after


def test_a_real_toolchain_that_contradicts_itself_says_nothing() -> None:
    ruling = last_ruling(runs((BAD, Dev.name), (GOOD, Dev.name, RETEST)), 1)
    assert ruling == Ruling(UNTESTABLE, "bad in one run of dev, good in another")


def test_no_claim_of_bad_rests_on_a_run_that_could_not_be_repeated() -> None:
    assert (
        verdict(last_ruling(runs((BAD, Dev.name), (UNTESTABLE, Dev.name, RETEST)), 1)) is UNTESTABLE
    )
    assert verdict(last_ruling(runs((UNTESTABLE, Dev.name), (GOOD, Dev.name, RETEST)), 1)) is GOOD


def test_re_tests_that_were_interrupted_do_not_count_yet() -> None:
    begun = runs((BAD, Fast.name), (GOOD, Dev.name, RETEST))
    assert verdict(last_ruling(begun, 2)) is BAD


def test_of_a_flaky_test_bad_once_is_bad_in_real_runs_too() -> None:
    once = runs((BAD, Dev.name), (GOOD, Dev.name, RETEST), (GOOD, Dev.name, RETEST))
    assert verdict(last_ruling(once, 2)) is BAD
    overruled = runs((BAD, Fast.name), (GOOD, Dev.name, RETEST), (GOOD, Dev.name, RETEST))
    assert verdict(last_ruling(overruled, 2)) is GOOD
