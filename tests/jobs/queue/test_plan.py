"""The rows of a queue: what is picked, with what, and what is left to people."""

from __future__ import annotations

import pytest

from bisector.jobs.queue.decisions import Decision
from bisector.record.queue_events import (
    Decided,
    Evidence,
    RepairState,
    Says,
    Word,
)
from bisector.record.verdict import Verdict
from bisector.record.words import How
from tests.support.queues import ASKS, FUNCTION, OTHER, REFUSES, WAITS, C, Lines, line

FIX = "BUG/MINOR: lamp: switch it off"
FIXED = {C: line(3, "fixed();")}


def decided(word: Decided, commit: str, because: str = "") -> Decision:
    return Decision(word, "3.0", commit, because)


# --- picks ----------------------------------------------------------------------------------------


def test_what_the_message_asks_for_is_picked(lines: Lines) -> None:
    fix = lines.main(FIXED, f"{FIX}\n\n{ASKS}")
    planner = lines.planner()
    (row,) = planner.rows()
    assert (row.word, row.how, row.says, row.said) == (Word.PICK, How.EXACT, Says.YES, ASKS)
    assert (row.revision, row.subject, row.author, row.branch) == (fix, FIX, "Jo Doe", "3.0")
    assert row.picked == planner.series.tip == planner.series.picks[fix]
    pick = lines.read(row.picked)
    assert pick.message.endswith(f"(cherry picked from commit {fix})\n")
    assert [str(one) for one in pick.parent_ids] == [lines.base]


def test_what_neither_fixes_nor_asks_has_no_row(lines: Lines) -> None:
    lines.main({OTHER: "int other;\n"}, "MINOR: door: another")
    assert lines.plan() == {}


def test_named_commits_have_a_row_whatever_they_are(lines: Lines) -> None:
    commit = lines.main({OTHER: "int other;\n"}, "MINOR: door: another")
    fix = lines.main(FIXED, f"{FIX}\n\n{ASKS}")
    rows = lines.plan(commit)
    assert [*rows] == [commit]
    assert rows[commit].word is Word.UNCLEAR
    assert [*lines.plan(fix)] == [fix]


def test_the_second_pick_is_on_top_of_the_first(lines: Lines) -> None:
    one = lines.main(FIXED, f"{FIX}\n\n{ASKS}")
    other = lines.main({OTHER: "int fixed;\n"}, f"BUG/MINOR: door: fix\n\n{ASKS}")
    rows = lines.plan()
    assert str(lines.read(rows[other].picked).parent_ids[0]) == rows[one].picked


# --- there ----------------------------------------------------------------------------------------


def test_a_pick_of_the_branch_is_there(lines: Lines) -> None:
    fix = lines.main(FIXED, f"{FIX}\n\n{ASKS}")
    pick = lines.stable(FIXED, f"{FIX}\n\n(cherry picked from commit {fix})")
    later = lines.main({OTHER: "int fixed;\n"}, f"BUG/MINOR: door: fix\n\n{ASKS}")
    row = lines.plan(fix)[fix]
    assert row.word is Word.THERE
    assert row.there
    assert row.there.text == f"picked as {pick[:10]} by its message"
    assert [*lines.plan()] == [later]


def test_a_change_that_is_in_the_tree_is_there(lines: Lines) -> None:
    fix = lines.main(FIXED, f"{FIX}\n\n{ASKS}")
    lines.stable({**FIXED, OTHER: "int more;\n"}, "MINOR: lamp: both at once")
    row = lines.plan()[fix]
    assert (row.word, row.how, row.picked) == (Word.THERE, How.ALREADY, "")


# --- picks with others ----------------------------------------------------------------------------


def test_the_commit_that_changed_the_lines_is_picked_first(lines: Lines) -> None:
    needed = lines.main({C: line(3, "first();")}, "MINOR: lamp: first")
    fix = lines.main({C: line(3, "fixed();")}, f"{FIX}\n\n{ASKS}")
    rows = lines.plan()
    assert [*rows] == [needed, fix]
    assert rows[fix].word is Word.PICK_WITH
    assert [(one.revision, one.why) for one in rows[fix].needs] == [
        (needed, f"it changed the lines that clash in {C}")
    ]
    assert (rows[needed].word, rows[needed].needed_by) == (Word.PICK, (fix,))
    assert rows[needed].why == f"{fix[:10]} needs it"


def test_the_commit_that_brought_a_name_is_picked_first(lines: Lines) -> None:
    needed = lines.main({"src/new.c": "int lamp_new(void)\n{\n\treturn 1;\n}\n"}, "MINOR: new")
    fix = lines.main({C: line(3, "lamp_new();")}, f"{FIX}\n\n{ASKS}")
    rows = lines.plan()
    assert [(one.revision, one.why) for one in rows[fix].needs] == [(needed, "it brought lamp_new")]


def test_the_commit_that_the_message_names_is_picked_first(lines: Lines) -> None:
    needed = lines.main({OTHER: "int first;\n"}, "MINOR: door: first")
    text = f"This depends on commit {needed[:10]}."
    fix = lines.main(FIXED, f"{FIX}\n\n{text}\n\n{ASKS}")
    rows = lines.plan()
    assert rows[fix].word is Word.PICK_WITH
    assert [(one.revision, one.why) for one in rows[fix].needs] == [
        (needed, f"the message says: {text}")
    ]


def test_what_is_there_is_not_needed_again(lines: Lines) -> None:
    needed = lines.main({C: line(3, "first();")}, f"BUG/MINOR: lamp: first\n\n{ASKS}")
    fix = lines.main({C: line(3, "fixed();")}, f"{FIX}\n\n{ASKS}")
    rows = lines.plan()
    assert [rows[one].word for one in (needed, fix)] == [Word.PICK, Word.PICK]
    assert (rows[needed].needed_by, rows[fix].needs) == ((), ())


# --- conflicts ------------------------------------------------------------------------------------


def test_a_conflict_shows_both_sides_and_what_the_branch_lacks(lines: Lines) -> None:
    lines.stable({C: line(3, "own();")}, "MINOR: lamp: own")
    fix = lines.main(FIXED, f"{FIX}\n\n{ASKS}")
    row = lines.plan()[fix]
    assert (row.word, row.how, row.picked) == (Word.CONFLICT, How.CONFLICT, "")
    assert row.why == f"the message asks for it, but {C}: the branch and the change disagree"
    assert "\town();" in row.conflict
    assert "\tfixed();" in row.conflict


def test_a_name_that_nobody_may_bring_is_a_conflict(lines: Lines) -> None:
    refused = lines.main(
        {"src/new.c": "int lamp_new(void)\n{\n\treturn 1;\n}\n"}, f"MINOR: new\n\n{REFUSES}"
    )
    fix = lines.main({C: line(3, "lamp_new();")}, f"{FIX}\n\n{ASKS}")
    row = lines.plan()[fix]
    assert (row.word, row.how, row.conflict) == (Word.CONFLICT, None, "")
    assert row.why == "the message asks for it, but it uses what the branch lacks: lamp_new"
    assert [one.revision for one in row.needs] == [refused]


def test_after_a_conflict_the_others_are_picked(lines: Lines) -> None:
    lines.stable({C: line(3, "own();")}, "MINOR: lamp: own")
    lines.main(FIXED, f"{FIX}\n\n{ASKS}")
    other = lines.main({OTHER: "int fixed;\n"}, f"BUG/MINOR: door: fix\n\n{ASKS}")
    assert lines.plan()[other].word is Word.PICK


# --- not picked -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "word"),
    [(REFUSES, Word.NOT_NEEDED), ("Nobody knows.", Word.UNCLEAR), (WAITS, Word.WAIT)],
)
def test_what_is_not_asked_for_is_not_picked(lines: Lines, text: str, word: Word) -> None:
    fix = lines.main(FIXED, f"{FIX}\n\n{text}", day=1)
    row = lines.plan()[fix]
    assert (row.word, row.picked) == (word, "")


@pytest.mark.parametrize(("day", "word"), [(27, Word.WAIT), (28, Word.PICK)])
def test_the_time_to_wait_ends_with_the_newest_commit(lines: Lines, day: int, word: Word) -> None:
    fix = lines.main(FIXED, f"{FIX}\n\n{WAITS}", day=0)
    lines.main({OTHER: "int later;\n"}, "MINOR: door: later", day=day)
    assert lines.plan()[fix].word is word


def test_a_test_that_shows_the_bug_decides(lines: Lines) -> None:
    fix = lines.main(FIXED, f"{FIX}\n\n{REFUSES}")
    row = lines.plan(tested={fix: (Verdict.BAD, "lamp.vtc fails")})[fix]
    assert row.word is Word.PICK
    assert row.affected
    assert row.affected.evidence is Evidence.PROVEN
    assert row.differs
    row = lines.plan(tested={fix: (Verdict.GOOD, "lamp.vtc passes")})[fix]
    assert row.word is Word.NOT_NEEDED


# --- what goes with a later pick ------------------------------------------------------------------


def test_what_goes_with_a_commit_is_picked_when_a_later_fix_needs_that(lines: Lines) -> None:
    feature = lines.main({C: line(3, "first();"), "src/new.c": "int a;\n"}, "MINOR: lamp: first")
    text = f"This should be backported wherever commit {feature[:10]} is."
    follower = lines.main({"src/new.c": "int fixed;\n"}, f"BUG/MINOR: lamp: new\n\n{text}")
    alone = lines.plan()[follower]
    assert (alone.word, alone.says) == (Word.NOT_NEEDED, Says.FOLLOWS)
    fix = lines.main({C: line(3, "fixed();")}, f"{FIX}\n\n{ASKS}")
    rows = lines.plan()
    assert [rows[one].word for one in (feature, follower, fix)] == [
        Word.PICK,
        Word.PICK,
        Word.PICK_WITH,
    ]


# --- repairs --------------------------------------------------------------------------------------


def repaired(lines: Lines, text: str) -> tuple[str, str]:
    fix = lines.main(FIXED, f"{FIX}\n\n{ASKS}")
    repair = lines.main(
        {C: line(3, "right();")}, f"BUG/MINOR: lamp: again\n\nBroken by commit {fix[:10]}. {text}"
    )
    return fix, repair


def test_a_repair_in_the_queue_is_named(lines: Lines) -> None:
    fix, repair = repaired(lines, ASKS)
    row = lines.plan()[fix]
    assert row.word is Word.PICK
    assert [(one.revision, one.state) for one in row.repairs] == [(repair, RepairState.QUEUED)]


def test_without_its_repair_a_fix_waits(lines: Lines) -> None:
    fix, repair = repaired(lines, ASKS)
    rows = lines.plan(decisions=[decided(Decided.NO, repair)])
    assert [one.state for one in rows[fix].repairs] == [RepairState.MISSING]
    assert rows[fix].word is Word.WAIT
    assert rows[fix].why == f"{repair[:10]}, which repairs it, cannot be picked"
    assert not rows[fix].picked


def test_one_whose_repair_refuses_it_does_not(lines: Lines) -> None:
    fix, repair = repaired(lines, REFUSES)
    row = lines.plan()[fix]
    assert row.word is Word.PICK
    assert [(one.revision, one.state) for one in row.repairs] == [(repair, RepairState.REFUSED)]


def test_a_repair_on_the_branch_is_there(lines: Lines) -> None:
    fix, repair = repaired(lines, ASKS)
    lines.stable({OTHER: "int x;\n"}, f"BUG: both\n\n(cherry picked from commit {repair})")
    row = lines.plan(fix)[fix]
    assert row.word is Word.PICK
    assert [one.state for one in row.repairs] == [RepairState.THERE]


def test_what_is_reverted_later_is_not_picked(lines: Lines) -> None:
    fix = lines.main(FIXED, f"{FIX}\n\n{ASKS}")
    revert = lines.main({C: FUNCTION}, f'Revert "{FIX}"\n\nThis reverts commit {fix}.')
    row = lines.plan()[fix]
    assert (row.word, row.why) == (Word.NOT_NEEDED, f"{revert[:10]} reverts it later")


# --- decisions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        (Decided.YES, REFUSES, Word.PICK),
        (Decided.NO, ASKS, Word.NOT_NEEDED),
        (Decided.WAIT, ASKS, Word.WAIT),
    ],
)
def test_a_person_s_decision_is_respected_and_shown(
    lines: Lines, word: Decided, text: str, found: Word
) -> None:
    fix = lines.main(FIXED, f"{FIX}\n\n{text}")
    row = lines.plan(decisions=[decided(word, fix, "we talked")])[fix]
    assert row.word == found
    assert row.why.startswith("decided: we talked; by the rules ")
    assert row.why.endswith("the message says so" if text == REFUSES else "the message asks for it")
    assert (row.decided, row.because) == (word, "we talked")


def test_what_a_person_refused_is_not_picked_for_others(lines: Lines) -> None:
    needed = lines.main({C: line(3, "first();")}, "MINOR: lamp: first")
    fix = lines.main({C: line(3, "fixed();")}, f"{FIX}\n\n{ASKS}")
    rows = lines.plan(decisions=[decided(Decided.NO, needed)])
    assert [rows[one].word for one in (needed, fix)] == [Word.NOT_NEEDED, Word.CONFLICT]


def test_the_same_repository_gives_the_same_rows(lines: Lines) -> None:
    lines.main({C: line(3, "first();")}, "MINOR: lamp: first")
    repaired(lines, ASKS)
    assert lines.plan() == lines.plan()
