"""Simulated searches for a known culprit: by git bisect's rule and by bisector's."""

from __future__ import annotations

import pytest

from bench.simulate import Cost, bits, git_bisect, search
from bisector.search.costs import TEST_SECONDS, BuildCost, Costs, Memory

LINE = [f"c{number}" for number in range(40)]


EQUAL = dict.fromkeys(LINE, 1.0)


@pytest.mark.parametrize("total, probes", [(1, {0}), (2, {1}), (3, {1, 2}), (40, {5, 6})])
def test_git_finds_each_culprit(total: int, probes: set[int]) -> None:
    costs = [git_bisect(total, culprit) for culprit in range(total)]
    assert all(cost.right for cost in costs)
    assert {cost.probes for cost in costs} == probes


def test_a_false_old_leads_git_astray_and_not_the_search() -> None:
    assert not git_bisect(40, 3, false_old=0.3, seed="a").right
    cost = search(LINE, "c3", EQUAL, false_old=0.3, seed="a")
    assert cost.right and cost.probes > 6


def test_several_at_once_take_fewer_rounds() -> None:
    one, four = (search(LINE, "c17", EQUAL, at_once=n) for n in (1, 4))
    assert one == Cost(one.probes, one.probes, True)
    assert four.right and four.rounds < one.rounds < four.probes


def test_the_bits_of_a_culprit() -> None:
    assert bits(dict.fromkeys("abcdefgh", 1.0), "c") == 3.0


def test_seconds_are_those_of_the_costs() -> None:
    def costs() -> Costs:
        return Costs(LINE, frozenset(), Memory(), BuildCost(full=10.0, incremental=1.0), 1)

    cost = search(LINE, "c17", EQUAL, costs=costs())
    assert cost.seconds == (10.0 + TEST_SECONDS) + (cost.probes - 1) * (1.0 + TEST_SECONDS)
    assert search(LINE, "c17", EQUAL).seconds == 0.0
    git = git_bisect(40, 17, seconds=lambda place: 2.0)
    assert git.seconds == 2.0 * git.probes
