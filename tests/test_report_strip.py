"""The tested history as marks: the order is the history's, as far as the search shows it."""

from __future__ import annotations

from dataclasses import replace

from bisector.events import Event, Found
from bisector.report.strip import marks
from bisector.verdict import Verdict
from tests import judged as j
from tests.test_report import BAD, GOOD, STARTED, probed, summary


def names(events: list[Event]) -> list[str]:
    return [mark.name for mark in marks(summary(events))]


def commit(number: int) -> str:
    return f"{number:010d}" + "0" * 30


def test_a_search_closes_in_from_both_sides() -> None:
    asked = replace(STARTED, old=commit(0), new=commit(99))
    verdicts = [
        *((0, GOOD, "end"), (99, GOOD, "end"), (50, BAD, "witness (known)")),
        *((10, GOOD, "introduction (x)"), (40, BAD, "introduction (x)")),
        *((20, GOOD, "introduction (x)"), (30, BAD, "introduction (x)")),
        *((25, Verdict.UNBUILDABLE, "introduction (x)"), (60, BAD, "fix (x)")),
        *((80, GOOD, "fix (x)"), (70, GOOD, "fix (x)"), (29, GOOD, "confirm the introduction")),
    ]
    found = Found("introduction", (commit(30),), ("",), ("",), (commit(29),))
    cure = Found("fix", (commit(70),), ("",), ("",), (commit(60),))
    probes = [probed(commit(n), v, purpose=p, name=f"{n}") for n, v, p in verdicts]
    events = [asked, *probes, found, cure]
    order = ["0", "10", "20", "25", "29", "30", "40", "50", "60", "70", "80", "99"]
    assert names(events) == order
    assert [(m.name, m.found) for m in marks(summary(events)) if m.found] == [
        ("30", "introduced"),
        ("70", "fixed"),
    ]


def test_a_revision_is_shown_once_as_it_is_without_the_patch() -> None:
    asked = replace(STARTED, old=commit(0), new=commit(9))
    fails = probed(commit(0), Verdict.UNBUILDABLE, name="0")
    tested = probed(commit(0), GOOD, name="0")
    patched = probed(commit(9), GOOD, name="9", patched=True)
    bad = probed(commit(9), BAD, name="9", run=1)
    shown = marks(summary([asked, fails, tested, patched, bad]))
    assert [(mark.name, mark.word) for mark in shown] == [("0", "good"), ("9", "bad")]


def test_the_other_jobs_show_what_they_judged() -> None:
    assert names(j.AFFECTED)[:2] == ["v2.9.0", "v2.9.1"]
    assert names(j.BACKPORTED) == ["3.0", "2.9", "2.8"]
    shown = marks(summary(j.REFUSED))
    assert [mark.word for mark in shown] == ["breaks", "breaks", "conflict", "ineffective"]
