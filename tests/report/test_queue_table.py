"""A queue on the terminal: what is open first, then the picks; it fits the terminal."""

from __future__ import annotations

from dataclasses import replace

from bisector.record.events import Event
from bisector.record.queue_events import Word
from bisector.report import terminal
from tests.support import queue_rows as q
from tests.support.records import summary


def text(events: list[Event], width: int = 0) -> str:
    return terminal.render(summary(events), ["queue.html"], width)


def many(*more: Event) -> list[Event]:
    """A queue with more rows than are all shown."""
    picks = [q.fix(number) for number in range(20, 40)]
    return [q.STARTED, *q.GOOD_ROWS, *picks, *more, q.SERIES, q.QUEUE[-1]]


def test_a_small_queue_is_shown_whole() -> None:
    assert (
        text(q.QUEUE)
        == """\
queue of 3.0 from master: 80 commits

3.0 from master: 1 breaks, 1 conflict, 1 unclear, 2 wait, 2 pick, 1 pick with, 1 not needed, 1 there

to look at:

verdict   commit      applies   evidence  subject
breaks    0009000900  -         lines     BUG/MINOR: dns/server: fix 9
            the message asks for it, but it does not build
            1 new warning: src/b.c:3: unused variable 'y'
            src/b.c: 'x' undeclared
            server/x.vtc newly fails
conflict  0006000600  conflict  lines     BUG/MAJOR: mux-h2: fix 6
            the message asks for it, but src/a.c: the branch and the change disagree
            lacks cccccccccc MEDIUM: a: move it: it changed the lines that clash
unclear   0008000800  -         -         BUG/MINOR: dns/server: fix 8
            the message says nothing
wait      0007000700  -         lines     BUG/MINOR: dns/server: fix 7
            the message asks to wait

to pick:

verdict    commit      applies    evidence  subject
pick       0001000100  -          -         MINOR: server: add a helper
            0002000200 needs it
pick with  0002000200  three-way  lines     BUG/MINOR: dns/server: fix 2
            the message asks for it
            needs 0001000100; repaired by 0003000300 (in the queue)
pick       0003000300  exact      lines     BUG/MINOR: dns/server: fix 3
            the message asks for it

nothing to do:

verdict     commit      applies  evidence  subject
not needed  0004000400  -        history   BUG/MINOR: dns/server: fix 4
            the branch lacks what brought the bug, 9999999999
            the message asks for it, but the branch lacks what brought the bug
there       0005000500  -        history   BUG/MINOR: dns/server: fix 5
            a pick names it
wait        0010001000  -        decided   BUG/MINOR: dns/server: fix 10
            decided: too risky

series      3 picks on bbbbbbbbbb, up to f003f003f0, each of them built
            created queue-3.0
            written out/3.0/0001-x.patch
            70 other commits of master fix nothing

work        0 probes: 0.0 s building, 0.0 s testing
written     queue.html

not settled: 4 fixes to look at; 3.0: 1 breaks, 1 conflict, 1 unclear, 2 wait, 2 pick, \
1 pick with, 1 not needed, 1 there
"""
    )


def test_of_many_rows_those_without_work_are_counted_by_reason() -> None:
    rest = [replace(q.fix(n, Word.NOT_NEEDED), why=f"{n:010d} reverts it") for n in range(50, 60)]
    said = text(many(*rest))
    assert "0005000500" not in said and "0050005000" not in said
    assert "there       1 fix\n            1  a pick names it\n" in said
    assert "not needed  11 fixes\n            10  … reverts it\n            1   the branch" in said


def test_where_the_message_differs_is_told_all_the_same() -> None:
    assert """\
but         0004000400 BUG/MINOR: dns/server: fix 4
            the message asks for it, but the branch lacks what brought the bug
""" in text(many())


def test_rare_reasons_are_summed_up() -> None:
    rest = [replace(q.fix(50 + n, Word.THERE), why="because " + "x" * n) for n in range(9)]
    assert "5  for other reasons; --html and --json have them all\n" in text(many(*rest))


def test_of_many_picks_the_usual_reason_is_told_once() -> None:
    said = text(many())
    assert "to pick, unless a reason is given: the message asks for it:\n" in said
    assert said.count("the message asks for it\n") == 0
    assert "0002000200 needs it\n" in said


def test_lines_fit_the_terminal() -> None:
    long = replace(q.CONFLICT, subject="BUG/MINOR: x: " + "word " * 40, why="why " * 50)
    said = text([q.STARTED, long, q.QUEUE[-1]], 80)
    table = said.partition("to look at:")[2].partition("work ")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert "…\n" in table
    assert table.count("why") == 50, "reasons are wrapped and not cut off"


def test_without_a_terminal_nothing_is_cut_off() -> None:
    subject = "BUG/MINOR: x: " + "word " * 40 + "end"
    assert f"{subject}\n" in text([q.STARTED, replace(q.CONFLICT, subject=subject)])


def test_each_branch_has_a_table() -> None:
    said = text(q.BRANCHES)
    assert said.index("3.0 from master: 1 breaks") < said.index("2.9 from master: 2 pick")


def test_an_unfinished_queue_shows_what_it_has() -> None:
    said = text([q.STARTED, q.CONFLICT])
    assert "no answer   unfinished\n" in said
    assert "conflict  0006000600" in said
    assert said.endswith("incomplete: unfinished\n")


def test_a_hostile_subject_does_not_steer_the_terminal() -> None:
    said = text([q.STARTED, replace(q.PICK, subject="\x1b[2J")])
    assert "\x1b" not in said and r"\x1b[2J" in said
