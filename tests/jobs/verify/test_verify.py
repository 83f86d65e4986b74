"""Verification: the matrix, its proof by a real toolchain, and the hunks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pygit2
import pytest

from bisector.build.toolchain import Toolchains
from bisector.jobs.judge import Suite
from bisector.jobs.verify.verify import ExtraChecks, Verification, VerificationPlan
from bisector.patch import apply
from bisector.patch.apply import AppliedSeries, ApplyConflict
from bisector.patch.model import Series
from bisector.probing.prober import Prober
from bisector.record.events import Confirmed, Noted, Probed, Started, Turned
from bisector.record.patch_events import HunkDropped, Judged
from bisector.record.patch_outcome import Outcome
from bisector.record.summary import Summary, summarize
from bisector.record.verdict import Verdict
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle
from tests.support.clone import Clone
from tests.support.patches import change
from tests.support.reading import Reader, Reading, case, reading_prober
from tests.support.records import STARTED
from tests.support.toolchains import GCC, TCC

HUNKS = ExtraChecks(hunks=True)
BROKEN, FIXED = "int port = 0;\n", "int port = 80;\n"
FIX = change("src/haproxy.c", BROKEN, FIXED)
FLAP = Suite("flap", True, (case("flap", "a=1"),))
OTHER = Suite("other", False, (case("other", "b=1"),))


def reading(source: str, oracle: Oracle, toolchain: str) -> Verdict:
    return Verdict.BAD if (oracle.name, source) == ("flap", BROKEN) else Verdict.GOOD


class World:
    """A history whose commits have the sources that a test names."""

    def __init__(self, clone: Clone, workspace: Workspace, path: Path) -> None:
        self.clone, self.workspace, self.path = clone, workspace, path
        self.toolchains = Toolchains(TCC, GCC, GCC)

    def verify(
        self, sources: Sequence[str], truth: Reading, *, extra: ExtraChecks | None = None
    ) -> Prober:
        """One session over the journal of those before."""
        commits = [self.clone.commit({"src/haproxy.c": source}) for source in sources]
        prober = reading_prober(self.clone, self.workspace, self.path, truth, self.toolchains)
        prober.journal.note(STARTED)
        Verification(
            VerificationPlan(FIX, tuple(commits), (FLAP, OTHER), extra or ExtraChecks()), prober
        ).run()
        self.prober = prober
        return prober

    @property
    def summary(self) -> Summary:
        found = summarize(self.prober.journal.events)
        assert found
        return found

    def outcomes(self, scenario: str = "flap") -> list[Outcome]:
        return [one.outcome for one in self.summary.judged if one.scenario == scenario]


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return World(clone, workspace, tmp_path / "journal")


def test_a_patch_that_fixes_and_breaks_nothing_is_verified(world: World) -> None:
    world.verify([FIXED, BROKEN], reading)
    assert world.outcomes() == [Outcome.NOT_NEEDED, Outcome.FIXES]
    assert world.summary.verified


@pytest.mark.parametrize("after", [Verdict.BAD, Verdict.UNTESTABLE, Verdict.UNBUILDABLE])
def test_one_that_does_not_fix_is_not(world: World, after: Verdict) -> None:
    world.verify([BROKEN], lambda s, oracle, c: after if s == FIXED else reading(s, oracle, c))
    assert not world.summary.verified


def test_one_that_nobody_needs_is_not(world: World) -> None:
    world.verify([FIXED], reading)
    assert world.outcomes() == [Outcome.NOT_NEEDED]
    assert not world.summary.verified


def test_one_that_fixes_another_bug_is_verified_for_that(world: World) -> None:
    def truth(source: str, oracle: Oracle, toolchain: str) -> Verdict:
        return Verdict.BAD if (oracle.name, source) == ("other", BROKEN) else Verdict.GOOD

    world.verify([BROKEN, FIXED], truth, extra=HUNKS)
    assert world.outcomes() == [Outcome.NOT_NEEDED] * 2
    assert world.outcomes("other") == [Outcome.FIXES, Outcome.NOT_NEEDED]
    assert world.summary.verified
    assert world.summary.confirmed and world.summary.hunks


def test_one_that_breaks_something_else_is_not(world: World) -> None:
    def truth(source: str, oracle: Oracle, toolchain: str) -> Verdict:
        broken = oracle.name == "other" and source == FIXED
        return Verdict.BAD if broken else reading(source, oracle, toolchain)

    world.verify([BROKEN], truth)
    assert world.outcomes() == [Outcome.FIXES]
    assert world.outcomes("other") == [Outcome.BREAKS]
    assert not world.summary.verified


def test_another_scenarios_own_bug_is_not_the_patchs_fault(world: World) -> None:
    def truth(source: str, oracle: Oracle, toolchain: str) -> Verdict:
        return Verdict.BAD if oracle.name == "other" else reading(source, oracle, toolchain)

    world.verify([BROKEN], truth)
    assert world.outcomes("other") == [Outcome.INEFFECTIVE]
    assert world.summary.verified


def test_the_newest_fix_is_proven_by_a_real_toolchain(world: World) -> None:
    prober = world.verify([BROKEN, FIXED, BROKEN, FIXED], reading)
    (confirmed,) = world.summary.confirmed
    newest = world.summary.judged[4].name
    assert confirmed == Confirmed(newest, True, 4, "", "dev")
    probes = [one for one in prober.journal.events if isinstance(one, Probed)]
    real = {one.revision for one in probes if one.toolchain == "dev"}
    assert real == {world.summary.judged[4].revision}


def test_what_a_real_toolchain_contradicts_is_all_judged_anew(world: World) -> None:
    def truth(source: str, oracle: Oracle, toolchain: str) -> Verdict:
        if toolchain == "dev" and oracle.name == "flap":
            return Verdict.BAD
        return reading(source, oracle, toolchain)

    world.verify([BROKEN], truth)
    assert [one.toolchain for one in world.summary.judged] == ["dev", "dev"]
    assert world.outcomes() == [Outcome.INEFFECTIVE]
    assert any(isinstance(event, Turned) for event in world.prober.journal.events)
    assert not world.summary.verified


def test_a_real_toolchain_needs_no_proof(world: World) -> None:
    world.toolchains = Toolchains(GCC, GCC)
    prober = world.verify([BROKEN], reading)
    assert world.summary.verified
    assert isinstance(prober.executor, Reader)
    assert len(prober.executor.asked) == 4


def test_run_again_it_asks_nothing_and_says_the_same(world: World) -> None:
    world.verify([BROKEN], reading, extra=HUNKS)
    before = world.path.read_bytes()
    commits = (world.prober.context.history.head().id,)
    prober = reading_prober(world.clone, world.workspace, world.path, reading, world.toolchains)
    Verification(VerificationPlan(FIX, commits, (FLAP, OTHER), HUNKS), prober).run()
    assert isinstance(prober.executor, Reader)
    assert not prober.executor.asked
    assert world.path.read_bytes() == before


def test_hunks_are_dropped_where_the_patch_fixes(world: World) -> None:
    world.verify([BROKEN, FIXED], reading, extra=HUNKS)
    (dropped,) = world.summary.hunks
    assert isinstance(dropped, HunkDropped)
    assert dropped.revision == world.summary.judged[0].revision
    assert dropped.noticed_by == ("flap a=1",)


def test_where_it_fixes_nothing_no_hunk_is_dropped_and_that_is_said(world: World) -> None:
    prober = world.verify([FIXED], reading, extra=HUNKS)
    notes = [event.text for event in prober.journal.events if isinstance(event, Noted)]
    assert not world.summary.hunks
    assert any("neither hunks nor lines" in note for note in notes)


def test_only_judgements_and_their_probes_are_in_the_journal(world: World) -> None:
    prober = world.verify([BROKEN], reading)
    kinds = {type(event) for event in prober.journal.events}
    assert kinds >= {Started, Probed, Judged, Confirmed}


def test_a_series_is_applied_once_to_each_revision(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The matrix, its proof by gcc and the hunks need the same patched tree."""
    counts: Counter[tuple[str, Series]] = Counter()
    apply_series = apply.apply_series

    def counting(
        store: pygit2.Repository, tree: pygit2.Oid, series: Series
    ) -> AppliedSeries | ApplyConflict:
        counts[str(tree), series] += 1
        return apply_series(store, tree, series)

    monkeypatch.setattr(apply, "apply_series", counting)
    history = world.verify([BROKEN, FIXED], reading, extra=HUNKS).context.history
    broken = history.tree_id(world.summary.judged[0].revision)
    assert world.summary.confirmed and world.summary.hunks
    assert counts[broken, FIX] == 1
    assert set(counts.values()) == {1}
