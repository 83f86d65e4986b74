"""What git makes of a hunt: it replays it and names the same commit."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from bisector.errors import OutputProblem
from bisector.record.events import Ended, Event, Found, Probed, Started, Turned
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Turn
from bisector.report import bisect_log
from tests.support.clone import Clone
from tests.support.judged import VERIFIED
from tests.support.records import BAD, GOOD, STARTED, probed, summary


class Replay:
    """A repository of ten commits whose hunts git replays."""

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self.line = clone.line(10)
        self._git("reset", "-q", "--hard", "master")

    def started(self, old: int, new: int) -> Started:
        return replace(STARTED, old=self.line[old], new=self.line[new])

    def probe(self, place: int, verdict: Verdict, purpose: str, **more: object) -> Probed:
        return probed(self.line[place], verdict, purpose=purpose, **more)

    def found(self, what: Change, *places: int) -> Found:
        names = tuple(self.line[place] for place in places)
        blank = ("",) * len(places)
        return Found(what, names, blank, blank, (self.line[places[0] - 1],))

    def said(self, events: list[Event]) -> str:
        """What git says after the replay."""
        log = self.clone.path / "log"
        log.write_text(bisect_log.render(summary(events)))
        return self._git("bisect", "replay", str(log))

    def _git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.clone.path), *words], capture_output=True, text=True
        )
        return done.stdout + done.stderr


@pytest.fixture
def replay(clone: Clone) -> Replay:
    return Replay(clone)


def test_git_names_the_introduction_even_if_both_ends_are_good(replay: Replay) -> None:
    events = [
        replay.started(0, 9),
        replay.probe(0, GOOD, "end"),
        replay.probe(9, GOOD, "end"),
        replay.probe(8, GOOD, "witness (releases)"),
        replay.probe(6, BAD, "witness (releases)"),
        replay.probe(3, BAD, "introduction (5 candidates, about 2 probes left)"),
        replay.probe(2, GOOD, "introduction (2 candidates, about 1 probe left)"),
        replay.probe(7, GOOD, "fix (2 candidates, about 1 probe left)"),
        replay.probe(5, BAD, "affected release"),
        replay.probe(5, GOOD, "patched release", patched=True),
        *(replay.found(Change.INTRODUCTION, 3), replay.found(Change.FIX, 7), Ended("answered", ())),
    ]
    assert f"{replay.line[3]} is the first bad commit" in replay.said(events)


def test_git_names_the_fix_where_that_was_the_question(replay: Replay) -> None:
    events = [
        replay.started(0, 9),
        replay.probe(0, BAD, "end"),
        replay.probe(9, GOOD, "end"),
        replay.probe(5, GOOD, "fix (9 candidates, about 3 probes left)"),
        replay.probe(4, BAD, "fix (5 candidates, about 2 probes left)"),
        replay.found(Change.FIX, 5),
    ]
    assert f"{replay.line[5]} is the first fixed commit" in replay.said(events)


def test_what_cannot_be_tested_is_skipped_and_the_set_is_gits_too(replay: Replay) -> None:
    events = [
        replay.started(0, 9),
        replay.probe(0, GOOD, "end"),
        replay.probe(9, BAD, "end"),
        replay.probe(5, BAD, "introduction (9 candidates, about 3 probes left)"),
        replay.probe(4, Verdict.UNBUILDABLE, "introduction (5 candidates, about 2 probes left)"),
        replay.probe(3, GOOD, "introduction (5 candidates, about 2 probes left)"),
        replay.found(Change.INTRODUCTION, 4, 5),
    ]
    said = replay.said(events)
    assert "only 'skip'ped commits left" in said
    assert replay.line[4] in said and replay.line[5] in said


def test_the_answer_counts_whatever_was_found_bad_after_it(replay: Replay) -> None:
    events = [
        replay.started(0, 9),
        replay.probe(0, GOOD, "end"),
        replay.probe(9, BAD, "end"),
        replay.probe(3, BAD, "introduction (9 candidates, about 3 probes left)"),
        replay.probe(2, GOOD, "introduction (9 candidates, about 3 probes left)"),
        replay.probe(6, BAD, "introduction (9 candidates, about 3 probes left)"),
        replay.found(Change.INTRODUCTION, 3),
    ]
    assert f"{replay.line[3]} is the first bad commit" in replay.said(events)


def test_an_unfinished_hunt_goes_on_in_git(replay: Replay) -> None:
    events = [replay.started(0, 9), replay.probe(0, GOOD, "end"), replay.probe(9, BAD, "end")]
    assert "Bisecting: 4 revisions left" in replay.said(events)


@pytest.mark.parametrize(
    ("way", "dropped", "believed"),
    [
        (Turn.REAL, "fast", "dev"),
        (Turn.RELEASE, "fast", "release"),
        (Turn.RELEASE, "dev", "release"),
    ],
)
def test_verdicts_that_the_hunt_dropped_are_not_told(
    replay: Replay, way: Turn, dropped: str, believed: str
) -> None:
    wrong = replay.probe(3, BAD, "introduction (9 candidates, about 3 probes left)")
    right = replay.probe(3, GOOD, "introduction (9 candidates, about 3 probes left)")
    events = [
        replay.started(0, 9),
        replace(wrong, toolchain=dropped, real=dropped != "fast"),
        Turned(way, "x"),
        replace(right, toolchain=believed, real=True),
    ]
    told = bisect_log.render(summary(events))
    assert f"git bisect good {replay.line[3]}" in told
    assert "git bisect bad" not in told


def test_a_flaky_revision_that_was_bad_once_is_bad() -> None:
    runs = [probed("a" * 40, v, purpose="introduction", run=n) for n, v in enumerate((BAD, GOOD))]
    told = bisect_log.render(summary([STARTED, *runs]))
    assert f"git bisect bad {'a' * 40}" in told and "git bisect good" not in told


def test_what_was_no_bisection_cannot_be_replayed() -> None:
    with pytest.raises(OutputProblem, match="'verify' bisects nothing"):
        bisect_log.render(summary(VERIFIED))
