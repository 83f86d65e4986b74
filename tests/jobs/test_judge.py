"""The matrix: which cases are asked before and after a patch, and what their answers come to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bisector.build.toolchain import Toolchains
from bisector.jobs.judge import Judge, Suite, find_suites
from bisector.patch.model import Series
from bisector.probing.fixups import of_commit
from bisector.probing.options import Options
from bisector.probing.prober import Prober
from bisector.probing.setup import find_test
from bisector.record.events import Probed
from bisector.record.patch_events import Judged
from bisector.record.patch_outcome import Outcome
from bisector.record.verdict import Verdict
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle
from tests.support.clone import Clone
from tests.support.patches import change
from tests.support.reading import Reader, Reading, case, reading_prober
from tests.support.stretches import BUG, HASH, NO_START, SERVER, Stretches, hash_c
from tests.support.toolchains import GCC, TCC

FLAP = Suite("flap", True, (case("flap", "a=1"), case("flap", "a=2")))
OTHER = Suite("other", False, (case("other", "b=1"),))

FAST_ALONE = Toolchains(TCC, GCC)
BROKEN, FIXED = "int port = 0;\n", "int port = 80;\n"
FIX = change("src/haproxy.c", BROKEN, FIXED)


def reading(source: str, oracle: Oracle, toolchain: str) -> Verdict:
    """The first variant of flap sees the bug, the second does not."""
    bad = source == BROKEN and oracle.variant == "a=1"
    return Verdict.BAD if bad else Verdict.GOOD


World = Callable[..., Prober]


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    def make(source: str, truth: Reading = reading, toolchains: Toolchains = FAST_ALONE) -> Prober:
        clone.commit({"src/haproxy.c": source})
        return reading_prober(clone, workspace, tmp_path / "journal", truth, toolchains)

    return make


def judged(prober: Prober, series: Series = FIX) -> dict[str, Judged]:
    judge = Judge(prober, (OTHER, FLAP))
    return {one.scenario: one for one in judge.judge(prober.context.history.head().id, series)}


def reader(prober: Prober) -> Reader:
    assert isinstance(prober.executor, Reader)
    return prober.executor


def test_every_case_is_asked_before_and_after(world: World) -> None:
    prober = world(BROKEN)
    judged(prober)
    sources = [(source, variant) for source, variant, _ in reader(prober).asked]
    assert sorted(sources) == sorted((s, v) for s in (BROKEN, FIXED) for v in ("a=1", "a=2", "b=1"))


def test_the_wanted_scenario_comes_first_and_each_has_its_outcome(world: World) -> None:
    found = judged(world(BROKEN))
    assert list(found) == ["flap", "other"]
    assert (found["flap"].outcome, found["flap"].wanted) == (Outcome.FIXES, True)
    assert (found["other"].outcome, found["other"].wanted) == (Outcome.NOT_NEEDED, False)
    assert [cell.outcome for cell in found["flap"].cells] == [Outcome.FIXES, Outcome.NOT_NEEDED]
    assert found["flap"].how == ("exact",)


def test_what_was_good_and_is_bad_is_broken_whatever_scenario_says_so(world: World) -> None:
    def truth(source: str, oracle: Oracle, toolchain: str) -> Verdict:
        if oracle.name == "other":
            return Verdict.BAD if source == FIXED else Verdict.GOOD
        return reading(source, oracle, toolchain)

    found = judged(world(BROKEN, truth))
    assert found["flap"].outcome is Outcome.FIXES
    assert found["other"].outcome is Outcome.BREAKS
    assert found["other"].cells[0].reason == "signature"


def test_a_patch_without_effect_is_ineffective(world: World) -> None:
    found = judged(world(BROKEN, lambda source, oracle, toolchain: Verdict.BAD))
    assert found["flap"].outcome is found["other"].outcome is Outcome.INEFFECTIVE


def test_a_patch_that_is_there_already_is_not_tested_twice(world: World) -> None:
    prober = world(FIXED)
    found = judged(prober)
    assert found["flap"].how == ("already",)
    assert found["flap"].outcome is Outcome.NOT_NEEDED
    assert len(reader(prober).asked) == 3


def test_a_conflict_names_file_and_hunk_where_the_patch_is_needed(world: World) -> None:
    prober = world("int other;\n", lambda source, oracle, toolchain: Verdict.BAD)
    found = judged(prober)
    assert found["flap"].outcome is Outcome.CONFLICT
    assert found["flap"].how == ("conflict",)
    assert "src/haproxy.c @@ -1,1 +1,1 @@" in found["flap"].problem
    assert found["flap"].cells[0].after is None


def test_a_conflict_where_all_is_good_is_no_harm(world: World) -> None:
    found = judged(world("int other;\n"))
    assert found["flap"].outcome is Outcome.NOT_NEEDED
    assert found["flap"].how == ("conflict",)
    assert "src/haproxy.c" in found["flap"].problem


def test_what_does_not_compile_is_built_once_by_each_toolchain(world: World) -> None:
    def truth(source: str, oracle: Oracle, toolchain: str) -> Verdict:
        return Verdict.UNBUILDABLE if source == FIXED else Verdict.BAD

    prober = world(BROKEN, truth, Toolchains(TCC, GCC, GCC))
    found = judged(prober)
    assert found["flap"].outcome is found["other"].outcome is Outcome.UNBUILDABLE
    assert found["flap"].problem == "unbuildable, as it is"
    toolchains = [toolchain for source, _, toolchain in reader(prober).asked if source == FIXED]
    assert toolchains == ["fast", "dev"]


def test_the_toolchain_that_could_build_the_first_case_is_asked_the_others(world: World) -> None:
    def truth(source: str, oracle: Oracle, toolchain: str) -> Verdict:
        return Verdict.UNBUILDABLE if toolchain == "fast" else reading(source, oracle, toolchain)

    prober = world(BROKEN, truth, Toolchains(TCC, GCC, GCC))
    found = judged(prober)
    assert found["flap"].outcome is Outcome.FIXES
    assert found["flap"].toolchain == "dev"
    asked = [toolchain for source, _, toolchain in reader(prober).asked if source == BROKEN]
    assert asked == ["fast", "dev", "dev", "dev"]


def test_a_named_toolchain_is_asked_and_its_probes_are_confirmations(world: World) -> None:
    prober = world(BROKEN)
    head = prober.context.history.head().id
    (flap,) = Judge(prober, (FLAP,), GCC).judge(head, FIX)
    assert flap.toolchain == "dev"
    probes = [event for event in prober.journal.events if isinstance(event, Probed)]
    assert {event.purpose for event in probes} == {"confirm before", "confirm after"}
    assert [event.patched for event in probes].count(True) == 2


def test_several_revisions_come_in_their_order(world: World, clone: Clone) -> None:
    world(FIXED)
    prober = world(BROKEN)
    history = prober.context.history
    commits = [history.head().id, *history.head().parents]
    told = list(Judge(prober, (FLAP,)).judge_all(commits, FIX))
    assert [one.revision for (one,) in told] == commits
    assert [one.outcome for (one,) in told] == [Outcome.FIXES, Outcome.NOT_NEEDED]


# --- the suites -----------------------------------------------------------------------------------

VTC = 'vtest "x"\n'


def suites(**options: Any) -> dict[str, list[str]]:
    """The variants that verification takes, by scenario, the wanted one marked."""
    asked = Options(**options)
    return {
        suite.scenario + "*" * suite.wanted: [case.variant for case in suite.cases]
        for suite in find_suites(asked, find_test(asked))
    }


def test_verification_takes_the_named_scenario_and_all_others_crossed() -> None:
    found = suites(scenario="dns-false-up")
    assert list(found) == ["dns-false-up*", "dns-flap"]
    assert {len(variants) for variants in found.values()} == {30}
    assert list(suites()) == ["dns-flap*", "dns-false-up"]


def test_settings_leave_only_the_variants_that_have_them() -> None:
    found = suites(settings=("record=SRV", "check=plain"))
    assert len(found["dns-flap*"]) == 5
    assert all("record=SRV" in one and "check=plain" in one for one in found["dns-flap*"])
    assert len(found["dns-false-up"]) == 30


def test_settings_that_no_crossed_variant_has_are_a_variant_of_their_own() -> None:
    words = ("record=A", "failure=nxdomain", "check=plain", "declare=line", "servers=3")
    (only,) = suites(settings=words)["dns-flap*"]
    assert "declare=line servers=3" in only


def test_any_vtc_is_a_suite_of_one(tmp_path: Path) -> None:
    path = tmp_path / "x.vtc"
    path.write_text(VTC)
    assert suites(own_test=("vtc", str(path)))["x*"] == [""]
    assert len(suites(own_test=("vtc", str(path)))) == 3


# --- a revision that cannot be judged as it is ----------------------------------------------------


@pytest.mark.parametrize("with_fixup", [True, False])
def test_both_sides_are_judged_with_the_fixup_that_the_revision_needs(
    clone: Clone, workspace: Workspace, tmp_path: Path, with_fixup: bool
) -> None:
    made = Stretches(
        clone,
        workspace,
        tmp_path / "journal",
        lambda n: {HASH: hash_c(NO_START if n in range(5, 9) else "int ok;"), SERVER: f"{BUG}\n"},
    )
    fixup = of_commit(made.prober().context.history, made.commits[9])
    prober = made.prober([fixup] if with_fixup else [])
    patch = change(SERVER, f"{BUG}\n", "int fine;\n")
    (told,) = Judge(prober, (Suite("flap", True, (case("flap", "a=1"),)),)).judge(
        made.commits[7], patch
    )
    assert told.outcome is (Outcome.FIXES if with_fixup else Outcome.UNTESTABLE)
    last = {one.patched: one for one in made.probes()}
    name = fixup.name if with_fixup else ""
    assert (last[False].fixup, last[True].fixup) == (name, name)
