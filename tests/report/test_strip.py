"""The tested history as marks, in the history's order."""

from __future__ import annotations

from dataclasses import replace

from bisector.record.events import Event, Found
from bisector.record.verdict import Verdict
from bisector.record.words import Change
from bisector.report.strip import marks
from tests.support import judged as j
from tests.support.records import BAD, GOOD, STARTED, probed, summary

UNBUILDABLE = Verdict.UNBUILDABLE


def names(events: list[Event]) -> list[str]:
    return [mark.name for mark in marks(summary(events))]


def commit(number: int) -> str:
    return f"{number:010d}" + "0" * 30


def test_what_a_search_asked_stands_in_the_historys_order() -> None:
    asked = [(0, GOOD), (99, GOOD), (50, BAD), (10, GOOD), (30, BAD), (25, UNBUILDABLE), (70, GOOD)]
    found = Found(Change.INTRODUCTION, (commit(30),), ("",), ("",), (commit(29),))
    cure = Found(Change.FIX, (commit(70),), ("",), ("",), (commit(60),))
    probes = [probed(commit(n), verdict, name=f"{n}", place=n) for n, verdict in asked]
    events = [STARTED, *probes, found, cure]
    assert names(events) == ["0", "10", "25", "30", "50", "70", "99"]
    assert [(m.name, m.found) for m in marks(summary(events)) if m.found] == [
        ("30", "introduced"),
        ("70", "fixed"),
    ]


def test_without_places_the_order_is_the_one_of_asking() -> None:
    probes = [probed(commit(n), GOOD, name=f"{n}") for n in (5, 3, 9)]
    assert names([STARTED, *probes]) == ["5", "3", "9"]


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
    assert [mark.word for mark in marks(summary(j.SWEPT))] == [
        *(["good"] * 5),
        "bad",
        *(["good"] * 4),
        *(["bad"] * 3),
    ]
    assert names(j.BACKPORTED) == ["3.0", "2.9", "2.8"]
    shown = marks(summary(j.REFUSED))
    assert [mark.word for mark in shown] == ["breaks", "breaks", "conflict", "ineffective"]


def test_a_sweeps_revisions_have_their_names_and_the_odd_ones_stand_out() -> None:
    (odd,) = j.STRETCHES[1].revisions
    probe = probed(odd, BAD, name="v3.0-dev1~8", subject="MINOR: odd")
    shown = marks(summary([j.SWEPT[0], probe, *j.STRETCHES]))
    assert [(mark.name, mark.text) for mark in shown if mark.found == "odd"] == [
        ("v3.0-dev1~8", "MINOR: odd")
    ]
    assert shown[0].name == "a000000000", "a damaged journal may lack the probe"


def test_an_unfinished_sweep_shows_what_it_knows_in_the_historys_order() -> None:
    probes = [probed(commit(n), GOOD, name=f"{n}", place=n) for n in (0, 8, 4)]
    assert names([j.SWEPT[0], *probes]) == ["0", "4", "8"]
