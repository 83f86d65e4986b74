"""A hand-made journal of a queue, for the reports' tests."""

from __future__ import annotations

from dataclasses import replace

from bisector.record.events import Ended, Event
from bisector.record.queue_events import (
    Decided,
    Evidence,
    Needed,
    Queued,
    Repair,
    RepairState,
    Says,
    Series,
    Statement,
    Word,
)
from bisector.record.words import How, Job
from tests.support import judged as j

ASKED = "the message asks for it"


def fix(number: int, word: Word = Word.PICK, branch: str = "3.0", **more: object) -> Queued:
    """The row of a fix whose hash is *number* repeated; its pick's is, too, with an f before it."""
    row = Queued(
        branch=branch,
        revision=f"{number:04d}" * 10,
        subject=f"BUG/MINOR: dns/server: fix {number}",
        author="A. Uthor",
        at=1_700_000_000 + number * 86_400,
        word=word,
        why=ASKED,
        affected=Statement("has all 3 lines that it changes", Evidence.LINES),
        says=Says.YES,
        said="To be backported.",
        how=How.EXACT if word.is_picked else None,
        picked=pick(number) if word.is_picked else "",
    )
    return replace(row, **more)  # type: ignore[arg-type]


def commit(number: int) -> str:
    return f"{number:04d}" * 10


def pick(number: int) -> str:
    return f"f{number:03d}" * 10


def series(*numbers: int, branch: str = "3.0", **more: object) -> Series:
    made = Series(
        branch=branch,
        source="master",
        base="b" * 40,
        tip=pick(numbers[-1]) if numbers else "b" * 40,
        commits=tuple(pick(number) for number in numbers),
        built=True,
        others=70,
    )
    return replace(made, **more)  # type: ignore[arg-type]


STARTED = replace(
    j.started(Job.QUEUE, "3.0 from master", scenario=""),
    command="bisector queue 3.0",
    commits=80,
    patches=(),
)
LATER = Repair(
    commit(3), "BUG/MINOR: dns/server: fix 3", "its message names it", RepairState.QUEUED
)
NEEDED = fix(
    1,
    subject="MINOR: server: add a helper",
    affected=None,
    says=Says.NOTHING,
    said="",
    why=f"{commit(2)[:10]} needs it",
    how=None,
    needed_by=(commit(2),),
)
PICK_WITH = fix(
    2,
    Word.PICK_WITH,
    how=How.THREE_WAY,
    needs=(Needed(commit(1), "MINOR: server: add a helper", "it brought helper()"),),
    repairs=(LATER,),
)
PICK = fix(3)
NOT_NEEDED = fix(
    4,
    Word.NOT_NEEDED,
    why=f"the branch lacks what brought the bug, {'9' * 10}",
    affected=Statement(f"lacks what brought the bug, {'9' * 10}", Evidence.HISTORY),
    differs="the message asks for it, but the branch lacks what brought the bug",
)
THERE = fix(
    5, Word.THERE, why="a pick names it", there=Statement("a pick names it", Evidence.HISTORY)
)
CONFLICT = fix(
    6,
    Word.CONFLICT,
    subject="BUG/MAJOR: mux-h2: fix 6",
    author="Else, Somebody",
    why=f"{ASKED}, but src/a.c: the branch and the change disagree",
    how=How.CONFLICT,
    conflict="src/a.c\n<<<<<<< the branch\nours\n=======\ntheirs\n>>>>>>> the change",
    needs=(Needed("c" * 40, "MEDIUM: a: move it", "it changed the lines that clash"),),
)
WAIT = fix(7, Word.WAIT, why="the message asks to wait", says=Says.WAIT)
UNCLEAR = fix(8, Word.UNCLEAR, why="the message says nothing", says=Says.NOTHING, affected=None)
BREAKS = fix(
    9,
    Word.BREAKS,
    why=f"{ASKED}, but it does not build",
    builds=Statement("src/b.c: 'x' undeclared", Evidence.PROVEN),
    warnings=("src/b.c:3: unused variable 'y'",),
    reg_tests=Statement("server/x.vtc newly fails", Evidence.PROVEN),
)
REFUSED = fix(10, Word.WAIT, decided=Decided.NO, because="too risky", why="decided: too risky")

GOOD_ROWS = (NEEDED, PICK_WITH, PICK, NOT_NEEDED, THERE)
OPEN_ROWS = (CONFLICT, WAIT, UNCLEAR, BREAKS)
SERIES = series(1, 2, 3)
SETTLED: list[Event] = [STARTED, *GOOD_ROWS, SERIES, Ended("answered", ())]
QUEUE: list[Event] = [
    STARTED,
    *GOOD_ROWS,
    *OPEN_ROWS,
    REFUSED,
    replace(SERIES, files=("out/3.0/0001-x.patch",), created="queue-3.0"),
    Ended("answered", ()),
]
BRANCHES: list[Event] = [
    *QUEUE[:-1],
    *(replace(row, branch="2.9") for row in GOOD_ROWS),
    series(1, 2, 3, branch="2.9"),
    QUEUE[-1],
]
