"""The proof of a change where load disturbs the metric: in turns, and in several layouts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bisector.build.toolchain import Toolchain
from bisector.jobs.metric import comparison
from bisector.jobs.metric.comparison import LAYOUTS, Comparison
from bisector.probing.prober import Prober
from bisector.record.journal import Journal
from bisector.record.metric_events import Compared, Shifted
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle
from tests.support.clone import Clone
from tests.support.hunting import Scripted, World, bad_in
from tests.support.measuring import MadeUp
from tests.support.toolchains import GCC

Effect = Callable[[str], float]
"""The change at commit 5 in builds with these compiler options, '' for the usual ones."""


@dataclass
class Timed:
    """Comparisons of commit 5 with its parent, by a machine of this ``noise``."""

    world: World
    path: Path
    noise: float = 0.01
    compared_with: list[str] = field(default_factory=list)

    def compare(self, effect: Effect) -> Compared:
        world = self.world
        prober = Scripted(
            world.context(), Journal(self.path), world.commits, bad_in(()), lambda text: None
        )
        options = [""]
        answer = prober.machine._answer

        def remembering(request: object) -> object:
            options[0] = dict(request.toolchain.variables).get("ADDINC", "")  # type: ignore[attr-defined]
            return answer(request)  # type: ignore[arg-type]

        def samples(name: str, number: int, run: int) -> tuple[float, ...]:
            chance = random.Random(f"{options[0]}{number}/{run}")
            level = 1 + effect(options[0]) * (number >= 5)
            return tuple(level * chance.gauss(1, self.noise) for _ in range(4))

        prober.machine._answer = remembering  # type: ignore[assignment, method-assign]
        prober.machine.samples = samples
        old, new = world.commits[4], world.commits[5]
        shifted = Shifted((new,), ("subject",), ("",), old, 0.05, 0.99, 1, "release")
        return Comparison(prober, GCC, 0.02).of(shifted, old)


@pytest.fixture
def timed(
    clone: Clone, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Timed:
    world = World(clone, workspace, tmp_path / "unused")
    world.oracle = MadeUp("time", "digest of time", disturbed=True)
    made = Timed(world, tmp_path / "journal")

    @contextmanager
    def compared_with(prober: Prober, revision: str, toolchain: Toolchain) -> Iterator[Oracle]:
        made.compared_with.append(revision)
        yield replace(world.oracle, digest=f"with {revision} {toolchain.identity}")

    monkeypatch.setattr(comparison, "compared_with", compared_with)
    return made


def test_a_change_in_each_layout_is_proven(timed: Timed) -> None:
    compared = timed.compare(lambda options: 0.06)
    assert compared.proven
    assert [one.options for one in compared.layouts] == [*LAYOUTS]
    effects = [compared.effect, *(one.effect for one in compared.layouts)]
    assert all(0.04 < effect < 0.08 for effect in effects)
    assert timed.compared_with == [timed.world.commits[4]] * 3


def test_a_change_that_another_layout_does_not_have_is_not_the_commits(timed: Timed) -> None:
    compared = timed.compare(lambda options: 0.0 if "=64" in options else 0.06)
    assert not compared.proven
    assert compared.doubt.startswith(f"with {LAYOUTS[0]} the change is ")
    assert compared.effect > 0.04


def test_a_change_the_other_way_is_said(timed: Timed) -> None:
    compared = timed.compare(lambda options: -0.06)
    assert compared.doubt == "built with dev the change has the other sign"
    assert compared.layouts == ()


def test_noise_is_measured_away_as_far_as_it_goes(timed: Timed) -> None:
    timed.noise = 0.2
    compared = timed.compare(lambda options: 0.01)
    assert not compared.proven
    assert "built with dev the change is " in compared.doubt
    assert compared.runs == 4 * 2 * comparison.MOST_TURNS


def test_no_change_is_seen_as_none(timed: Timed) -> None:
    compared = timed.compare(lambda options: 0.0)
    assert not compared.proven
    assert abs(compared.effect) < 0.01
