"""Costs: what lies in a cache is nearly free, and a build that goes on from another is cheap."""

from __future__ import annotations

import pytest

from bisector.build.toolchains import TOOLCHAINS
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.build.toolchains.release import Release
from bisector.search.costs import Costs, Memory

COMMITS = list("abcdefgh")  # d and g change a header


def costs(memory: Memory | None = None, toolchain: str = Dev.name, trees: int = 1) -> Costs:
    return Costs(
        COMMITS, {"d", "g", "elsewhere"}, memory or Memory(), TOOLCHAINS[toolchain].cost, trees
    )


@pytest.mark.parametrize("toolchain", TOOLCHAINS)
def test_a_verdict_costs_less_than_a_binary_than_a_small_build_than_a_whole_one(
    toolchain: str,
) -> None:
    ready = costs(Memory(frozenset("a"), frozenset("ab")), toolchain)
    ready.built("c")
    known, binary, incremental, full = (ready.seconds(commit) for commit in "abcd")
    assert 0 < known < binary < incremental < full


def test_faster_toolchains_cost_less() -> None:
    whole = [
        costs(toolchain=toolchain).seconds("a") for toolchain in (Fast.name, Dev.name, Release.name)
    ]
    assert whole == sorted(set(whole))


def test_while_nothing_was_built_every_build_is_a_whole_one() -> None:
    ready = costs()
    assert len({ready.seconds(commit) for commit in COMMITS}) == 1


def test_the_more_headers_changed_since_a_build_the_less_of_it_is_reused() -> None:
    ready = costs()
    whole = ready.seconds("a")
    ready.built("e")
    seconds = {commit: ready.seconds(commit) for commit in COMMITS}
    least = min(seconds.values())
    small = [commit for commit in COMMITS if seconds[commit] == least]
    assert small == ["d", "e", "f"], "d changed the header, and g changes it again"
    assert least < seconds["c"] == seconds["g"] < whole


def test_a_tree_holds_what_was_built_in_it_last() -> None:
    ready = costs()
    ready.built("a")
    ready.built("h")
    assert ready.seconds("b") > ready.seconds("g")


def test_with_several_trees_the_last_ones_count() -> None:
    ready = costs(trees=2)
    for commit in "adh":
        ready.built(commit)
    assert ready.seconds("b") > ready.seconds("e") == ready.seconds("g")


def test_what_lies_outside_costs_a_whole_build_and_helps_nobody() -> None:
    ready = costs()
    ready.built("a")
    ready.built("elsewhere")
    assert ready.seconds("b") < ready.seconds("elsewhere")


def test_where_nearly_all_is_built_nothing_is_left_to_build() -> None:
    assert not costs().nothing_to_build
    assert not costs(Memory(frozenset("abc"), frozenset("cd"))).nothing_to_build
    most = frozenset(COMMITS[:-1])
    assert costs(Memory(frozenset("h"), most)).nothing_to_build
    assert costs(Memory(frozenset(), most)).nothing_to_build
