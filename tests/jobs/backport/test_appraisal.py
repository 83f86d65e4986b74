"""What is said of a branch: the verdict beside the fix's message, the history, the prerequisites.

tests/jobs/backport/test_backport.py has the same on branches that are tested.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisector.jobs.backport.appraisal import (
    BranchAdvice,
    Claim,
    affected,
    has_spoiled,
    remark,
    why,
)
from bisector.record.patch_events import Cell, Judged
from bisector.record.patch_outcome import NO_TEST, Outcome
from bisector.record.verdict import Verdict
from bisector.search.prerequisites import Prerequisites
from tests.support.judged import cell, judged

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE
SILENT = BranchAdvice(applies=True)
YES = BranchAdvice(applies=True, wanted=True, text="Backport it.")
NO = BranchAdvice(applies=True, wanted=False, text="Not before 3.0.")
ELSEWHERE = BranchAdvice(applies=False)


def row(*cells: Cell, scenario: str = "dns-flap") -> Judged:
    """A judgement; of the scenario dns-flap it is wanted."""
    return judged("3.0", scenario, list(cells))


WATCHING = replace(cell("c", BAD, BAD), watching=True)


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([], None),
        ([row(cell("a", GOOD, GOOD), cell("b", BAD, GOOD))], BAD),
        ([row(cell("a", UNTESTABLE, GOOD), cell("b", GOOD, GOOD))], GOOD),
        ([row(cell("a", UNTESTABLE, UNTESTABLE))], UNTESTABLE),
        ([row(WATCHING)], None),
        ([row(cell("a", BAD, BAD), scenario="dns-false-up")], None),
    ],
)
def test_a_branch_is_as_bad_as_the_cases_that_show_the_bug(
    rows: list[Judged], verdict: Verdict | None
) -> None:
    assert affected(rows) is verdict


def test_a_test_that_cannot_be_run_any_more_is_spoiled() -> None:
    assert has_spoiled([row(cell("a", GOOD, UNTESTABLE))])
    assert not has_spoiled([row(cell("a", UNTESTABLE, UNTESTABLE)), row(cell("a", BAD, GOOD))])


@pytest.mark.parametrize(
    ("has_bug", "has_fix", "said"),
    [
        (True, False, "is bad in 1 of 2, 64c9c8ef39, which brought it, is in its history"),
        (True, True, "but 64c9c8ef39, which brought it, is in its history, and so is its fix"),
        (False, False, "but 64c9c8ef39, which brought it, is not in its history"),
    ],
)
def test_it_is_said_whether_the_history_agrees_with_the_tests(
    has_bug: bool, has_fix: bool, said: str
) -> None:
    tested = [row(cell("a", BAD, GOOD), cell("b", GOOD, GOOD))]
    assert why(tested, [Claim("dns-flap", "64c9c8ef39", has_bug, has_fix)]).endswith(said)


def test_without_a_test_of_the_bug_only_the_history_is_quoted() -> None:
    claim = Claim("", "64c9c8ef39", has_bug=True, has_fix=False)
    watched = [row(cell("a", GOOD, GOOD), scenario="dns-false-up")]
    assert why(watched, []) == NO_TEST
    assert why(watched, [claim]) == f"{NO_TEST}; by history: {claim.text}"


def test_what_cannot_be_tested_says_why() -> None:
    untested = [row(cell("a", UNTESTABLE, UNTESTABLE, "no expect in its log"))]
    assert why(untested, []) == "dns-flap cannot be tested: no expect in its log"


@pytest.mark.parametrize(
    ("verdict", "advice", "said"),
    [
        (None, YES, "by the message only: 'Backport it.'"),
        (None, SILENT, "the message says nothing about it"),
        (None, ELSEWHERE, ""),
        (GOOD, YES, "said but not needed: 'Backport it.'"),
        (GOOD, SILENT, ""),
        (GOOD, NO, ""),
        (BAD, YES, ""),
        (BAD, SILENT, "needed but not said"),
        (BAD, NO, "needed, though the message says no: 'Not before 3.0.'"),
        (BAD, ELSEWHERE, ""),
    ],
)
def test_it_is_remarked_where_the_verdict_differs_from_the_message(
    verdict: Verdict | None, advice: BranchAdvice, said: str
) -> None:
    assert remark(verdict, advice, None, None, ()) == said


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        (Prerequisites(("a",), True, True, 3), "with 1 commit before it, it applies: fixes"),
        (
            Prerequisites(("a", "b"), True, False, 9),
            "with 2 commits before it, it applies: fixes; fewer may suffice (9 sets tried)",
        ),
        (Prerequisites(None, False, True, 4), "no set of earlier commits lets it apply (4 tried)"),
        (
            Prerequisites(None, False, False, 4),
            "no set of earlier commits that lets it apply was found (4 tried)",
        ),
    ],
)
def test_the_search_for_prerequisites_is_told_and_whether_it_ended_early(
    needs: Prerequisites, said: str
) -> None:
    assert remark(BAD, YES, needs, Outcome.FIXES, ()) == said
    with_omitted = remark(BAD, YES, needs, Outcome.FIXES, ["doc/x.txt"])
    assert with_omitted == f"{said}; left out: doc/x.txt, which conflicts"
