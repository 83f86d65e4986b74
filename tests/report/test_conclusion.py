"""The last word: it is good only if all that was asked for is shown, and says what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisector.record.events import Confirmed, Ended, Event
from bisector.record.patch_events import PatchChecked
from bisector.report.conclusion import conclude
from tests.support import judged as j
from tests.support import queue_rows as q
from tests.support.records import ANSWERED, BAD, FORKED, GOOD, PROVEN, STARTED, summary, without


def said(events: list[Event]) -> tuple[bool, str]:
    last = conclude(summary(events))
    return last.good, last.text


# --- run ------------------------------------------------------------------------------------------


def test_a_proven_hunt_names_what_it_found() -> None:
    assert said(ANSWERED) == (
        True,
        "proven: the introduction is 64c9c8ef39 and the fix is c16eba8183; "
        "the patch holds on 2 releases",
    )


def test_a_hunt_without_all_its_proof_is_not_proven() -> None:
    assert said(without(PROVEN[1])) == (False, "not proven: the fix: not confirmed")
    doubt = Confirmed("fix", False, 5, "run 3 differs")
    assert said([*ANSWERED, doubt]) == (False, "not proven: the fix: run 3 differs")


def test_a_hunt_whose_patch_fails_somewhere_is_not_good() -> None:
    fails = PatchChecked("v3.0.0", "3" * 40, BAD, ("exact",), BAD, "")
    good, text = said([*ANSWERED, fails])
    assert not good and text.startswith("patch fails: it does not hold on v3.0.0; the introduction")


def test_a_hunt_without_an_answer_says_why() -> None:
    assert said([STARTED]) == (False, "no answer: unfinished")
    assert said([STARTED, Ended("both are bad", ())]) == (False, "no answer: both are bad")


# --- verify ---------------------------------------------------------------------------------------


def test_a_patch_that_fixes_where_it_is_needed_and_breaks_nothing_is_verified() -> None:
    text = "verified: fixes dns-flap on v3.0-dev1, not needed on 1 other; breaks nothing"
    assert said(j.VERIFIED) == (True, text)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (j.breaks("v3.1.0"), "breaks dns-false-up on v3.1.0"),
        (j.conflicts("v3.1.0"), "conflicts on v3.1.0"),
        (j.fails_to_help("v3.1.0"), "does not help on v3.1.0"),
        (j.REG_TESTS[0], "newly fails reg-tests/server/a.vtc"),
        (Confirmed("v3.0-dev1", False, 60, "dev differs"), "not proven on v3.0-dev1: dev differs"),
        (j.judged("v3.1.0", "dns-flap", []), "cannot be tested on v3.1.0"),
    ],
)
def test_whatever_speaks_against_a_patch_is_in_the_last_word(event: Event, reason: str) -> None:
    events = [*j.VERIFIED[:-1], event, j.VERIFIED[-1]]
    assert said(events) == (False, f"not verified: {reason}")
    assert not summary(events).verified


def test_a_patch_that_is_needed_nowhere_is_not_verified() -> None:
    good, text = said(j.verify(j.spares("v2.9.0")))
    assert not good
    assert text == "not verified: not needed at any revision that was tried, so nothing is verified"


def test_what_the_patch_is_not_meant_for_may_stay_as_it_was() -> None:
    other = replace(j.fails_to_help("v3.0-dev1"), scenario="dns-false-up", wanted=False)
    assert said(j.verify(j.fixes("v3.0-dev1"), other))[0]


def test_an_unfinished_verification_is_none() -> None:
    assert said(j.VERIFIED[:-1]) == (False, "not verified: unfinished")


@pytest.mark.parametrize("events", [j.VERIFIED, j.REFUSED, j.VERIFIED[:-1], j.verify()])
def test_the_last_word_and_the_summary_agree(events: list[Event]) -> None:
    assert conclude(summary(events)).good == summary(events).verified


def test_of_many_revisions_some_are_named() -> None:
    names = [f"v3.0-dev{n}" for n in range(1, 9)]
    assert (
        "on v3.0-dev1, v3.0-dev2, v3.0-dev3, v3.0-dev4 and 4 more"
        in (said(j.verify(*map(j.fixes, names)))[1])
    )


# --- backport, affected ---------------------------------------------------------------------------


def test_a_backport_is_complete_if_every_branch_that_needs_it_has_it() -> None:
    fits, conflict, spared = j.PORTED
    asked, end = j.BACKPORTED[0], j.BACKPORTED[-1]
    assert said([asked, fits, spared, end]) == (
        True,
        "backported: applies to 3.0; not needed on 2.8",
    )
    assert said([asked, fits, conflict, spared, end]) == (
        False,
        "incomplete: conflict on 2.9; applies to 3.0; not needed on 2.8",
    )
    assert said([asked, fits, j.UNKNOWN, end]) == (
        False,
        "incomplete: unknown on 2.7, no test shows this bug; applies to 3.0",
    )
    broken = replace(j.breaks("v3.0.5"), branch="3.0")
    assert said([asked, fits, broken, end])[1].startswith("incomplete: breaks dns-false-up on 3.0")
    assert said([asked, spared, end])[0]
    assert said([asked, fits]) == (False, "incomplete: unfinished")


def test_the_affected_releases_are_named_by_their_stretches() -> None:
    asked, end = j.AFFECTED[0], j.AFFECTED[-1]
    known, unknown = j.RELEASES[:-1], j.RELEASES[-1]
    assert said([asked, *known, end]) == (True, "affected: 7 releases, v3.0.0 to v3.0.6")
    again = replace(known[-1], release="v3.2.0")
    apart = [*known, replace(known[0], release="v3.1.9"), again]
    assert said([asked, *apart, end])[1].endswith("8 releases, v3.0.0 to v3.0.6, v3.2.0")
    assert said([asked, *known, unknown, end]) == (
        False,
        "incomplete: affected: 7 releases, v3.0.0 to v3.0.6; unknown: v3.1.0",
    )
    healthy = [one for one in known if one.verdict is GOOD]
    assert said([asked, *healthy, end]) == (True, "affected: no release")


def test_a_sweep_says_how_many_are_bad_and_where() -> None:
    assert said(j.SWEPT) == (
        True,
        "swept: 4 of 13 revisions bad, v3.0-dev1~8, v3.0-dev2~1 to v3.0.0",
    )
    asked, end = j.SWEPT[0], j.SWEPT[-1]
    assert said([asked, j.STRETCHES[0], end]) == (True, "swept: 0 of 5 revisions bad")
    assert said([asked, j.STRETCHES[0], j.HOLE, end]) == (
        False,
        "incomplete: 0 of 6 revisions bad; unknown: v3.0.1",
    )
    assert said([asked, *j.STRETCHES]) == (False, "incomplete: unfinished")


def test_a_hunt_on_two_lines_names_both() -> None:
    good, word = said(FORKED)
    assert good
    assert word == (
        "proven: the introduction on master is 64c9c8ef39 and the introduction on 3.0 is "
        "9999999999; 3.0 has it, too, as 9999999999 (v3.0.2~1) MEDIUM: a (by its message)"
    )


# --- queue ----------------------------------------------------------------------------------------


def test_a_queue_that_needs_nobody_is_settled() -> None:
    counts = "2 pick, 1 pick with, 1 not needed, 1 there"
    assert said(q.SETTLED) == (True, f"settled: 3.0: {counts}")
    assert said([q.STARTED, q.series(), q.QUEUE[-1]]) == (
        True,
        "settled: 3.0: no fix among 70 commits",
    )


def test_a_queue_with_open_rows_is_not() -> None:
    good, text = said(q.BRANCHES)
    assert not good
    assert text == (
        "not settled: 4 fixes to look at; "
        "3.0: 1 breaks, 1 conflict, 1 unclear, 2 wait, 2 pick, 1 pick with, 1 not needed, 1 there; "
        "2.9: 2 pick, 1 pick with, 1 not needed, 1 there"
    )
    assert said([*q.SETTLED[:-1], q.WAIT, q.QUEUE[-1]])[0] is False


def test_a_decision_settles_a_row() -> None:
    assert said([*q.SETTLED[:-1], q.REFUSED, q.QUEUE[-1]])[0] is True


def test_a_queue_without_its_end_is_incomplete() -> None:
    assert said(q.SETTLED[:-1]) == (False, "incomplete: unfinished")
