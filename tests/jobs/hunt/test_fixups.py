"""Stretches that cannot be judged: what ended them is picked back, and the comparison is fair."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bisector.probing.fixups import of_commit
from bisector.record.events import Noted, Probed, Started
from bisector.record.fixup_events import Unfair
from bisector.record.summary import summarize
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.records import STARTED
from tests.support.stretches import (
    HASH,
    NO_BUILD,
    NO_START,
    SERVER,
    Edits,
    Stretches,
    hash_c,
    server_c,
)

STRETCH = range(5, 9)
PART = {NO_BUILD: "hunk 1 of ", NO_START: ""}  # what the error is about, else all
CANNOT = "the others before it cannot be tested"

World = Callable[[Edits], Stretches]


@pytest.fixture
def world(clone: Clone, workspace: Workspace, tmp_path: Path) -> World:
    return lambda edits: Stretches(clone, workspace, tmp_path / "journal", edits)


def broken(first_bad: int, how: str = NO_BUILD) -> Edits:
    """A stretch whose end only mends it."""

    def edits(number: int) -> Mapping[str, str]:
        text = hash_c(how) if number in STRETCH else hash_c()
        return {HASH: text, SERVER: server_c(number >= first_bad)}

    return edits


@pytest.mark.parametrize("how", [NO_BUILD, NO_START])
@pytest.mark.parametrize("culprit", STRETCH)
def test_a_culprit_in_the_stretch_is_found_and_proven(world: World, culprit: int, how: str) -> None:
    made = world(broken(culprit, how))
    made.hunt()
    mender = PART[how] + made.commits[STRETCH.stop][:10]
    assert made.answer() == ([culprit], mender, "")
    proof = [one for one in made.probes() if one.purpose.startswith("confirm")]
    assert {one.fixup for one in proof} == {mender}, "on both sides"
    assert {one.revision for one in proof} == set(made.commits[culprit - 1 : culprit + 1])


def test_it_is_said_what_is_picked_and_which_verdicts_rest_on_it(world: World) -> None:
    made = world(broken(7, NO_START))
    made.hunt()
    mender = made.commits[9][:10]
    (noted,) = (event.text for event in made.events if isinstance(event, Noted))
    assert noted == (
        f"{mender} (MINOR: change 9) is picked onto revisions before it that cannot be built or "
        "started"
    )
    summary = summarize([STARTED, *made.events])
    assert summary
    names = {made.commits[number][:10] for number in (6, 7)}
    (last,) = (note for note in summary.notes if "judged with" in note)
    assert last.endswith(f" were judged with {mender} picked onto it")
    assert names <= set(last.partition(" were")[0].split(", "))


def test_another_session_asks_nothing_again(world: World) -> None:
    made = world(broken(6))
    assert made.hunt()
    before = made.events
    assert made.hunt() == []
    assert [event for event in made.events if not isinstance(event, Started)] == before


def test_an_interrupted_hunt_comes_to_the_same_answer(world: World) -> None:
    made = world(broken(6))
    made.hunt()
    answer, lines = made.answer(), made.journal.read_bytes().splitlines(keepends=True)
    for kept in range(len(lines)):
        made.journal.write_bytes(b"".join(lines[:kept]))
        made.hunt()
        assert made.answer() == answer, f"after {kept} events"


def test_where_one_commit_remains_no_fixup_is_tried(world: World) -> None:
    made = world(broken(12))
    made.hunt()
    assert made.answer() == ([12], "", "")
    assert not any(one.fixup for one in made.probes())


def test_if_the_end_does_not_apply_the_set_remains(world: World) -> None:
    """Each commit of the stretch has other lines where the last one mends them."""

    def edits(number: int) -> Mapping[str, str]:
        text = f"{NO_BUILD} {number}\n" if number in STRETCH else f"int ok_{number > 8};\n"
        return {HASH: text, SERVER: server_c(number >= 7)}

    made = world(edits)
    made.hunt()
    assert made.answer() == ([5, 6, 7, 8, 9], "", CANNOT)
    assert not any(one.fixup for one in made.probes())


def test_if_the_end_brings_the_bug_itself_it_is_no_evidence(world: World) -> None:
    def edits(number: int) -> Mapping[str, str]:
        text = hash_c(NO_BUILD) if number in STRETCH else hash_c()
        return {HASH: text, SERVER: server_c(number >= 9)}

    made = world(edits)
    made.hunt()
    # of that commit, the part that mends the source brings nothing
    assert made.answer() == ([9], f"hunk 1 of {made.commits[9][:10]}", "")


def test_not_even_if_nothing_but_all_of_it_mends_the_source(world: World) -> None:
    def edits(number: int) -> Mapping[str, str]:
        text = hash_c(NO_START) if number in STRETCH else hash_c()
        return {HASH: text, SERVER: server_c(number >= 9)}

    made = world(edits)
    made.hunt()
    assert made.answer() == ([5, 6, 7, 8, 9], "", CANNOT)
    mender, before = made.commits[9][:10], made.commits[4][:10]
    (unfair,) = (event for event in made.events if isinstance(event, Unfair))
    assert unfair == Unfair(mender, f"{before} is bad with it")
    summary = summarize([STARTED, *made.events])
    assert summary and unfair.text in summary.notes
    assert any(one.fixup for one in summary.probes)
    assert not any(one.fixup for one in summary.judging)


# --- the user's ----------------------------------------------------------------------------------


def test_a_fixup_of_the_user_is_used_in_the_search(world: World) -> None:
    made = world(broken(6))
    fixup = of_commit(made.prober().context.history, made.commits[9])
    made.hunt([fixup])
    assert made.answer() == ([6], fixup.name, "")
    seen: dict[str, list[Probed]] = {}
    for one in made.probes():
        seen.setdefault(one.revision, []).append(one)
    for number in STRETCH:
        for first in seen.get(made.commits[number], [])[:1]:
            assert not first.fixup, "the plain one first"
    searched = [one for one in made.probes() if not one.purpose.startswith("confirm")]
    assert not [one for one in searched if one.fixup and one.revision == made.commits[15]]


def test_one_that_brings_the_bug_is_dropped(world: World) -> None:
    made = world(broken(9, NO_START))
    fixup = of_commit(made.prober().context.history, made.commits[9])
    made.hunt([fixup])
    assert made.answer() == ([5, 6, 7, 8, 9], "", CANNOT)
