"""The proof: both sides several times, and where chance has a hand in it, as often as it takes."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from bisector.build.toolchain import Toolchains
from bisector.build.toolchains.release import Release
from bisector.jobs.hunt.proof import CONFIRM_RUNS, MISSED, MOST_RUNS, FastContradicted, Prover
from bisector.jobs.hunt.transition import TestIsFlaky
from bisector.record.events import Confirmed, Found
from bisector.record.verdict import Verdict
from bisector.record.words import Change
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.hunting import BAD, GOOD, UNTESTABLE, Scripted, World
from tests.support.toolchains import GCC, TCC

Says = Callable[[int], Verdict]
"""A side's verdict by its run."""


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return World(clone, workspace, tmp_path / "journal")


def steadily(verdict: Verdict) -> Says:
    return lambda run: verdict


def sometimes(share: float, name: str) -> Says:
    """Bad in that *share* of the runs."""
    return lambda run: BAD if random.Random(f"{name}{run}").random() < share else GOOD


class Proof:
    """Of commit 7, with its parent 6."""

    def __init__(self, world: World, parent: Says, child: Says) -> None:
        self.world = world
        self.prober: Scripted = world.prober(lambda n, run: parent(run) if n == 6 else child(run))

    def confirm(
        self, what: Change = Change.INTRODUCTION, *, flaky: bool = False, only: bool = True
    ) -> Confirmed:
        commits = self.world.commits
        revisions = (commits[7],) if only else (commits[6], commits[7])
        found = Found(what, revisions, ("s",) * len(revisions), (), (commits[6],), 0.995)
        proof = self.world.toolchains.proof
        assert proof is not None
        return Prover(self.prober, proof).confirm(found, flaky)

    def runs(self, number: int) -> int:
        return self.prober.asked.count(number)


# --- a steady test --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "before", "after"), [(Change.INTRODUCTION, GOOD, BAD), (Change.FIX, BAD, GOOD)]
)
def test_both_sides_as_expected_in_all_runs_are_proof(
    world: World, what: Change, before: Verdict, after: Verdict
) -> None:
    proof = Proof(world, steadily(before), steadily(after))
    assert proof.confirm(what) == Confirmed(what, True, CONFIRM_RUNS, "", "dev")
    assert proof.runs(6) == proof.runs(7) == CONFIRM_RUNS


def test_it_is_the_proving_toolchains(world: World) -> None:
    world.toolchains = Toolchains(TCC, Release("make", (), "gcc -O2"), GCC)
    proof = Proof(world, steadily(GOOD), steadily(BAD))
    assert proof.confirm().toolchain == Release.name
    told = [one for runs in proof.prober.verdicts().values() for one in runs]
    assert {one.toolchain for one in told} == {Release.name}


def test_a_side_that_says_otherwise_all_the_time_is_a_doubt(world: World) -> None:
    said = Proof(world, steadily(BAD), steadily(BAD)).confirm()
    assert not said.proven
    assert said.doubt.startswith("run 1 of ") and "is bad" in said.doubt


def test_runs_of_one_side_that_differ_are_a_sign_of_chance(world: World) -> None:
    with pytest.raises(TestIsFlaky, match=world.commits[7][:10]):
        Proof(world, steadily(GOOD), lambda run: GOOD if run == 3 else BAD).confirm()


def test_one_that_could_not_be_tested_is_made_again(world: World) -> None:
    proof = Proof(world, lambda run: UNTESTABLE if run == 2 else GOOD, steadily(BAD))
    assert proof.confirm() == Confirmed(Change.INTRODUCTION, True, CONFIRM_RUNS, "", "dev")
    assert (proof.runs(6), proof.runs(7)) == (CONFIRM_RUNS + 1, CONFIRM_RUNS)


def test_many_that_could_not_be_tested_are_a_doubt(world: World) -> None:
    said = Proof(world, lambda run: UNTESTABLE if run > 3 else GOOD, steadily(BAD)).confirm()
    assert "run 5 of" in said.doubt and not said.proven


def test_a_set_or_a_commit_with_its_parents_binary_is_not_proven(world: World) -> None:
    proof = Proof(world, steadily(GOOD), steadily(BAD))
    assert proof.confirm(only=False).doubt == "the others before it cannot be tested"
    world.path = world.path.with_name("other")
    proof = Proof(world, steadily(GOOD), steadily(BAD))
    proof.prober.machine.binaries = {6: "same", 7: "same"}
    assert "identical" in proof.confirm().doubt


# --- what fast found ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parent", "child"),
    [(GOOD, GOOD), (BAD, BAD), (GOOD, UNTESTABLE), (UNTESTABLE, BAD)],
)
def test_fast_is_contradicted_by_another_verdict_or_by_none_at_all(
    world: World, parent: Verdict, child: Verdict
) -> None:
    world.toolchains = Toolchains(TCC, GCC, GCC)
    with pytest.raises(FastContradicted):
        Proof(world, steadily(parent), steadily(child)).confirm()


def test_fast_is_not_contradicted_by_runs_that_could_not_be_tested_among_others(
    world: World,
) -> None:
    world.toolchains = Toolchains(TCC, GCC, GCC)
    said = Proof(world, steadily(GOOD), lambda run: UNTESTABLE if run > 1 else BAD).confirm()
    assert not said.proven


@pytest.mark.parametrize(("parent", "child"), [(GOOD, GOOD), (BAD, BAD)])
def test_with_chance_too(world: World, parent: Verdict, child: Verdict) -> None:
    world.toolchains = Toolchains(TCC, GCC, GCC)
    with pytest.raises(FastContradicted):
        Proof(world, steadily(parent), steadily(child)).confirm(flaky=True)


# --- a test with chance ---------------------------------------------------------------------------


@pytest.mark.parametrize("share", [1.0, 0.7, 0.3])
def test_the_good_side_passes_so_often_that_a_bad_one_would_hardly_have(
    world: World, share: float
) -> None:
    proof = Proof(world, steadily(GOOD), sometimes(share, "a"))
    said = proof.confirm(flaky=True)
    assert said.proven, said.doubt
    bad = [one for one in proof.prober.verdicts()[world.commits[7]] if one.verdict is BAD]
    passing = (proof.runs(7) - len(bad) + 1) / (proof.runs(7) + 2)
    assert passing ** proof.runs(6) <= MISSED
    assert f"{len(bad)} of {proof.runs(7)}" in said.tally
    assert f"0 of {proof.runs(6)}" in said.tally
    assert 1 - MISSED <= said.confidence <= 0.995, "no surer than the search was"


def test_the_rarer_it_fails_the_more_runs_it_takes(world: World) -> None:
    often = Proof(world, steadily(GOOD), steadily(BAD))
    often.confirm(flaky=True)
    world.path = world.path.with_name("other")
    seldom = Proof(world, steadily(GOOD), lambda run: BAD if run % 5 == 4 else GOOD)
    seldom.confirm(flaky=True)
    assert often.runs(6) == CONFIRM_RUNS < seldom.runs(6) <= MOST_RUNS


def test_a_bad_side_that_is_never_bad_proves_nothing(world: World) -> None:
    proof = Proof(world, steadily(GOOD), steadily(GOOD))
    said = proof.confirm(flaky=True)
    assert f"was never bad in {MOST_RUNS} runs" in said.doubt
    assert not said.proven


def test_one_that_fails_too_seldom_leaves_a_doubt_with_its_size(world: World) -> None:
    proof = Proof(world, steadily(GOOD), lambda run: BAD if run in (40, 50) else GOOD)
    said = proof.confirm(flaky=True)
    assert "passes in all these runs with P = 0." in said.doubt
    assert said.confidence < 1 - MISSED
    assert proof.runs(6) == MOST_RUNS


def test_a_good_side_that_is_bad_once_is_a_doubt(world: World) -> None:
    said = Proof(world, lambda run: BAD if run == 2 else GOOD, steadily(BAD)).confirm(flaky=True)
    assert "was bad in 1 of" in said.doubt


def test_runs_that_could_not_be_tested_do_not_count_as_passed(world: World) -> None:
    child: Says = lambda run: UNTESTABLE if run % 2 else (BAD if run % 4 else GOOD)  # noqa: E731
    proof = Proof(world, steadily(GOOD), child)
    assert proof.confirm(flaky=True).proven
    assert proof.runs(6) > CONFIRM_RUNS, "it passes half of the runs that told anything"


def test_a_later_session_asks_nothing_again(world: World) -> None:
    first = Proof(world, steadily(GOOD), sometimes(0.4, "b"))
    said = first.confirm(flaky=True)
    later = Proof(world, steadily(GOOD), sometimes(0.4, "b"))
    assert later.confirm(flaky=True) == said
    assert later.prober.asked == []
