"""Rows by branch, what is open, the order of the picks, and what is said of a row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisector.record.queue_events import Decided, Evidence, Queued, RepairState, Says, Word
from bisector.report import queue_rows
from bisector.report.queue_rows import Branch
from tests.support import queue_rows as q
from tests.support.records import summary


def branch(*rows: Queued, picked: tuple[int, ...] = ()) -> Branch:
    return Branch("3.0", rows, q.series(*picked) if picked else None)


def numbers(rows: list[Queued]) -> list[int]:
    return [int(row.revision[:4]) for row in rows]


def test_rows_and_series_are_put_together_by_branch() -> None:
    first, second = queue_rows.branches(summary(q.BRANCHES))
    assert (first.name, len(first.rows)) == ("3.0", 10)
    assert (second.name, len(second.rows)) == ("2.9", 5)
    assert second.series and second.series.branch == "2.9"


def test_a_branch_without_any_row_is_there_too() -> None:
    (one,) = queue_rows.branches(summary([q.STARTED, q.series()]))
    assert one.rows == () and queue_rows.in_short(one) == "no fix among 70 commits"


def test_a_later_row_replaces_an_earlier_one() -> None:
    (one,) = queue_rows.branches(summary([q.STARTED, q.PICK, replace(q.PICK, word=Word.BREAKS)]))
    assert [row.word for row in one.rows] == [Word.BREAKS]


def test_what_is_open_comes_first_and_the_most_urgent_before_the_others() -> None:
    made = branch(*q.GOOD_ROWS, *q.OPEN_ROWS, q.REFUSED, picked=(1, 2, 3))
    assert [row.word for row in made.open] == ["breaks", "conflict", "unclear", "wait"]
    assert numbers(made.picks) == [1, 2, 3]
    assert numbers(made.rest) == [4, 5, 10]
    assert made.ordered == [*made.open, *made.picks, *made.rest]


@pytest.mark.parametrize(
    ("word", "decided", "picked", "settled"),
    [
        (Word.PICK, None, "f", True),
        (Word.PICK_WITH, None, "f", True),
        (Word.NOT_NEEDED, None, "", True),
        (Word.THERE, None, "", True),
        (Word.WAIT, None, "f", False),
        (Word.UNCLEAR, None, "", False),
        (Word.CONFLICT, None, "", False),
        (Word.BREAKS, None, "", False),
        (Word.WAIT, Decided.YES, "f", True),
        (Word.CONFLICT, Decided.YES, "", False),
        (Word.UNCLEAR, Decided.NO, "", True),
        (Word.WAIT, Decided.WAIT, "", False),
    ],
)
def test_a_row_is_settled_by_its_verdict_or_by_a_decision_that_was_carried_out(
    word: Word, decided: Decided | None, picked: str, settled: bool
) -> None:
    row = replace(q.PICK, word=word, decided=decided, picked=picked)
    assert queue_rows.is_settled(row) is settled


def test_the_picks_are_in_the_order_of_the_series_and_the_others_between_them() -> None:
    rows = [q.fix(1), q.fix(2, Word.UNCLEAR), q.fix(3), q.fix(4, Word.CONFLICT), q.fix(5)]
    made = branch(*rows, picked=(1, 5, 3))
    assert numbers(made.sequence()) == [1, 2, 5, 4, 3]
    assert made.ticked == [q.commit(1), q.commit(5), q.commit(3)]


def test_without_a_series_the_order_is_that_of_the_rows() -> None:
    assert numbers(branch(q.PICK, q.WAIT, q.PICK_WITH).sequence()) == [3, 7, 2]


def test_the_evidence_is_that_of_the_surest_statement() -> None:
    assert queue_rows.evidence(q.PICK) == Evidence.LINES
    assert queue_rows.evidence(q.THERE) == Evidence.HISTORY
    assert queue_rows.evidence(replace(q.PICK, affected=None)) == Evidence.MESSAGE
    assert queue_rows.evidence(q.NEEDED) == ""
    assert queue_rows.evidence(q.REFUSED) == "decided"
    assert queue_rows.evidence(replace(q.UNCLEAR, says=Says.NOTHING)) == ""


def test_the_details_name_what_a_row_needs_and_what_repairs_it() -> None:
    assert list(queue_rows.details(q.PICK_WITH)) == [
        "needs 0001000100 MINOR: server: add a helper: it brought helper()",
        "repaired by 0003000300 BUG/MINOR: dns/server: fix 3 (in the queue)",
    ]
    assert list(queue_rows.details(q.PICK)) == []
    assert list(queue_rows.details(q.NEEDED)) == [], "the reason says it"
    wanted = replace(q.PICK, needed_by=(q.commit(2),))
    assert list(queue_rows.details(wanted)) == ["needed by 0002000200"]
    there = replace(q.PICK, repairs=(replace(q.LATER, state=RepairState.THERE),))
    assert "(on the branch)" in next(queue_rows.details(there))


def test_the_details_say_what_clashes_and_what_breaks() -> None:
    (lacks,) = queue_rows.details(q.CONFLICT)
    assert lacks.startswith("lacks cccccccccc MEDIUM: a: move it")
    assert list(queue_rows.details(q.BREAKS)) == [
        "1 new warning: src/b.c:3: unused variable 'y'",
        "src/b.c: 'x' undeclared",
        "server/x.vtc newly fails",
    ]
    assert list(queue_rows.details(q.NOT_NEEDED)) == [q.NOT_NEEDED.differs]
    part = replace(q.PICK, left_out=("doc/a.txt",))
    assert list(queue_rows.details(part)) == ["left out, since no build reads it: doc/a.txt"]


def test_a_decision_is_told_unless_it_is_the_reason() -> None:
    assert list(queue_rows.details(q.REFUSED)) == []
    kept = replace(q.THERE, decided=Decided.YES, because="I say so")
    assert list(queue_rows.details(kept)) == ["decided: yes, I say so"]


def test_a_picks_details_fit_a_line() -> None:
    assert queue_rows.briefly(q.PICK_WITH) == [
        "needs 0001000100; repaired by 0003000300 (in the queue)"
    ]
    assert queue_rows.briefly(q.PICK) == []


def test_reasons_are_counted_without_hashes_and_numbers() -> None:
    rows = [q.NOT_NEEDED, replace(q.NOT_NEEDED, why=q.NOT_NEEDED.why.replace("9", "8")), q.THERE]
    lacks = "the branch lacks what brought the bug, …"
    assert queue_rows.reasons(rows) == [(lacks, 2), ("a pick names it", 1)]
    assert queue_rows.reasons_by_word(rows) == [
        (Word.NOT_NEEDED, 2, lacks),
        (Word.THERE, 1, "a pick names it"),
    ]


def test_the_series_is_told_with_what_was_made_of_it() -> None:
    made = q.series(1, 2, files=("a.patch",), created="queue-3.0")
    assert list(queue_rows.series_said(made)) == [
        "2 picks on bbbbbbbbbb, up to f002f002f0, each of them built",
        "created queue-3.0",
        "written a.patch",
        "70 other commits of master fix nothing",
    ]
    assert next(queue_rows.series_said(replace(made, built=False))).endswith(", not built")
    assert next(queue_rows.series_said(q.series())) == "no pick for 3.0, which is at bbbbbbbbbb"


def test_the_command_that_picks() -> None:
    assert queue_rows.cherry_pick([q.commit(1)]) == "git cherry-pick -sx 000100010001"
    assert queue_rows.cherry_pick([]) == ""
