"""What a patch does, judged from the verdicts before and after it; pure."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from bisector.verdict import Verdict


class Outcome(StrEnum):
    """What a patch does to one variant of a scenario, to a scenario, to a branch."""

    FIXES = "fixes"
    NOT_NEEDED = "not needed"
    INEFFECTIVE = "ineffective"
    BREAKS = "breaks"
    CONFLICT = "conflict"
    UNBUILDABLE = "unbuildable"
    UNTESTABLE = "untestable"


# what a reader has to know first
_GRAVITY = (
    Outcome.BREAKS,
    Outcome.UNBUILDABLE,
    Outcome.CONFLICT,
    Outcome.INEFFECTIVE,
    Outcome.FIXES,
    Outcome.NOT_NEEDED,
    Outcome.UNTESTABLE,
)


def of_variant(before: Verdict, after: Verdict | None) -> Outcome:
    """The outcome for one variant; *after* is None where the patch conflicts.

    What is good needs no patch, so that it does not apply there matters to nobody. A test that
    worked before the patch and does not after it is no sign of the bug, and none of its absence.
    """
    if Verdict.UNBUILDABLE in (before, after):
        return Outcome.UNBUILDABLE
    if after is None:
        return {Verdict.GOOD: Outcome.NOT_NEEDED, Verdict.BAD: Outcome.CONFLICT}.get(
            before, Outcome.UNTESTABLE
        )
    return {
        (Verdict.BAD, Verdict.GOOD): Outcome.FIXES,
        (Verdict.GOOD, Verdict.GOOD): Outcome.NOT_NEEDED,
        (Verdict.BAD, Verdict.BAD): Outcome.INEFFECTIVE,
        (Verdict.GOOD, Verdict.BAD): Outcome.BREAKS,
    }.get((before, after), Outcome.UNTESTABLE)


def of_scenario(variants: Collection[tuple[Verdict, Verdict | None]]) -> Outcome:
    """The gravest outcome of a scenario's variants, each as of_variant takes it.

    A variant that could not be tested before the patch says nothing, as long as others do; one
    that cannot be tested any more, after it, does.
    """
    outcomes = {of_variant(before, after) for before, after in variants}
    if any(before.tested and after is Verdict.UNTESTABLE for before, after in variants):
        outcomes -= {Outcome.FIXES, Outcome.NOT_NEEDED}
    return next((one for one in _GRAVITY if one in outcomes), Outcome.UNTESTABLE)


def of_branch(scenarios: Collection[tuple[Outcome, bool]]) -> Outcome:
    """The outcome on a branch from those of the scenarios, each with whether it is to be fixed.

    To fix one of them is enough, for a fix seldom is one for several bugs.
    """
    if any(outcome is Outcome.BREAKS for outcome, _ in scenarios):
        return Outcome.BREAKS
    wanted = {outcome for outcome, is_wanted in scenarios if is_wanted}
    if Outcome.FIXES in wanted:
        return Outcome.FIXES
    return next((one for one in _GRAVITY if one in wanted), Outcome.UNTESTABLE)
