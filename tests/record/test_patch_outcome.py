"""Outcomes: what verdicts before and after a patch come to."""

from __future__ import annotations

import pytest

from bisector.record.patch_outcome import Outcome, of_branch, of_scenario, of_variant
from bisector.record.verdict import Verdict

GOOD, BAD = Verdict.GOOD, Verdict.BAD
UNBUILDABLE, UNTESTABLE = Verdict.UNBUILDABLE, Verdict.UNTESTABLE


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        (BAD, GOOD, Outcome.FIXES),
        (GOOD, GOOD, Outcome.NOT_NEEDED),
        (BAD, BAD, Outcome.INEFFECTIVE),
        (GOOD, BAD, Outcome.BREAKS),
        (GOOD, UNTESTABLE, Outcome.UNTESTABLE),
        (BAD, UNTESTABLE, Outcome.UNTESTABLE),
        (UNTESTABLE, GOOD, Outcome.UNTESTABLE),
        (UNTESTABLE, BAD, Outcome.UNTESTABLE),
        (BAD, UNBUILDABLE, Outcome.UNBUILDABLE),
        (UNBUILDABLE, GOOD, Outcome.UNBUILDABLE),
    ],
)
def test_a_variant_is_judged_by_both_its_verdicts(
    before: Verdict, after: Verdict, outcome: Outcome
) -> None:
    assert of_variant(before, after) is outcome


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        (BAD, Outcome.CONFLICT),
        (GOOD, Outcome.NOT_NEEDED),
        (UNTESTABLE, Outcome.UNTESTABLE),
        (UNBUILDABLE, Outcome.UNBUILDABLE),
    ],
)
def test_a_patch_that_does_not_apply_is_a_conflict_only_where_it_is_needed(
    before: Verdict, outcome: Outcome
) -> None:
    assert of_variant(before, None) is outcome


@pytest.mark.parametrize(
    ("pairs", "outcome"),
    [
        ([(BAD, GOOD), (GOOD, GOOD)], Outcome.FIXES),
        ([(GOOD, GOOD), (GOOD, GOOD)], Outcome.NOT_NEEDED),
        ([(BAD, GOOD), (BAD, BAD)], Outcome.INEFFECTIVE),
        ([(BAD, GOOD), (BAD, BAD), (GOOD, BAD)], Outcome.BREAKS),
        ([(BAD, None), (GOOD, None)], Outcome.CONFLICT),
        ([(UNTESTABLE, UNTESTABLE), (BAD, GOOD)], Outcome.FIXES),
        ([(UNTESTABLE, UNTESTABLE)], Outcome.UNTESTABLE),
        ([], Outcome.UNTESTABLE),
    ],
)
def test_a_scenario_is_judged_by_its_gravest_variant(
    pairs: list[tuple[Verdict, Verdict | None]], outcome: Outcome
) -> None:
    assert of_scenario(pairs) is outcome


def test_a_variant_that_the_patch_made_untestable_is_not_passed_over() -> None:
    assert of_scenario([(BAD, GOOD), (BAD, UNTESTABLE)]) is Outcome.UNTESTABLE
    assert of_scenario([(GOOD, BAD), (BAD, UNTESTABLE)]) is Outcome.BREAKS


@pytest.mark.parametrize(
    ("pairs", "outcome"),
    [
        ([(GOOD, GOOD), (BAD, BAD), (BAD, GOOD), (BAD, None)], Outcome.UNHARMED),
        ([(GOOD, GOOD), (UNTESTABLE, UNTESTABLE)], Outcome.UNHARMED),
        ([(GOOD, GOOD), (GOOD, BAD)], Outcome.BREAKS),
        ([(GOOD, UNBUILDABLE)], Outcome.UNBUILDABLE),
        ([(GOOD, GOOD), (GOOD, UNTESTABLE)], Outcome.UNTESTABLE),
        ([(UNTESTABLE, UNTESTABLE)], Outcome.UNTESTABLE),
    ],
)
def test_a_scenario_that_does_not_show_the_bug_only_watches_for_harm(
    pairs: list[tuple[Verdict, Verdict | None]], outcome: Outcome
) -> None:
    assert of_scenario([], pairs) is outcome


def test_variants_that_only_watch_say_nothing_beside_others_unless_they_break() -> None:
    assert of_scenario([(BAD, GOOD)], [(BAD, BAD)]) is Outcome.FIXES
    assert of_scenario([(UNTESTABLE, UNTESTABLE)], [(GOOD, GOOD)]) is Outcome.UNTESTABLE
    assert of_scenario([(BAD, GOOD)], [(GOOD, BAD)]) is Outcome.BREAKS
    assert of_scenario([(BAD, GOOD)], [(GOOD, UNTESTABLE)]) is Outcome.UNTESTABLE


FIXES, NOT_NEEDED, BREAKS = Outcome.FIXES, Outcome.NOT_NEEDED, Outcome.BREAKS
INEFFECTIVE, CONFLICT = Outcome.INEFFECTIVE, Outcome.CONFLICT


@pytest.mark.parametrize(
    ("wanted", "others", "outcome"),
    [
        ([FIXES], [], FIXES),
        ([FIXES, NOT_NEEDED], [], FIXES),
        ([FIXES, INEFFECTIVE], [], FIXES),
        ([NOT_NEEDED, INEFFECTIVE], [], INEFFECTIVE),
        ([NOT_NEEDED, CONFLICT], [], CONFLICT),
        ([NOT_NEEDED], [INEFFECTIVE, CONFLICT, FIXES], NOT_NEEDED),
        ([FIXES], [BREAKS], BREAKS),
        ([FIXES, BREAKS], [], BREAKS),
        ([Outcome.UNTESTABLE, NOT_NEEDED], [], NOT_NEEDED),
        ([], [FIXES, NOT_NEEDED, Outcome.UNTESTABLE], Outcome.UNKNOWN),
        ([], [Outcome.UNBUILDABLE], Outcome.UNBUILDABLE),
        ([], [BREAKS], BREAKS),
        ([], [], Outcome.UNKNOWN),
    ],
)
def test_a_branch_is_fixed_if_one_scenario_is_and_none_breaks(
    wanted: list[Outcome], others: list[Outcome], outcome: Outcome
) -> None:
    judged = [(one, True) for one in wanted] + [(one, False) for one in others]
    assert of_branch(judged) is outcome
