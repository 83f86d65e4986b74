"""The search for the change of a metric, in simulated histories."""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from bisector.search.change_search import ChangeSearch, FoundChange

COMMITS = 40
MOST = 200  # measurements


@dataclass
class Line:
    """A line of commits whose metric changes at some of them, by the given parts of 1."""

    jumps: Mapping[int, float]
    noise: float = 0.0003
    jitter: float = 0.0001
    seed: int = 0
    broken: Collection[int] = ()
    commits: int = COMMITS
    measurements: int = 0
    levels: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        level = math.log(20_000)
        for commit in range(self.commits + 1):
            level += math.log1p(self.jumps.get(commit, 0.0))
            self.levels.append(level + self.chance.gauss(0, self.jitter))

    def search(self, weights: list[float] | None = None, threshold: float = 0.02) -> ChangeSearch:
        """A finished search."""
        search = ChangeSearch(weights or [1.0] * self.commits, threshold)
        self.go_on(search)
        return search

    def go_on(self, search: ChangeSearch) -> None:
        while self.measurements < MOST and (position := search.choose()) is not None:
            self.measurements += 1
            if position in self.broken:
                search.skip(position)
            else:
                value = math.exp(self.levels[position] + self.chance.gauss(0, self.noise))
                search.record(position, [value])


def found(search: ChangeSearch) -> list[tuple[int, int]]:
    return [(one.first, one.last) for one in search.changes()]


@pytest.mark.parametrize("seed", range(5))
def test_a_step_is_found_among_decoys(seed: int) -> None:
    """One that is faster again, and two of half a percent."""
    line = Line({17: 0.02, 5: -0.012, 25: 0.005, 33: 0.005}, seed=seed)
    search = line.search()
    assert found(search) == [(17, 17)]
    (change,) = search.changes()
    assert change.probability > 0.97
    assert change.effect.mean == pytest.approx(math.log(1.02), abs=0.002)
    assert line.measurements < 40


def test_without_noise_it_takes_hardly_more_than_halving() -> None:
    line = Line({100: 0.03}, commits=1000)
    assert found(line.search()) == [(100, 100)]
    assert line.measurements <= 6 + 10 + 3  # both ends, halvings, and doubts of these


@pytest.mark.parametrize("seed", range(5))
def test_no_change_is_said_to_be_none(seed: int) -> None:
    search = Line({}, seed=seed).search()
    assert search.changes() == []
    assert search.no_other > 0.95


@pytest.mark.parametrize("seed", range(5))
def test_a_slow_drift_is_no_change(seed: int) -> None:
    drift = dict.fromkeys(range(1, COMMITS, 4), 0.004)
    assert Line(drift, seed=seed).search().changes() == []


def test_a_change_for_the_better_is_one_too() -> None:
    search = Line({9: -0.05}).search()
    assert found(search) == [(9, 9)]
    assert search.changes()[0].effect.mean < 0


def test_the_largest_of_several_is_found_first_and_the_others_after_it() -> None:
    line = Line({8: 0.03, 30: 0.08})
    search = line.search()
    assert found(search) == [(30, 30)]
    assert search.look_for_another()
    line.go_on(search)
    assert found(search) == [(30, 30), (8, 8)]
    assert search.look_for_another()
    line.go_on(search)
    assert not search.look_for_another()
    assert search.no_other > 0.9


def test_each_of_two_equal_changes_is_sure_given_the_other() -> None:
    (change,) = Line({10: 0.03, 30: 0.03}).search().changes()
    assert change.first == change.last in (10, 30)
    assert change.probability > 0.99


def test_commits_that_cannot_be_measured_are_candidates_together() -> None:
    line = Line({20: 0.04}, broken=range(18, 23))
    assert found(line.search()) == [(18, 23)]


def test_a_long_stretch_that_cannot_be_measured_is_left_in_few_steps() -> None:
    line = Line({70: 0.04}, broken=range(20, 60), commits=100)
    assert found(line.search()) == [(70, 70)]
    assert line.measurements < 30


def test_commits_without_weight_are_not_measured() -> None:
    weights = [0.0] * COMMITS
    weights[6] = weights[20] = weights[33] = 1.0  # commits 7, 21 and 34
    search = Line({21: 0.05}).search(weights)
    assert found(search) in ([(8, 21)], [(8, 33)], [(21, 21)], [(21, 33)])
    assert search.measured <= 4


def test_noise_is_repeated_away() -> None:
    wrong: list[FoundChange] = []
    for seed in range(4):
        line = Line({17: 0.08}, noise=0.03, jitter=0.004, seed=seed)
        (change,) = line.search().changes()
        if (change.first, change.last) != (17, 17):
            wrong.append(change)
    assert wrong == []


def test_what_is_said_to_be_sure_is_right_nearly_always() -> None:
    sure = right = 0
    for seed in range(12):
        at = 1 + 3 * seed
        line = Line({at: 0.06}, noise=0.015, jitter=0.006, seed=seed)
        for change in line.search().changes():
            if change.probability >= 0.98:
                sure += 1
                right += change.first <= at <= change.last
    assert sure >= 8
    assert right >= sure - 1


def test_a_machine_that_is_too_noisy_does_not_give_an_answer_for_sure() -> None:
    for seed in range(5):
        search = Line({17: 0.01}, noise=0.15, jitter=0.05, seed=seed).search()
        assert all(change.probability < 0.95 for change in search.changes())
        assert search.changes() or search.no_other < 0.999
