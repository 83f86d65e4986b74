"""What a patch does, judged from the verdicts before and after it; pure."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from bisector.record.verdict import Verdict

NO_TEST = "no test shows this bug"  # why a branch is UNKNOWN

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


# what a reader has to know first
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


def of_watcher(before: Verdict, after: Verdict | None) -> Outcome:
    """The outcome for one variant that does not show the bug and so only watches for harm."""
    outcome = of_variant(before, after)
    harm = (Outcome.BREAKS, Outcome.UNBUILDABLE, Outcome.UNTESTABLE)
    return outcome if outcome in harm else Outcome.UNHARMED


def of_scenario(variants: Collection[Verdicts], watching: Collection[Verdicts] = ()) -> Outcome:
    """The gravest outcome of a scenario's variants, each as of_variant takes it.

    A variant that could not be tested before the patch says nothing, as long as others do; one
    that cannot be tested any more, after it, does. Those that are only *watching* for harm count
    beside others only where they break.
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

    To fix one of them is enough, for a fix seldom is one for several bugs. Where none is to be
    fixed, nothing is known but harm.
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
