"""Each question asked once; what the fast toolchain cannot judge goes to the other by itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bisector.build.binaries import build_key
from bisector.build.toolchain import Toolchains
from bisector.probing import probe
from bisector.probing.probe import key_of
from bisector.probing.prober import Prober
from bisector.record.events import Noted, Probed
from bisector.record.failure import Failure, FailureClass
from bisector.record.journal import Journal
from bisector.record.verdict import Result, Ruling, Verdict
from bisector.search.costs import Memory
from bisector.system.files import digest
from bisector.system.workspace import Workspace
from bisector.testing.oracles.command import Command
from tests.support.clone import Clone
from tests.support.hunting import BAD, GOOD, UNTESTABLE, Scripted, World
from tests.support.toolchains import AUTO, GCC, GCC_O2, TCC

UNBUILDABLE = Verdict.UNBUILDABLE


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    made = World(clone, workspace, tmp_path / "journal")
    made.toolchains = AUTO
    return made


def prober(world: World, slow: Verdict = GOOD, fast: Verdict | None = None) -> Scripted:
    """All commits have these verdicts."""
    made = world.prober(lambda number, run: slow)
    if fast is not None:
        made.machine.truths[TCC.name] = lambda number, run: fast
    return made


def toolchains(world: World) -> list[tuple[int, str]]:
    """What the journal says was asked: the commit's number, the toolchain."""
    probed = [event for event in world.events if isinstance(event, Probed)]
    return [(world.commits.index(event.revision), event.toolchain) for event in probed]


# --- asked once -----------------------------------------------------------------------------------


def test_a_verdict_is_in_the_journal_before_it_is_used(world: World) -> None:
    told = prober(world, BAD).ask(world.commits[3], "end")
    assert world.events == [told]
    assert (told.verdict, told.toolchain, told.purpose) == (BAD, "fast", "end")


def test_the_same_question_is_answered_from_the_journal_also_in_a_later_session(
    world: World,
) -> None:
    first = prober(world)
    told = first.ask(world.commits[3], "end")
    assert first.ask(world.commits[3], "again") == told
    later = prober(world)
    assert later.ask(world.commits[3], "end") == told
    assert (first.asked, later.asked) == ([3], [])
    assert len(world.events) == 1


def test_a_test_that_asks_for_the_revision_is_told_the_one_that_is_probed(world: World) -> None:
    asker = prober(world)
    oracle = Command.of_option("echo $BISECTOR_REVISION", bad_if=None, skip_if=None)
    commit = world.commits[3]
    tree = asker.context.history.tree_id(commit)
    keys = [asker.start(commit, "x", oracle=oracle).key]
    keys += [asker.start_tree(other, tree, "x", oracle).key for other in world.commits[3:5]]
    assert keys[0] == keys[1] != keys[2]


def test_what_a_probe_remarks_is_noted_behind_its_verdict(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = prober(world)
    answer = asker.machine._answer
    monkeypatch.setattr(
        asker.machine, "_answer", lambda request: replace(answer(request), remark="it was damaged")
    )
    told = asker.ask(world.commits[3], "end")
    assert world.events == [told, Noted("it was damaged")]


def test_another_run_or_another_toolchain_is_another_question(world: World) -> None:
    asker = prober(world)
    tickets = [asker.start(world.commits[3], "x", run) for run in (0, 1)]
    tickets.append(asker.start(world.commits[3], "x", 0, GCC))
    told = asker.ask_all(tickets)
    assert [(one.run, one.toolchain) for one in told] == [(0, "fast"), (1, "fast"), (0, "dev")]
    assert asker.asked == [3, 3, 3]


def test_an_earlier_hunts_verdict_is_recalled_unless_all_is_to_be_fresh(
    world: World, tmp_path: Path
) -> None:
    asker = prober(world)
    ticket = asker.start(world.commits[3], "end")
    (tmp_path / "log").write_text("")
    kept = Result(Ruling(BAD, "seen before"), ticket.key, "binary", log=str(tmp_path / "log"))
    probe.remember(world.workspace, kept)

    world.path = tmp_path / "other"
    other = prober(world)
    told = other.ask(world.commits[3], "end")
    assert (told.reason, told.known, other.asked) == ("seen before", True, [])
    assert world.events == [told], "recalled, but journaled all the same"

    world.path = tmp_path / "fresh"
    fresh = Prober(
        world.context(), Journal(world.path), other.machine, lambda text: None, fresh=True
    )
    assert fresh.ask(world.commits[3], "end").verdict is GOOD


def test_of_several_the_first_that_is_answered_comes_back(world: World) -> None:
    asker = prober(world)
    known = asker.ask(world.commits[5], "end")
    waiting = asker.start(world.commits[3], "x")
    answered = asker.start(world.commits[5], "x")
    assert asker.first([waiting, answered]) is answered
    assert answered.answer == known
    assert waiting.answer is None
    asker.cancel(waiting)
    asker.cancel(answered)
    assert asker.asked == [5]


# --- workers with other tools ---------------------------------------------------------------------


def test_what_other_tools_answered_is_known_by_what_was_asked(world: World) -> None:
    """Here and in the next session; and their own key is kept, which says that it is theirs."""
    world.other_tools = True
    asker = prober(world)
    ticket = asker.start(world.commits[3], "end")
    (told,) = asker.ask_all([ticket])
    assert (told.key, told.foreign) == (ticket.key, digest("other tools", ticket.key))
    assert asker.ask(world.commits[3], "again") == told
    later = prober(world)
    assert later.ask(world.commits[3], "end") == told
    assert (asker.asked, later.asked) == ([3], [])
    assert len(world.events) == 1
    assert probe.recall(world.workspace, ticket.key) is None, "no verdict of the client's"


def test_another_revision_that_builds_the_same_has_their_answer_too(world: World) -> None:
    world.other_tools = True
    world.commits.append(world.clone.commit({"doc/x": "x"}))
    asker = prober(world)
    told, again = (asker.ask(world.commits[number], "end") for number in (23, 24))
    assert asker.asked == [23]
    assert again.known and (again.key, again.foreign) == (told.key, told.foreign)


def test_what_the_client_s_tools_answered_is_its_own(world: World) -> None:
    assert prober(world).ask(world.commits[3], "end").foreign == ""


# --- the fallback ---------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [GOOD, BAD])
def test_what_the_fast_one_says_of_the_bug_is_believed(world: World, verdict: Verdict) -> None:
    assert prober(world, verdict).ask(world.commits[3], "end").toolchain == "fast"
    assert toolchains(world) == [(3, "fast")]


@pytest.mark.parametrize("failure", [UNBUILDABLE, UNTESTABLE])
def test_what_it_cannot_judge_goes_to_the_other(world: World, failure: Verdict) -> None:
    told = prober(world, BAD, failure).ask(world.commits[3], "end")
    assert (told.verdict, told.toolchain) == (BAD, "dev")
    assert toolchains(world) == [(3, "fast"), (3, "dev")]


def test_the_other_begins_with_the_object_that_did_not_compile(world: World) -> None:
    asker = prober(world, GOOD, UNBUILDABLE)
    asker.machine.reasons = {3: "src/mux_h1.c:7: error: 'X' undeclared", 4: "it does not link"}
    tickets = [asker.start(world.commits[number], "end") for number in (3, 4)]
    asker.ask_all(tickets)
    assert [ticket.toolchain.first for ticket in tickets] == ["src/mux_h1.o", ""]


def test_a_crash_that_is_not_known_to_be_the_bug_is_doubted(world: World) -> None:
    asker = prober(world, GOOD, BAD)
    asker.machine.failing = lambda number, run: Failure(FailureClass.CRASH, "SIGSEGV")
    told = asker.ask(world.commits[3], "end")
    assert (told.verdict, told.toolchain) == (GOOD, "dev")


def test_without_another_toolchain_it_is_left_at_that(world: World) -> None:
    world.toolchains = Toolchains(TCC, GCC)
    told = prober(world, GOOD, UNTESTABLE).ask(world.commits[3], "end")
    assert (told.verdict, told.toolchain) == (UNTESTABLE, "fast")


def test_the_other_toolchains_failure_is_final(world: World) -> None:
    world.toolchains = Toolchains(GCC, GCC)
    assert prober(world, UNTESTABLE).ask(world.commits[3], "end").verdict is UNTESTABLE
    assert toolchains(world) == [(3, "dev")]


def test_a_kind_of_failure_on_which_both_agreed_is_not_asked_again(world: World) -> None:
    asker = prober(world, UNTESTABLE)
    asker.machine.reasons = {number: f"h1 refuses line {number}" for number in range(24)}
    first, second = (asker.ask(world.commits[number], "end") for number in (3, 4))
    assert (first.toolchain, second.toolchain) == ("dev", "fast")
    assert toolchains(world) == [(3, "fast"), (3, "dev"), (4, "fast")]


def test_another_kind_of_failure_is(world: World) -> None:
    asker = prober(world, UNTESTABLE)
    asker.machine.reasons = {3: "h1 refuses it", 4: "c1 times out"}
    for number in (3, 4):
        asker.ask(world.commits[number], "end")
    assert toolchains(world) == [(3, "fast"), (3, "dev"), (4, "fast"), (4, "dev")]


def test_a_failure_on_which_they_did_not_agree_is_asked_each_time(world: World) -> None:
    asker = prober(world, GOOD, UNTESTABLE)
    for number in (3, 4):
        assert asker.ask(world.commits[number], "end").verdict is GOOD
    assert toolchains(world) == [(3, "fast"), (3, "dev"), (4, "fast"), (4, "dev")]


def test_killed_between_the_two_it_asks_the_other_in_the_next_session(world: World) -> None:
    prober(world, GOOD, UNTESTABLE).ask(world.commits[3], "end")
    world.path.write_bytes(world.path.read_bytes().splitlines(keepends=True)[0])
    later = prober(world, GOOD, UNTESTABLE)
    assert later.verdicts() == {}, "the failure alone says nothing"
    assert later.ask(world.commits[3], "end").verdict is GOOD
    assert toolchains(world) == [(3, "fast"), (3, "dev")]


def test_once_distrusted_fast_is_not_asked_and_not_believed(world: World) -> None:
    asker = prober(world, GOOD, BAD)
    asker.ask(world.commits[3], "end")
    asker.distrust_fast()
    assert asker.verdicts() == {}
    assert asker.ask(world.commits[3], "end").verdict is GOOD
    assert [told.toolchain for told in asker.verdicts()[world.commits[3]]] == ["dev"]


def test_release_is_not_believed_before_the_hunt_turns_to_it_and_then_alone(world: World) -> None:
    asker = prober(world, BAD, GOOD)
    asker.ask_all([asker.start(world.commits[3], "x", 0, one) for one in (TCC, GCC, GCC_O2)])
    assert [told.toolchain for told in asker.verdicts()[world.commits[3]]] == ["dev", "fast"]
    asker.trust_release()
    assert [told.toolchain for told in asker.verdicts()[world.commits[3]]] == ["release"]


def notes(world: World) -> list[str]:
    return [event.text for event in world.events if isinstance(event, Noted)]


def test_between_revisions_that_it_cannot_build_the_fast_one_is_not_tried(world: World) -> None:
    asker = prober(world, GOOD, UNBUILDABLE)
    asker.order(world.commits)
    for number in (2, 20, 11, 5, 15):
        assert asker.ask(world.commits[number], "end").toolchain == "dev"
    tried = [(number, name) for number in (2, 20, 11) for name in ("fast", "dev")]
    assert toolchains(world) == [*tried, (5, "dev"), (15, "dev")]
    (note,) = notes(world)
    assert "fast cannot build" in note and note.endswith("unbuildable, as it is")


def test_beyond_them_and_where_it_built_one_it_is(world: World) -> None:
    asker = prober(world)
    asker.order(world.commits)
    fails = {2, 5, 8, 12, 14, 16}
    asker.machine.truths["fast"] = lambda number, run: UNBUILDABLE if number in fails else GOOD
    for number in (2, 5, 8, 10, 12, 14, 16, 20, 9, 7):
        asker.ask(world.commits[number], "end")
    works = [(10, "fast"), (20, "fast"), (9, "fast")]
    assert [one for one in toolchains(world) if one[0] not in fails] == [*works, (7, "dev")]


def test_patched_it_is_not_tried_there_either_nor_another_time(world: World) -> None:
    asker = prober(world, GOOD, UNBUILDABLE)
    asker.ask(world.commits[3], "end")
    _, patched = asker.start_patched(world.commits[3], world.fix_series(5), "patched")
    assert patched
    answers = asker.ask_all([patched, asker.start(world.commits[3], "end", run=1)])
    assert [one.toolchain for one in answers] == ["dev", "dev"]


def test_a_later_session_tries_what_the_first_one_did(world: World) -> None:
    """The journal's answers come first, then what was learnt from them."""
    asked = (2, 20, 11, 5, 15)

    def session() -> list[int]:
        asker = prober(world, GOOD, UNBUILDABLE)
        asker.order(world.commits)
        for number in asked:
            asker.ask(world.commits[number], "end")
        return asker.asked

    session()
    lines = world.path.read_bytes().splitlines(keepends=True)
    whole, said = toolchains(world), notes(world)
    assert session() == []
    for kept in range(len(lines)):
        world.path.write_bytes(b"".join(lines[:kept]))
        session()
        assert (toolchains(world), notes(world)) == (whole, said)


# --- what is known --------------------------------------------------------------------------------


def test_verdicts_are_by_revision_as_it_is(world: World) -> None:
    asker = prober(world, BAD)
    told = asker.ask_all([asker.start(world.commits[3], "x", run) for run in (0, 1)])
    asker.journal.append(Noted("x"))
    _, patched = asker.start_patched(world.commits[3], world.fix_series(5), "patched")
    assert patched
    asker.ask_all([patched])
    assert asker.verdicts() == {world.commits[3]: told}


def test_real_toolchains_verdicts_come_first(world: World) -> None:
    asker = prober(world, BAD)
    asker.ask_all([asker.start(world.commits[3], "x", 0, toolchain) for toolchain in (TCC, GCC)])
    assert [one.toolchain for one in asker.verdicts()[world.commits[3]]] == ["dev", "fast"]


def test_failures_on_which_both_agreed_are_known_in_a_later_session_too(world: World) -> None:
    asker = prober(world, UNTESTABLE)
    for number in (3, 4):
        asker.ask(world.commits[number], "end")
    later = prober(world, UNTESTABLE)
    assert set(later.verdicts()) == {world.commits[3], world.commits[4]}


def test_the_next_run_is_one_that_no_toolchain_had(world: World) -> None:
    asker = prober(world, GOOD)
    assert asker.next_run(world.commits[3]) == 0
    asker.ask_all([asker.start(world.commits[3], "x", run) for run in (0, 1)])
    asker.ask_all([asker.start(world.commits[3], "x", run, GCC) for run in (0, 1, 2)])
    assert asker.next_run(world.commits[3]) == 3
    assert asker.next_run(world.commits[4]) == 0


# --- the caches -----------------------------------------------------------------------------------


def test_memory_is_which_verdicts_and_binaries_earlier_hunts_left(world: World) -> None:
    asker = prober(world)
    assert asker.memory(world.commits) == Memory()
    history, toolchain = asker.context.history, asker.toolchains.search
    for number in (3, 4):
        tree = history.tree_id(world.commits[number])
        key = build_key(history.store, tree, toolchain)
        meta = world.workspace.folder("binaries", key[:2], key) / "meta.json"
        meta.write_text(json.dumps({"tree": tree}))
    request = asker.context.request(history.tree_id(world.commits[3]), toolchain)
    verdict = key_of(request)
    (world.workspace.folder("verdicts", verdict[:2]) / verdict).write_text("")
    three, four = world.commits[3:5]
    assert asker.memory(world.commits) == Memory(frozenset({three}), frozenset({four}))
    fresh = Prober(asker.context, asker.journal, asker.machine, lambda text: None, fresh=True)
    forgetful = Memory(frozenset(), frozenset({three, four}))
    assert fresh.memory(world.commits) == forgetful, "what is forgotten does not help"
