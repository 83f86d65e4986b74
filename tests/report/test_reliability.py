"""A test that fails by chance where it should pass is the first thing that a report says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisector.record.events import Confirmed, Ended, Event, Probed
from bisector.record.verdict import Verdict
from bisector.report import terminal
from bisector.report.conclusion import conclude
from bisector.report.reliability import unreliable
from tests.support.judged import VERIFIED
from tests.support.records import (
    ANSWERED,
    BAD,
    CULPRIT,
    CURE,
    GOOD,
    INTRODUCED,
    PARENT,
    STARTED,
    probed,
    summary,
)

OLD, NEW = STARTED.old, STARTED.new
NO_FIX = Ended("no fix between them", ())
DOUBT = Confirmed("introduction", False, 5, "its parent was bad in 1 of 3 runs", "dev")


def runs(revision: str, *verdicts: Verdict, purpose: str = "end", **more: object) -> list[Event]:
    return [
        probed(revision, verdict, purpose=purpose, run=run, **more)
        for run, verdict in enumerate(verdicts)
    ]


def test_an_end_that_passed_and_failed_is_in_the_first_line() -> None:
    told = summary(
        [
            STARTED,
            *runs(OLD, GOOD, GOOD),
            *runs(NEW, GOOD, BAD, GOOD),
            probed(CULPRIT, BAD, purpose="witness (releases)"),
            NO_FIX,
        ]
    )
    said = "the test is not reliable: it passed and failed where it should pass, at"
    assert unreliable(told) == f"{said} {NEW[:10]} (1 of 3 runs bad)"
    assert terminal.render(told).splitlines()[0] == f"T{unreliable(told)[1:]}."
    assert conclude(told).text == f"no answer: {unreliable(told)}; no fix between them"


@pytest.mark.parametrize("toolchain", ["fast", "dev"])
def test_so_is_the_parent_of_what_was_found(toolchain: str) -> None:
    told = summary(
        [
            STARTED,
            *runs(CULPRIT, BAD, purpose="introduction"),
            INTRODUCED,
            *runs(PARENT, GOOD, BAD, GOOD, purpose="confirm the introduction", toolchain=toolchain),
            DOUBT,
            Ended("answered", ()),
        ]
    )
    assert f"at {PARENT[:10]} (1 of 3 runs bad)" in unreliable(told)
    assert conclude(told).text.startswith("not proven: the test is not reliable")
    assert conclude(told).text.endswith(DOUBT.doubt)


@pytest.mark.parametrize(
    "events",
    [
        [*runs(OLD, GOOD, GOOD), *runs(NEW, BAD, GOOD, purpose="introduction"), NO_FIX],
        [*runs(NEW, GOOD, GOOD), *runs(OLD, BAD, GOOD, purpose="fix"), NO_FIX],
        [*runs(NEW, BAD, GOOD), *runs(OLD, BAD, BAD), NO_FIX],
        [*runs(OLD, GOOD, BAD)],
        [*runs(OLD, GOOD), *runs(OLD, BAD, toolchain="dev"), NO_FIX],
        [*runs(OLD, GOOD, Verdict.UNTESTABLE), NO_FIX],
        [*runs(OLD, GOOD), *runs(OLD, BAD, patched=True), NO_FIX],
    ],
    ids=["bad end", "bad old end", "both bad", "unfinished", "toolchains", "untested", "patched"],
)
def test_nothing_is_said_of_any_other(events: list[Event]) -> None:
    told = summary([STARTED, *events])
    assert unreliable(told) == ""
    assert "reliable" not in terminal.render(told)


def test_nor_if_the_answer_is_proven_or_if_it_is_no_hunt() -> None:
    chance: list[Probed] = [
        replace(probed(revision, BAD), run=1) for revision in (PARENT, CURE, OLD)
    ]
    assert unreliable(summary([*ANSWERED, *chance])) == ""
    assert unreliable(summary(VERIFIED)) == ""
