"""A hunt for the change of a metric, with a stand-in for builds and measurements."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bisector.errors import UnusableEnds, UselessHint
from bisector.jobs.metric.hunt import MetricHunt
from bisector.jobs.metric.question import MetricQuestion
from bisector.record.events import Ended, Turned
from bisector.record.journal import Journal
from bisector.record.metric_events import Compared, Searched, Shifted
from bisector.record.words import Turn
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.hunting import GOOD, UNTESTABLE, Scripted, World
from tests.support.measuring import MadeUp
from tests.support.toolchains import AUTO, GCC

pytestmark = pytest.mark.usefixtures("no_clock")


Jumps = Mapping[int, float]


@dataclass
class Metrics:
    """Hunts over a history of 24 commits whose metric has these jumps, by toolchain."""

    world: World
    path: Path

    def hunt(
        self,
        jumps: Jumps,
        *,
        by_gcc: Jumps | None = None,
        broken: Collection[int] = (),
        every: bool = False,
        hint: str = "",
        die_after: int = 1000,
    ) -> Scripted:
        """One session, over the journal of those before; it dies after so many measurements."""
        world = self.world
        prober = Scripted(
            world.context(),
            Journal(self.path),
            world.commits,
            lambda number, run: UNTESTABLE if number in broken else GOOD,
            lambda text: None,
        )

        def samples(name: str, number: int, run: int) -> tuple[float, ...]:
            if len(prober.asked) > die_after:
                raise KeyboardInterrupt
            gcc = name != "fast"
            level = 1000.0 if gcc else 3000.0
            for at, jump in (by_gcc if gcc and by_gcc is not None else jumps).items():
                level *= 1 + jump * (number >= at)
            luck = random.Random(f"{name}{number}/{run}").gauss(1, 0.0003)
            return () if number in broken else (level * luck,)

        prober.machine.samples = samples
        span = prober.context.history.range(world.range)
        proof = world.toolchains.release or world.toolchains.proof
        MetricHunt(MetricQuestion(span, proof, 0.02, every, hint), prober).run()
        return prober

    @property
    def shifted(self) -> list[tuple[str, list[int]]]:
        """The toolchain of each search that found a change, and the commits, by number."""
        number = self.world.commits.index
        found = [one for one in Journal(self.path).events if isinstance(one, Shifted)]
        return [(one.toolchain, [*map(number, one.revisions)]) for one in found]

    @property
    def compared(self) -> list[Compared]:
        return [one for one in Journal(self.path).events if isinstance(one, Compared)]

    @property
    def searched(self) -> Searched:
        return [one for one in Journal(self.path).events if isinstance(one, Searched)][-1]


@pytest.fixture
def metrics(clone: Clone, workspace: Workspace, tmp_path: Path) -> Metrics:
    world = World(clone, workspace, tmp_path / "unused")
    world.oracle = MadeUp("count", "digest of count")
    world.toolchains = AUTO
    return Metrics(world, tmp_path / "journal")


def test_a_jump_is_found_with_fast_and_proven_with_release(metrics: Metrics) -> None:
    metrics.hunt({7: 0.03, 15: 0.004})
    assert metrics.shifted == [("fast", [7])]
    (compared,) = metrics.compared
    assert (compared.toolchain, compared.proven) == ("release", True)
    assert compared.low < 0.03 < compared.high
    assert compared.runs == 6
    assert compared.before == pytest.approx(1000, rel=0.001)
    assert isinstance(Journal(metrics.path).events[-1], Ended)


def test_without_a_jump_that_is_the_answer(metrics: Metrics) -> None:
    metrics.hunt({4: 0.004})
    assert metrics.shifted == []
    assert metrics.searched.probability > 0.95


def test_all_finds_each_the_largest_first(metrics: Metrics) -> None:
    metrics.hunt({5: 0.03, 17: -0.07}, every=True)
    assert metrics.shifted == [("fast", [17]), ("fast", [5])]
    assert [one.effect > 0 for one in metrics.compared] == [False, True]


def test_what_only_fast_shows_is_searched_again_with_release(metrics: Metrics) -> None:
    metrics.hunt({7: 0.05}, by_gcc={19: 0.03})
    assert metrics.shifted == [("fast", [7]), ("release", [19])]
    assert [one.new for one in metrics.compared if one.proven] == [metrics.world.commits[19]]
    (turned,) = (one for one in Journal(metrics.path).events if isinstance(one, Turned))
    assert turned.way is Turn.RELEASE


def test_what_no_real_toolchain_shows_is_no_change(metrics: Metrics) -> None:
    metrics.hunt({7: 0.05}, by_gcc={})
    assert [name for name, _ in metrics.shifted] == ["fast"]
    assert metrics.searched.toolchain == "release"
    assert not any(one.proven for one in metrics.compared)


def test_commits_that_cannot_be_measured_are_named_together_and_not_proven(
    metrics: Metrics,
) -> None:
    metrics.world.toolchains = AUTO.real
    metrics.hunt({10: 0.05}, broken=range(9, 12))
    assert metrics.shifted == [(GCC.name, [9, 10, 11, 12])]
    (compared,) = metrics.compared
    assert compared.doubt == "the others before it cannot be measured"
    assert compared.old == metrics.world.commits[8]


def test_an_end_that_cannot_be_measured_is_no_end(metrics: Metrics) -> None:
    with pytest.raises(UnusableEnds, match=r"v2\.9\.0 cannot be measured with fast"):
        metrics.hunt({}, broken={0})


def test_a_hint_that_matches_nothing_is_said_before_anything_is_measured(
    metrics: Metrics,
) -> None:
    with pytest.raises(UselessHint):
        metrics.hunt({}, hint="src/nowhere.c")


@pytest.mark.parametrize("after", [0, 3, 6, 9, 13, 17])
def test_an_interrupted_hunt_goes_on_where_it_was(metrics: Metrics, after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        metrics.hunt({7: 0.03}, die_after=after)
    again = metrics.hunt({7: 0.03})
    whole = Metrics(metrics.world, metrics.path.with_name("whole"))
    at_once = whole.hunt({7: 0.03})
    assert len(again.asked) == len(at_once.asked) - after
    assert metrics.shifted == whole.shifted == [("fast", [7])]
    assert metrics.compared == whole.compared
