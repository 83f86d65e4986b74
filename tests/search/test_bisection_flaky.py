"""The guarantees of the search with a flaky test, above all its calibration."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import pytest

from bisector.search.bisection import NoTransition, Observation, Search
from bisector.search.graph import Graph, Revision
from bisector.search.noise import UNKNOWN, Noise, Rate

OLD, NEW, SKIP = Observation.OLD, Observation.NEW, Observation.SKIP
BEFORE, NEVER = NoTransition.BEFORE, NoTransition.NEVER


def line(length: int) -> Graph:
    return Graph.of([(f"r{i}", [f"r{i - 1}"]) for i in range(length)])


def random_graph(rnd: Random) -> Graph:
    steps = [rnd.choice([[1], [1, 2], [1, 3], [2, 3], [2]]) for _ in range(rnd.choice([5, 15, 30]))]
    return Graph.of(
        [(f"r{i}", [f"r{i - s}" for s in step if s <= i]) for i, step in enumerate(steps)]
    )


@dataclass(frozen=True)
class World:
    """A linear history and its flaky test; the search does not know the truth."""

    length: int
    truth: int | NoTransition  # the first NEW revision's index
    false_old: float
    false_new: float
    rnd: Random

    @classmethod
    def random(cls, seed: int, length: int, noise: Noise) -> World:
        """A world drawn from the prior distribution of the search."""
        rnd = Random(seed)
        edge = noise.no_transition
        truths: list[int | NoTransition] = [BEFORE, NEVER, rnd.randrange(length)]
        truth = rnd.choices(truths, [edge, edge, 1 - 2 * edge])[0]
        return cls(length, truth, *rnd.choice(noise.rates()), rnd)

    def run(self, index: int) -> Observation:
        """One run of the test at an index; -1 is before the range."""
        if isinstance(self.truth, NoTransition):
            is_new = self.truth is BEFORE
        else:
            is_new = index >= self.truth
        errs = self.rnd.random() < (self.false_old if is_new else self.false_new)
        return NEW if is_new is not errs else OLD

    def search(self, noise: Noise, probe: Callable[[int], Observation] | None = None) -> Search:
        """Run a search to its end; the revision before r0 is r-1."""
        search = Search(line(self.length), f"r{self.length - 1}", noise=noise, old="r-1")
        while (revision := search.choose()) is not None:
            search.record(revision, (probe or self.run)(int(revision[1:])))
        return search

    def agrees(self, search: Search) -> bool:
        """Whether the answer of the search is the truth."""
        if isinstance(self.truth, NoTransition):
            return search.no_transition() is self.truth
        return search.candidates() == (f"r{self.truth}",)


# --- with rates of 0 it is the exact search -------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_without_errors_it_chooses_and_answers_as_the_exact_search_does(seed: int) -> None:
    rnd = Random(seed)
    graph = random_graph(rnd)
    new = graph.revisions[-1]
    in_range = [graph.revisions[i] for i in sorted(graph.ancestors(graph.index[new]))]
    weights = {r: rnd.choice([0.0, 1.0, 1.0, 1.0, 5.0]) for r in graph.revisions} | {new: 1.0}
    culprit = rnd.choice([r for r in in_range if weights[r]])
    untestable = set(rnd.sample(in_range[:-1], len(in_range) // 4))
    exact = Search(graph, new, weights)
    certain = Search(graph, new, weights, Noise(confidence=1.0, no_transition=0.0))
    flaky = Search(graph, new, weights, Noise(0.0, 0.0))
    for search in (certain, flaky):
        search.record(new, NEW)
        search.record_before(OLD)
    while (revision := exact.choose()) is not None:
        assert certain.choose() == revision
        assert certain.candidates() == exact.candidates()
        assert certain.steps_left() == exact.steps_left()
        above = graph.ancestors(graph.index[revision])
        is_new = graph.index[culprit] in above
        observation = SKIP if revision in untestable else NEW if is_new else OLD
        for search in (exact, certain, flaky):
            search.record(revision, observation)
    assert certain.choose() is flaky.choose() is None
    assert certain.candidates() == flaky.candidates() == exact.candidates()
    assert certain.confidence() == flaky.confidence() == exact.confidence() == 1.0


def test_the_exact_search_has_confidence_1_and_always_a_transition() -> None:
    search = Search(line(9), "r8")
    search.record_before(OLD)
    assert search.confidence() == 1.0
    assert search.no_transition() is None
    with pytest.raises(ValueError, match="before the range can't be new"):
        search.record_before(NEW)


# --- calibration ----------------------------------------------------------------------------------

HARD: dict[str, tuple[Rate, Rate, int]] = {
    "one side, known": (0.3, 0.001, 120),
    "both sides, known": (0.15, 0.15, 100),
    "OLD's side unknown": ((0.0, 0.2, 0.4, 0.6, 0.8), 0.001, 60),
    "NEW's side unknown": (0.001, (0.0, 0.2, 0.4, 0.6, 0.8), 60),
    "both sides unknown": ((0.0, 0.2, 0.4), (0.0, 0.2, 0.4), 30),
}


@pytest.mark.slow
@pytest.mark.parametrize("false_old, false_new, worlds", HARD.values(), ids=HARD)
@pytest.mark.parametrize("stated", [0.9, 0.99])
def test_the_share_of_right_answers_is_the_stated_confidence(
    false_old: Rate, false_new: Rate, worlds: int, stated: float
) -> None:
    noise = Noise(false_old, false_new, confidence=stated)
    right, expected = 0, 0.0
    for seed in range(worlds):
        world = World.random(seed, 12, noise)
        search = world.search(noise)
        assert search.confidence() >= stated - 1e-9
        right += world.agrees(search)
        expected += search.confidence()
    deviation = (worlds * stated * (1 - stated)) ** 0.5
    assert right >= worlds * stated - 2.5 * deviation
    assert right <= expected + 3 * deviation  # not much better than stated either


# --- the ends may be wrong ------------------------------------------------------------------------


def test_never_is_found_when_nothing_is_new() -> None:
    search = World(100, NEVER, 0.3, 0.001, Random(1)).search(Noise(0.3, 0.001))
    assert search.no_transition() is NEVER
    assert search.candidates() == ()
    assert search.confidence() >= 0.99
    assert search.steps_left() == 0


def test_before_is_found_when_everything_is_new() -> None:
    search = World(100, BEFORE, 0.001, 0.3, Random(1)).search(Noise(0.001, 0.3))
    assert search.no_transition() is BEFORE
    assert search.candidates() == ()


@pytest.mark.parametrize("truth", [0, 1, 50, 98, 99])
def test_a_transition_at_an_end_is_found(truth: int) -> None:
    search = World(100, truth, 0.3, 0.001, Random(truth)).search(Noise(0.3, 0.001))
    assert search.no_transition() is None
    assert search.candidates() == (f"r{truth}",)


def test_the_old_end_is_probed_again_if_everything_else_is_new() -> None:
    runs: list[int] = []
    world = World(30, 0, 0.1, 0.1, Random(1))

    def probe(index: int) -> Observation:
        runs.append(index)
        return world.run(index)

    assert world.search(Noise(0.1, 0.1), probe).candidates() == ("r0",)
    assert runs.count(-1) >= 2


def test_without_a_named_old_end_the_confidence_is_too_low_until_it_is_recorded() -> None:
    search = Search(line(8), "r7", noise=Noise(0.1, 0.1))
    while (revision := search.choose()) is not None:
        search.record(revision, NEW)
    assert search.confidence() < 0.99
    for _ in range(4):
        search.record_before(OLD)
    assert search.choose() is None
    assert search.candidates() == ("r0",)
    assert search.confidence() >= 0.99


def test_an_untestable_old_end_is_not_chosen() -> None:
    search = Search(line(8), "r7", noise=Noise(0.1, 0.1), old="r-1")
    search.record("r-1", SKIP)
    while (revision := search.choose()) is not None:
        assert revision != "r-1"
        search.record(revision, NEW)


def test_runs_that_contradict_each_other_are_weighed_and_not_rejected() -> None:
    search = Search(line(10), "r9", noise=Noise(0.0, 0.0))
    for observation in (NEW, NEW, OLD):
        search.record("r5", observation)
        search.record_before(OLD)
    search.record("r4", OLD)
    assert search.candidates() == ("r5",)  # one error; any other answer needs two


# --- the choices ----------------------------------------------------------------------------------


def test_with_a_one_sided_test_one_failure_is_enough_but_passes_are_repeated() -> None:
    noise = Noise(0.6, 0.001)
    runs: dict[int, list[Observation]] = {}
    world = World(64, 40, 0.6, 0.001, Random(3))

    def probe(index: int) -> Observation:
        runs.setdefault(index, []).append(world.run(index))
        return runs[index][-1]

    assert world.search(noise, probe).candidates() == ("r40",)
    assert len(runs[39]) >= 4
    assert sum(observation is NEW for observation in runs[40]) <= 2


def test_a_cheap_repetition_is_preferred_to_a_build() -> None:
    search = Search(line(64), "r63", noise=Noise(0.4, 0.1))
    search.record("r20", OLD)
    assert search.choose() != "r20"
    assert search.choose(lambda revision: 1.0 if revision == "r20" else 40.0) == "r20"


def test_untestable_commits_are_in_the_answer_together_with_the_next_testable_one() -> None:
    world = World(60, 30, 0.2, 0.01, Random(5))

    def probe(index: int) -> Observation:
        return SKIP if 28 <= index <= 32 else world.run(index)

    search = world.search(Noise(0.2, 0.01), probe)
    assert search.candidates() == tuple(f"r{i}" for i in range(28, 34))
    assert search.confidence() >= 0.99


def test_if_nothing_is_testable_the_search_ends_with_a_low_confidence() -> None:
    search = Search(line(4), "r3", noise=Noise(0.1, 0.1))
    for revision in ("r0", "r1", "r2", "r3"):
        search.record(revision, SKIP)
    assert search.choose() is None
    assert search.candidates() == ("r0", "r1", "r2", "r3")
    assert search.confidence() < 0.99


def test_parallel_probes_take_fewer_rounds_and_are_as_often_right() -> None:
    rounds, right = {1: 0, 4: 0}, {1: 0, 4: 0}
    noise = Noise(0.3, 0.001)
    for width in rounds:
        for seed in range(15):
            world = World.random(seed, 60, noise)
            search = Search(line(60), "r59", noise=noise, old="r-1")
            while revisions := search.choose_many(width):
                assert len(set(revisions)) == len(revisions) <= width
                rounds[width] += 1
                for revision in revisions:
                    search.record(revision, world.run(int(revision[1:])))
            right[width] += world.agrees(search)
    assert rounds[4] < 0.6 * rounds[1]
    assert min(right.values()) >= 14


def test_at_the_requested_confidence_all_pending_probes_are_obsolete() -> None:
    search = Search(line(20), "r19", noise=Noise(0.1, 0.01))
    pending: tuple[Revision, ...] = ("r3", "r12")
    assert search.obsolete(pending) == ()
    for _ in range(6):
        search.record("r9", NEW)
        search.record("r8", OLD)
    assert search.choose() is None
    assert search.obsolete(pending) == pending


@pytest.mark.parametrize("false_old", [0.3, UNKNOWN], ids=["known", "unknown"])
def test_choosing_in_a_long_history_takes_little_time(false_old: Rate) -> None:
    search = Search(line(7000), "r6999", noise=Noise(false_old, 0.001))
    for index in range(0, 7000, 700):
        search.record(f"r{index}", NEW if index > 5000 else OLD)
    started = time.process_time()
    assert search.choose() is not None
    assert time.process_time() - started < 0.5  # measured: 0.08 s
