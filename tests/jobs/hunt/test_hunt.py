"""The hunt's flow, with a stand-in for builds and tests that answers from a known truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pygit2
import pytest

from bisector.build.toolchain import Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.errors import NoTransitionSeen, NoWitness, UnusableEnds, UselessHint
from bisector.jobs.hunt.hunt import Hunt
from bisector.jobs.hunt.proof import CONFIRM_RUNS
from bisector.jobs.hunt.question import HuntQuestion
from bisector.patch.apply import ApplyConflict, ConflictPlace
from bisector.probing.executors import Local
from bisector.probing.probe import Probe, key_of
from bisector.probing.prober import Prober
from bisector.record.events import Confirmed, Ended, Event, Found, Noted, Probed, Turned
from bisector.record.journal import Journal
from bisector.record.patch_events import PatchChecked
from bisector.record.summary import summarize
from bisector.record.verdict import Result, Ruling
from bisector.record.words import Change
from bisector.report import terminal
from bisector.search.witness import BUDGET
from bisector.system.slots import Slot
from bisector.system.workspace import Workspace
from bisector.testing.scenario import Known
from tests.support.clone import Clone
from tests.support.hunting import (
    BAD,
    GOOD,
    UNTESTABLE,
    Scripted,
    World,
    bad_in,
    flaky_in,
    tell_fast,
)
from tests.support.records import STARTED
from tests.support.toolchains import AUTO, GCC, TCC

pytestmark = pytest.mark.usefixtures("no_clock")


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return World(clone, workspace, tmp_path / "journal")


# --- the four kinds of ends -----------------------------------------------------------------------


def test_good_to_bad_finds_the_introduction(world: World) -> None:
    world.hunt(bad_in(range(7, 24)))
    assert world.found() == {Change.INTRODUCTION: [7]}
    assert world.confirmed() == {Change.INTRODUCTION: ""}
    assert world.ended() == Ended("answered", ("v3.0-dev1", "v3.0.0", "v3.1-dev1"))


def test_bad_to_good_finds_the_fix(world: World) -> None:
    world.hunt(bad_in(range(14)))
    assert world.found() == {Change.FIX: [14]}
    assert world.confirmed() == {Change.FIX: ""}
    assert world.ended() == Ended("answered", ("v2.9.0", "v3.0-dev1", "v3.0.0"))


def test_good_to_good_finds_a_witness_then_the_introduction_and_the_fix(world: World) -> None:
    prober = world.hunt(bad_in(range(10, 15)))
    assert world.found() == {Change.INTRODUCTION: [10], Change.FIX: [15]}
    assert world.confirmed() == {Change.INTRODUCTION: "", Change.FIX: ""}
    assert world.ended() == Ended("answered", ("v3.0.0",))
    assert prober.asked[:2] == [0, 23], "both ends come first"


@pytest.mark.parametrize("culprit", [1, 2, 22, 23])
def test_the_first_commits_and_the_last_ones_are_found_too(world: World, culprit: int) -> None:
    world.hunt(bad_in(range(culprit, 24)))
    assert world.found() == {Change.INTRODUCTION: [culprit]}
    assert world.confirmed() == {Change.INTRODUCTION: ""}


def test_a_bad_stretch_of_one_commit_is_found(world: World) -> None:
    world.hunt(bad_in(range(16, 17)))
    assert world.found() == {Change.INTRODUCTION: [16], Change.FIX: [17]}
    assert world.ended() == Ended("answered", ())


def test_two_good_ends_may_be_a_release_each(world: World) -> None:
    world.range = "v2.9..v3.1-dev1"
    prober = world.hunt(bad_in(range(10, 15)))
    assert world.found() == {Change.INTRODUCTION: [10], Change.FIX: [15]}
    assert prober.asked.count(20) == 1, "the end is no place to look for a witness"


def test_bad_to_bad_says_so_and_offers_an_older_release(world: World) -> None:
    world.range = f"{world.commits[15]}..master"
    with pytest.raises(UnusableEnds, match=r"both ends .* are bad: .*--older.* v3\.0\.0") as caught:
        world.hunt(bad_in(range(24)))
    assert world.ended().answer == caught.value.what
    assert world.found() == {}


def test_bad_to_bad_without_an_older_release_still_says_what_to_do(world: World) -> None:
    with pytest.raises(UnusableEnds, match="use an older end"):
        world.hunt(bad_in(range(24)))


@pytest.mark.parametrize(("works", "name"), [(23, "v2.9.0"), (0, "")])
def test_an_end_that_cannot_be_tested_is_named_with_its_reason_and_log(
    world: World, works: int, name: str
) -> None:
    untestable = set(range(24)) - {works}
    with pytest.raises(UnusableEnds, match=f"the range's end {name}.* is untestable") as caught:
        world.hunt(bad_in(range(0), untestable=untestable))
    assert "(log: /log)" in caught.value.hint
    assert world.ended().answer == caught.value.what


def test_without_a_witness_it_never_says_that_there_is_no_bug(world: World) -> None:
    with pytest.raises(NoWitness) as caught:
        world.hunt(bad_in(range(0)))
    said = str(caught.value)
    assert "no bad revision among 22 tested between the good ends" in said
    assert "a bad stretch of up to 0 commits could have been missed" in said
    assert said.startswith(world.ended().answer)
    assert "see with 'bisector probe' that it is bad" in said


@pytest.mark.parametrize(
    ("untestable", "tested", "gap"), [(range(1, 23), 0, 22), (range(5, 9), 18, 4)]
)
def test_a_place_that_cannot_be_tested_is_no_good_one_and_both_reports_say_so(
    world: World, untestable: range, tested: int, gap: int
) -> None:
    with pytest.raises(NoWitness) as caught:
        world.hunt(bad_in(range(0), untestable=untestable))
    for said in (str(caught.value), world.ended().answer):
        assert f"no bad revision among {tested} tested between the good ends" in said
        assert f"a bad stretch of up to {gap} commits could have been missed" in said


def test_the_witness_hunt_keeps_to_its_budget(
    clone: Clone, workspace: Workspace, tmp_path: Path
) -> None:
    world = World(clone, workspace, tmp_path / "journal")
    world.commits += clone.line(60)
    with pytest.raises(NoWitness, match=f"among {BUDGET} tested .* up to [1-9]"):
        world.hunt(bad_in(range(0)))


# --- what is known beforehand ---------------------------------------------------------------------


def test_a_right_suspect_is_proven_with_the_fewest_probes(world: World) -> None:
    known = Known(suspect=world.commits[10], fix=world.commits[15])
    prober = world.hunt(bad_in(range(10, 15)), known=known)
    assert world.found() == {Change.INTRODUCTION: [10], Change.FIX: [15]}
    assert set(prober.asked) == {0, 23, 10, 9, 14, 15}


def test_a_revision_that_is_known_to_be_bad_is_tried_first(world: World) -> None:
    prober = world.hunt(bad_in(range(10, 15)), known=Known(bad=world.commits[12]))
    assert list(prober.asked)[:3] == [0, 23, 12]
    assert world.found() == {Change.INTRODUCTION: [10], Change.FIX: [15]}


def test_a_wrong_suspect_does_not_mislead(world: World) -> None:
    known = Known(suspect=world.commits[4], fix=world.commits[20])
    world.hunt(bad_in(range(10, 15)), known=known)
    assert world.found() == {Change.INTRODUCTION: [10], Change.FIX: [15]}
    assert world.confirmed() == {Change.INTRODUCTION: "", Change.FIX: ""}


def test_a_suspect_that_the_repository_does_not_know_is_passed_over(world: World) -> None:
    world.hunt(bad_in(range(10, 15)), known=Known(suspect="64c9c8ef39", fix="nonesuch"))
    assert world.found() == {Change.INTRODUCTION: [10], Change.FIX: [15]}


def test_a_suspect_at_the_very_end_is_passed_over(world: World) -> None:
    world.hunt(bad_in(range(10, 15)), known=Known(suspect=world.commits[23]))
    assert world.found() == {Change.INTRODUCTION: [10], Change.FIX: [15]}


def test_what_the_patch_touches_is_looked_at_unless_the_hunt_is_blind(
    clone: Clone, workspace: Workspace, tmp_path: Path
) -> None:
    world = World(clone, workspace, tmp_path / "journal")
    world.commits += [clone.commit({"src/server.c": "1\n"}), clone.commit({"src/server.c": "2\n"})]
    world.commits += clone.line(4)
    truth = bad_in(range(24, 25))
    seen = world.hunt(truth, series=world.fix_series(25))
    assert seen.asked[2] in (23, 24), "parents of what touches it come first"
    world.path = tmp_path / "blind"
    blind = world.hunt(truth, series=world.fix_series(25), blind=True)
    assert blind.asked[2] not in (23, 24)
    assert world.found() == {Change.INTRODUCTION: [24], Change.FIX: [25]}


# --- no answer without proof ----------------------------------------------------------------------


def test_both_sides_are_probed_several_times(world: World) -> None:
    prober = world.hunt(bad_in(range(7, 24)))
    assert prober.asked.count(7) == prober.asked.count(6) == CONFIRM_RUNS
    runs = [event.run for event in world.events if isinstance(event, Probed)]
    assert max(runs) == CONFIRM_RUNS - 1


def test_a_run_of_the_proof_that_cannot_be_tested_is_made_again(world: World) -> None:
    truth = bad_in(range(7, 24))
    prober = world.hunt(lambda n, r: UNTESTABLE if (n, r) == (7, 1) else truth(n, r))
    assert world.confirmed() == {Change.INTRODUCTION: ""}
    assert prober.asked.count(7) == CONFIRM_RUNS + 1


def test_runs_that_cannot_be_tested_raise_doubt(world: World) -> None:
    truth = bad_in(range(7, 24))
    world.hunt(lambda n, r: UNTESTABLE if n == 7 and r else truth(n, r))
    assert world.found() == {Change.INTRODUCTION: [7]}
    assert (
        f"run 2 of {world.commits[7][:10]} is untestable" in world.confirmed()[Change.INTRODUCTION]
    )


def test_a_culprit_with_its_parents_very_binary_raises_doubt(world: World) -> None:
    def same(prober: Scripted) -> None:
        prober.machine.binaries = {6: "same", 7: "same"}

    world.hunt(bad_in(range(7, 24)), prepare=same)
    assert "identical" in world.confirmed()[Change.INTRODUCTION]


def test_no_binary_is_not_the_same_binary(world: World) -> None:
    def none(prober: Scripted) -> None:
        prober.machine.binaries = {6: "", 7: ""}

    world.hunt(bad_in(range(7, 24)), prepare=none)
    assert world.confirmed() == {Change.INTRODUCTION: ""}


@pytest.mark.parametrize("stretch", [range(6, 7), range(5, 9)])
def test_commits_that_cannot_be_tested_leave_a_set_and_that_is_said(
    world: World, stretch: range
) -> None:
    """One of those that cannot be tested may be the culprit, or the first bad one after them."""
    world.hunt(bad_in(range(7, 24), untestable=stretch))
    first_bad = max(7, stretch.stop)
    assert world.found() == {Change.INTRODUCTION: [*stretch, first_bad]}
    assert world.confirmed() == {Change.INTRODUCTION: "the others before it cannot be tested"}


def test_commits_elsewhere_that_cannot_be_tested_do_not_matter(world: World) -> None:
    world.hunt(bad_in(range(7, 24), untestable=[2, 3, 10, 12, 13, 14, 18]))
    assert world.found() == {Change.INTRODUCTION: [7]}
    assert world.confirmed() == {Change.INTRODUCTION: ""}


def test_a_commit_that_cannot_change_the_binary_is_never_the_answer(
    clone: Clone, workspace: Workspace, tmp_path: Path
) -> None:
    world = World(clone, workspace, tmp_path / "journal")
    world.commits += [clone.commit({"doc/x": "1\n"}), clone.commit({"doc/x": "2\n"})]
    world.commits += [clone.commit({"src/y.c": "1\n"}), clone.commit({"src/y.c": "2\n"})]
    prober = world.hunt(bad_in(range(26, 28)))
    assert world.found() == {Change.INTRODUCTION: [26]}
    assert 24 not in prober.asked


def test_across_merges_the_commit_on_the_branch_is_found(
    clone: Clone, workspace: Workspace, tmp_path: Path
) -> None:
    world = World(clone, workspace, tmp_path / "journal")
    fork = world.commits[23]
    side = clone.commit({"src/side.c": "1\n"}, parents=[fork], branch="side")
    worse = clone.commit({"src/side.c": "2\n"}, branch="side")
    main = clone.commit({"src/main.c": "1\n"})
    merge = clone.commit({"src/side.c": "2\n"}, parents=[main, worse])
    world.commits += [side, main, worse, merge]
    world.hunt(lambda n, r: BAD if n >= 26 else GOOD)
    assert world.found() == {Change.INTRODUCTION: [26]}
    assert world.confirmed() == {Change.INTRODUCTION: ""}


# --- releases and the patch -----------------------------------------------------------------------


def test_the_series_is_tried_on_each_affected_release(world: World) -> None:
    conflict = ApplyConflict("0001-x.patch", (ConflictPlace("src/a.c", "@@ -1 +1 @@", "differs"),))

    def prepare(prober: Scripted) -> None:
        prober.patched = {9: GOOD, 12: BAD, 20: conflict}

    world.hunt(bad_in(range(7, 24)), series=world.fix_series(5), prepare=prepare)
    how = ("exact", "three-way (3.0)")
    dev1, stable, dev2 = (world.commits[number] for number in (9, 12, 20))
    said = "0001-x.patch conflicts: src/a.c @@ -1 +1 @@: differs"
    assert world.patched() == [
        PatchChecked("v3.0-dev1", dev1, BAD, how, GOOD, "", Dev.name),
        PatchChecked("v3.0.0", stable, BAD, how, BAD, "", Dev.name),
        PatchChecked("v3.1-dev1", dev2, BAD, (), None, said),
    ]


def test_a_patched_release_that_cannot_be_tested_says_why(world: World) -> None:
    def prepare(prober: Scripted) -> None:
        prober.patched = {12: UNTESTABLE}

    world.hunt(bad_in(range(10, 15)), series=world.fix_series(5), prepare=prepare)
    (check,) = world.patched()
    assert (check.after, check.problem) == (UNTESTABLE, "untestable, as it is")


def test_without_a_series_nothing_is_patched(world: World) -> None:
    world.hunt(bad_in(range(10, 15)))
    assert world.patched() == []


# --- resuming -------------------------------------------------------------------------------------

TRUTHS = {
    "good to bad": bad_in(range(7, 24)),
    "bad to good": bad_in(range(14)),
    "good to good": bad_in(range(10, 15)),
    "a set": bad_in(range(10, 15), untestable=range(9, 11)),
    "flaky": lambda n, r: GOOD if (n, r) == (12, 3) else bad_in(range(12, 24))(n, r),
    "twice": lambda n, r: BAD if n in range(5, 8) or n in range(11, 17) else GOOD,
}


@pytest.mark.parametrize("name", TRUTHS)
def test_the_same_hunt_again_asks_nothing_and_says_nothing_new(world: World, name: str) -> None:
    world.hunt(TRUTHS[name], series=world.fix_series(5))
    before = world.path.read_bytes()
    again = world.hunt(TRUTHS[name], series=world.fix_series(5))
    assert again.asked == []
    assert world.path.read_bytes() == before


def test_revisions_that_build_the_same_are_probed_once_also_when_resumed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real prober and real keys; only build and test are made up."""
    new = [world.clone.commit({"doc/x": "1\n"}), *world.clone.line(3)]
    new += [world.clone.commit({"doc/x": "2\n"})]
    world.range = f"{new[0]}..master"
    made = []

    def probed(workspace: Workspace, request: Probe, slot: Slot) -> Result:
        made.append(request)
        tree = world.clone.git[request.tree].peel(pygit2.Tree)
        bad = tree["src/haproxy.c"].peel(pygit2.Blob).data != b"int x = 23;\n"
        ruling = Ruling(BAD if bad else GOOD, "why")
        return Result(ruling, key_of(request), request.tree)

    monkeypatch.setattr("bisector.probing.executors.probe", probed)
    journals = []
    for _ in range(2):
        bench = world.context()
        with Local(world.workspace, 1) as executor:
            prober = Prober(bench, Journal(world.path), executor, lambda text: None, fresh=False)
            Hunt(HuntQuestion(bench.history.range(world.range)), prober).run()
        journals.append(world.path.read_bytes())
    assert journals[0] == journals[1]
    assert len({(request.tree, request.run) for request in made}) == len(made)
    (found,) = (event for event in world.events if isinstance(event, Found))
    assert found.revisions == (new[1],)


def test_a_hunt_that_failed_says_the_same_again(world: World) -> None:
    for _ in range(2):
        with pytest.raises(NoWitness) as caught:
            world.hunt(bad_in(range(0)))
        assert str(caught.value).startswith(world.ended().answer)


def answers(events: list[Event]) -> list[Event]:
    """What a hunt says, but for how sure it is of a flaky test."""
    return [
        replace(event, confidence=1.0, tally="", runs=0)
        if isinstance(event, Confirmed)
        else replace(event, confidence=1.0)
        if isinstance(event, Found)
        else event
        for event in events
        if not isinstance(event, Probed)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "other_tools"), [*((name, False) for name in TRUTHS), (next(iter(TRUTHS)), True)]
)
def test_killed_at_any_time_it_goes_on_and_ends_the_same(
    world: World, name: str, other_tools: bool
) -> None:
    """No question is asked twice, and what is said in the end is the same."""
    world.other_tools = other_tools
    world.hunt(TRUTHS[name], series=world.fix_series(5))
    whole = world.path.read_bytes()
    said = answers(world.events)
    lines = whole.splitlines(keepends=True)
    for kept in range(0, len(lines), 3):
        world.path.write_bytes(b"".join(lines[:kept]) + lines[kept][:20])
        world.hunt(TRUTHS[name], series=world.fix_series(5))
        assert answers(world.events) == said
        asked = [(e.key, e.run) for e in world.events if isinstance(e, Probed) and not e.known]
        assert len(asked) == len(set(asked))


# --- two toolchains -------------------------------------------------------------------------------


def notes(world: World) -> list[str]:
    return [event.text for event in world.events if isinstance(event, Noted | Turned)]


def test_fast_searches_and_the_real_one_proves(world: World) -> None:
    world.toolchains = AUTO
    world.hunt(bad_in(range(10, 15)))
    assert world.found() == {Change.INTRODUCTION: [10], Change.FIX: [15]}
    assert world.confirmed() == {Change.INTRODUCTION: "", Change.FIX: ""}
    assert notes(world) == []
    for event in world.events:
        if isinstance(event, Probed):
            assert event.toolchain == (
                Dev.name if event.purpose.startswith("confirm") else Fast.name
            )


@pytest.mark.parametrize("toolchains", [AUTO, Toolchains(TCC, GCC)])
def test_a_proof_that_contradicts_fast_makes_the_hunt_go_on_without_it(
    world: World, toolchains: Toolchains
) -> None:
    """Also where the user wanted fast alone to search."""
    world.toolchains = toolchains
    for _ in range(2):
        world.hunt(bad_in(range(10, 24)), prepare=tell_fast(bad_in(range(6, 24))))
        assert world.found() == {Change.INTRODUCTION: [10]}
        assert world.confirmed() == {Change.INTRODUCTION: ""}
        (note,) = notes(world)
        assert "a real build contradicts fast" in note and "goes on with dev" in note
        assert world.ended().affected == ("v3.0.0", "v3.1-dev1")


def test_ends_that_only_fast_takes_for_bad_are_no_reason_to_give_up(world: World) -> None:
    world.toolchains = AUTO
    world.hunt(bad_in(range(7, 24)), prepare=tell_fast(bad_in(range(24))))
    assert world.found() == {Change.INTRODUCTION: [7]}
    (note,) = notes(world)
    assert "a real build contradicts fast" in note


def test_a_proof_that_times_out_once_does_not(world: World) -> None:
    world.toolchains = AUTO
    truth = bad_in(range(7, 24))
    world.hunt(
        lambda n, r: UNTESTABLE if (n, r) == (7, 1) else truth(n, r), prepare=tell_fast(truth)
    )
    assert notes(world) == []
    assert world.confirmed() == {Change.INTRODUCTION: ""}


def test_a_side_that_the_proof_cannot_test_at_all_contradicts(world: World) -> None:
    world.toolchains = AUTO
    truth = bad_in(range(7, 24), untestable=[7])
    world.hunt(truth, prepare=tell_fast(bad_in(range(7, 24))))
    assert world.found() == {Change.INTRODUCTION: [7, 8]}
    assert len(notes(world)) == 1


@pytest.mark.slow
def test_killed_at_any_time_a_contradicted_hunt_ends_the_same(world: World) -> None:
    world.toolchains = AUTO
    truth, fast = bad_in(range(10, 17)), bad_in(range(6, 20))
    world.hunt(truth, prepare=tell_fast(fast))
    assert world.found() == {Change.INTRODUCTION: [10], Change.FIX: [17]}
    lines = world.path.read_bytes().splitlines(keepends=True)
    for kept in range(0, len(lines), 4):
        world.path.write_bytes(b"".join(lines[:kept]))
        world.hunt(truth, prepare=tell_fast(fast))
        assert world.found() == {Change.INTRODUCTION: [10], Change.FIX: [17]}
        assert world.confirmed() == {Change.INTRODUCTION: "", Change.FIX: ""}
        asked = [(e.key, e.run) for e in world.events if isinstance(e, Probed) and not e.known]
        assert len(asked) == len(set(asked))


def test_a_stretch_that_fast_cannot_build_is_judged_by_the_other(world: World) -> None:
    world.toolchains = AUTO
    fails = bad_in(range(10, 15), untestable=range(5, 20))
    world.hunt(bad_in(range(10, 15)), prepare=tell_fast(fails))
    assert world.found() == {Change.INTRODUCTION: [10], Change.FIX: [15]}
    assert world.confirmed() == {Change.INTRODUCTION: "", Change.FIX: ""}


def test_without_a_proof_nothing_is_proven(world: World) -> None:
    world.toolchains = Toolchains(TCC, None, GCC)
    world.hunt(bad_in(range(7, 24)), prepare=tell_fast(bad_in(range(6, 24))))
    assert world.found() == {Change.INTRODUCTION: [6]}
    assert world.confirmed() == {}
    summary = summarize([STARTED, *world.events])
    assert summary is not None and summary.answered and not summary.proven
    assert "not confirmed" in terminal.render(summary)


def test_why_there_is_no_fast_toolchain_is_noted_once(world: World) -> None:
    world.toolchains = Toolchains(GCC, GCC, remark="every build is made by gcc: no tcc")
    for _ in range(2):
        world.hunt(bad_in(range(7, 24)))
        assert notes(world) == [world.toolchains.remark]


# --- chance ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("toolchains", [Toolchains(GCC, GCC), AUTO])
def test_a_test_that_is_said_to_be_flaky_is_searched_and_proven_by_chance(
    world: World, toolchains: Toolchains
) -> None:
    world.toolchains = toolchains
    world.hunt(flaky_in(range(7, 24), 0.6), flaky=True)
    assert world.found() == {Change.INTRODUCTION: [7]}
    assert world.confirmed() == {Change.INTRODUCTION: ""}
    confirmed = [event for event in world.events if isinstance(event, Confirmed)][-1]
    assert 0.98 <= confirmed.confidence < 1
    assert f"{world.commits[6][:10]} 0 of" in confirmed.tally
    assert not any("in some runs only" in note for note in notes(world)), "that was no news"


def eight_tests(prober: Scripted) -> None:
    prober.machine.tests = 8


@pytest.mark.parametrize(
    ("stretch", "found"),
    [
        (range(7, 24), {Change.INTRODUCTION: [7]}),
        (range(7), {Change.FIX: [7]}),
        (range(10, 15), {Change.INTRODUCTION: [10], Change.FIX: [15]}),
    ],
)
def test_several_tests_at_once_find_the_same_and_ask_nothing_again(
    world: World, stretch: range, found: dict[str, list[int]]
) -> None:
    truth = flaky_in(stretch, 0.5, "c")
    world.hunt(truth, flaky=True, prepare=eight_tests)
    assert world.found() == found
    assert set(world.confirmed().values()) == {""}
    before = world.path.read_bytes()
    assert world.hunt(truth, flaky=True, prepare=eight_tests).asked == []
    assert world.path.read_bytes() == before


def test_for_a_steady_test_they_change_nothing(world: World) -> None:
    one = world.hunt(bad_in(range(10, 15))).asked
    world.path = world.path.with_name("several")
    assert world.hunt(bad_in(range(10, 15)), prepare=eight_tests).asked == one


@pytest.mark.slow
def test_killed_among_several_tests_at_once_it_ends_the_same(world: World) -> None:
    truth = flaky_in(range(7, 24), 0.5, "c")
    world.hunt(truth, flaky=True, prepare=eight_tests)
    said, lines = answers(world.events), world.path.read_bytes().splitlines(keepends=True)
    for kept in range(0, len(lines), 5):
        world.path.write_bytes(b"".join(lines[:kept]))
        world.hunt(truth, flaky=True, prepare=eight_tests)
        assert answers(world.events) == said
        asked = [(e.key, e.run) for e in world.events if isinstance(e, Probed) and not e.known]
        assert len(asked) == len(set(asked))


def test_a_witness_that_passes_at_first_is_found(world: World) -> None:
    """It passes three times before it fails."""
    truth = bad_in(range(12, 13))
    world.hunt(lambda n, r: GOOD if r < 3 else truth(n, r), flaky=True)
    assert world.found() == {Change.INTRODUCTION: [12], Change.FIX: [13]}


def test_that_a_test_is_flaky_is_noticed(world: World) -> None:
    truth = bad_in(range(7, 24))
    world.hunt(lambda n, r: GOOD if n >= 7 and r % 4 == 3 else truth(n, r))
    assert world.found() == {Change.INTRODUCTION: [7]}
    assert world.confirmed() == {Change.INTRODUCTION: ""}
    (note,) = notes(world)
    assert "passes in some runs only" in note


def test_a_steady_one_is_never_called_flaky(world: World) -> None:
    for untestable in ([], [6], [3, 12]):
        world.path = world.path.with_name(f"journal-{len(untestable)}")
        world.hunt(bad_in(range(7, 24), untestable=untestable))
        assert notes(world) == []


def test_a_bad_end_that_is_good_after_all_is_said_in_one_line(world: World) -> None:
    """It was bad once, by a stroke of luck, and never again."""
    with pytest.raises(NoTransitionSeen, match=r"no introduction between .* is good as well"):
        world.hunt(lambda n, r: BAD if (n, r) == (23, 0) else GOOD, flaky=True)
    assert world.ended().answer.startswith("no introduction between")


def test_with_two_toolchains_no_run_is_counted_twice(world: World) -> None:
    """Run 0 is always the other's."""
    world.toolchains, truth = AUTO, flaky_in(range(7, 24), 0.7)
    world.hunt(
        truth,
        flaky=True,
        prepare=tell_fast(lambda n, r: UNTESTABLE if r == 0 else truth(n, r)),
    )
    assert world.found() == {Change.INTRODUCTION: [7]}
    asked = [(e.key, e.run) for e in world.events if isinstance(e, Probed)]
    assert len(asked) == len(set(asked))


# --- a hint ---------------------------------------------------------------------------------------


def test_a_hint_that_means_nothing_is_told_before_anything_is_asked(world: World) -> None:
    prober = world.prober(bad_in(range(7, 24)))
    span = prober.context.history.range(world.range)
    with pytest.raises(UselessHint, match="--hint nonesuch matches no commit of") as caught:
        Hunt(HuntQuestion(span, hint="nonesuch"), prober)
    assert caught.value.exit_code == 2
    assert prober.asked == []
    assert world.ended().answer == caught.value.what


@pytest.mark.parametrize("hint", ["src/haproxy.c", "x"])
def test_a_hint_does_not_change_the_answer(world: World, hint: str) -> None:
    world.hunt(bad_in(range(7, 24)), hint=hint)
    assert world.found() == {Change.INTRODUCTION: [7]}
