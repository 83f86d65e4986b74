"""What a patch does, from the verdicts before and after it; pure."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from bisector.record.verdict import Verdict

NO_TEST = "no test shows this bug"  # why a branch is UNKNOWN
# how a reason begins: the bug's failure is gone, but the test still does not pass
OTHER_WAY = "with the patch it fails in another way"

Verdicts = tuple[Verdict, Verdict | None]  # before a patch and after it; None if it conflicts


class Outcome(StrEnum):
    """What a patch does to one variant of a scenario, to a scenario, to a branch."""

    FIXES = "fixes"
    NOT_NEEDED = "not needed"
    INEFFECTIVE = "ineffective"
    BREAKS = "breaks"
    CONFLICT = "conflict"
    UNBUILDABLE = "unbuildable"
    UNTESTABLE = "untestable"
    UNHARMED = "unharmed"  # of a test that does not show the bug: nothing good became bad
    UNKNOWN = "unknown"  # of a branch: no test shows the bug


# the gravest first
_GRAVITY = (
    Outcome.BREAKS,
    Outcome.UNBUILDABLE,
    Outcome.CONFLICT,
    Outcome.INEFFECTIVE,
    Outcome.FIXES,
    Outcome.NOT_NEEDED,
    Outcome.UNHARMED,
    Outcome.UNTESTABLE,
)
_WELL = {Outcome.FIXES, Outcome.NOT_NEEDED, Outcome.UNHARMED}


def of_variant(before: Verdict, after: Verdict | None) -> Outcome:
    """The outcome for one variant; *after* is None where the patch conflicts.

    A good variant does not need the patch, so it is NOT_NEEDED even if the patch conflicts. If the
    test works before the patch and not after it, the outcome is UNTESTABLE.
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


def of_watcher(before: Verdict, after: Verdict | None) -> Outcome:
    """The outcome for one variant that does not show the bug and only tells of harm."""
    outcome = of_variant(before, after)
    harm = (Outcome.BREAKS, Outcome.UNBUILDABLE, Outcome.UNTESTABLE)
    return outcome if outcome in harm else Outcome.UNHARMED


def of_scenario(variants: Collection[Verdicts], watching: Collection[Verdicts] = ()) -> Outcome:
    """The gravest outcome of a scenario's variants; the arguments are verdicts before and after.

    A variant that cannot be tested before the patch is ignored if others can. One that can be
    tested before it and not after it rules out FIXES, NOT_NEEDED and UNHARMED. Variants that are
    only *watching* for harm count beside others only if they break.
    """
    outcomes = {of_variant(*one) for one in variants}
    watched = {of_watcher(*one) for one in watching}
    outcomes |= watched & {Outcome.BREAKS} if variants else watched
    if any(spoiled(*one) for one in (*variants, *watching)):
        outcomes -= _WELL
    return next((one for one in _GRAVITY if one in outcomes), Outcome.UNTESTABLE)


def spoiled(before: Verdict, after: Verdict | None) -> bool:
    """Whether a test that worked before the patch cannot be run any more after it."""
    return before.tested and after is Verdict.UNTESTABLE


def of_branch(scenarios: Collection[tuple[Outcome, bool]]) -> Outcome:
    """The outcome on a branch from those of the scenarios, each with whether it is to be fixed.

    FIXES for one scenario is enough, since a fix is seldom for several bugs. If none is to be
    fixed, the outcome is UNKNOWN unless the patch does harm.
    """
    if any(outcome is Outcome.BREAKS for outcome, _ in scenarios):
        return Outcome.BREAKS
    wanted = {outcome for outcome, is_wanted in scenarios if is_wanted}
    if not wanted:
        unbuildable = any(outcome is Outcome.UNBUILDABLE for outcome, _ in scenarios)
        return Outcome.UNBUILDABLE if unbuildable else Outcome.UNKNOWN
    if Outcome.FIXES in wanted:
        return Outcome.FIXES
    return next((one for one in _GRAVITY if one in wanted), Outcome.UNTESTABLE)
