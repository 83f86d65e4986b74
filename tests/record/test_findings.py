"""What counts of what a job found, after it has gone on in another way."""

from __future__ import annotations

from dataclasses import replace

from bisector.record.events import Event, Turned
from bisector.record.findings import all_found, found_earlier
from bisector.record.words import Change, Turn
from tests.support.records import CULPRIT, CURE, FIXED, INTRODUCED, STARTED, summary

TURNED = Turned(Turn.REAL, "a real build contradicts fast")


def test_what_was_found_before_the_last_turn_does_not_count() -> None:
    other = replace(INTRODUCED, revisions=(CURE,))
    assert all_found([STARTED, INTRODUCED, FIXED]) == [INTRODUCED, FIXED]
    events = [INTRODUCED, FIXED, TURNED, other]
    assert all_found(events) == [other]
    assert all_found([*events, TURNED]) == []


def test_the_last_one_of_a_change_is_what_an_earlier_session_found() -> None:
    part, bug = replace(INTRODUCED, part=1), replace(INTRODUCED, bug=1)
    surer = replace(INTRODUCED, confidence=0.99)
    events: list[Event] = [INTRODUCED, part, bug, surer]
    assert found_earlier(events, Change.INTRODUCTION) == surer
    assert found_earlier(events, Change.INTRODUCTION, part=1) == part
    assert found_earlier(events, Change.INTRODUCTION, bug=1) == bug
    assert found_earlier(events, Change.FIX) is None
    assert found_earlier([*events, TURNED], Change.INTRODUCTION) is None


def test_a_report_has_nothing_that_was_found_before_the_last_turn() -> None:
    stale, right = replace(FIXED, part=1), replace(INTRODUCED, part=1)
    made = summary([STARTED, stale, TURNED, right])
    assert [(one.found.what, one.revision) for one in made.findings] == [
        (Change.INTRODUCTION, CULPRIT)
    ]
