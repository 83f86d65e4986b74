"""The summary of a journal: what is answered, what is proven, and by how much work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisector.record.events import Confirmed, Ended, Event, Noted
from bisector.record.patch_events import PatchChecked
from bisector.record.summary import summarize
from bisector.record.verdict import Verdict
from tests.support.records import (
    ANSWERED,
    BAD,
    CHECKS,
    CULPRIT,
    CURE,
    GOOD,
    INTRODUCED,
    PARENT,
    PROBES,
    PROVEN,
    SIGNATURE,
    STARTED,
    probed,
    summary,
    without,
)


def test_a_journal_that_does_not_say_what_was_asked_has_no_summary() -> None:
    assert summarize([]) is None
    assert summarize([Noted("x")]) is None


def test_a_proven_answer_is_proven() -> None:
    made = summary(ANSWERED)
    assert made.answered and made.proven and made.patch_holds
    assert [finding.revision for finding in made.findings] == [CULPRIT, CURE]


@pytest.mark.parametrize("gone", [*PROVEN, ANSWERED[-1]])
def test_an_answer_that_lacks_a_part_of_its_proof_is_not_proven(gone: Event) -> None:
    assert not summary(without(gone)).proven


def test_an_answer_in_doubt_is_not_proven() -> None:
    doubted = [*without(PROVEN[1]), Confirmed("fix", False, 5, "run 3 differs")]
    assert not summary(doubted).proven


def test_what_was_found_last_counts() -> None:
    other = replace(INTRODUCED, revisions=(PARENT,))
    assert summary([*ANSWERED, other]).findings[0].revision == PARENT
    assert summary([STARTED, Ended("no", ()), *ANSWERED[1:]]).answered


@pytest.mark.parametrize(
    "check",
    [
        replace(CHECKS[0], after=BAD),
        replace(CHECKS[0], after=None),
        replace(CHECKS[0], after=Verdict.UNTESTABLE),
        replace(CHECKS[0], before=GOOD),
    ],
)
def test_a_patch_holds_only_if_it_turns_every_release_from_bad_to_good(
    check: PatchChecked,
) -> None:
    assert not summary([*ANSWERED, check]).patch_holds


def test_work_is_what_was_really_done() -> None:
    assert summary(ANSWERED).work == (2, 60.0, 1.0)


def test_evidence_is_of_the_revision_as_it_is_not_patched() -> None:
    patched = probed(CULPRIT, GOOD, patched=True, evidence=("patched",))
    assert summary([STARTED, patched, *PROBES]).evidence(CULPRIT) == (SIGNATURE,)
    assert summary(ANSWERED).evidence("unheard of") == ()
