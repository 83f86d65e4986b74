"""The releases that have the bug, and the effect of the patch at each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bisector.git.history import History, Range
from bisector.patch.apply import AppliedSeries, ApplyConflict
from bisector.patch.model import Series
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.patch_events import PatchChecked
from bisector.record.words import Change, Purpose


def affected(history: History, span: Range, found: Mapping[Change, str]) -> list[str]:
    """The tagged commits (full hashes) from the introduction on, up to the fix, oldest first.

    *found* maps each change that was found to its full hash. Without an introduction, the bug is
    older than *span*.
    """
    fixes = [found[Change.FIX]] if Change.FIX in found else []
    bad = stretch(history, span, found.get(Change.INTRODUCTION, span.old.id), fixes)
    return [commit for commit in bad if commit in history.tags]


def stretch(history: History, span: Range, first: str, fixes: Iterable[str]) -> list[str]:
    """The commits of *span* from *first* on, up to the *fixes* (full hashes), oldest first."""
    bad, good = {first}, set(fixes)
    for commit in span.commits:
        parents = history.commit(commit).parents
        if any(parent in bad for parent in parents):
            bad.add(commit)
        if any(parent in good for parent in parents):
            good.add(commit)
    candidates = (span.old.id, *span.commits)
    return [commit for commit in candidates if commit in bad and commit not in good]


def check_patch(prober: Prober, commits: Sequence[str], series: Series) -> None:
    """Probe each of *commits* without and with *series*, and append the results to the journal.

    All probes are submitted before the first result is awaited.
    """
    started = [
        (
            prober.start(commit, Purpose.AFFECTED),
            # right after it, so that the build is incremental
            *prober.start_patched(commit, series, Purpose.PATCHED),
        )
        for commit in commits
    ]
    for plain, applied, ticket in started:
        (before,) = prober.ask_all([plain])
        after = prober.ask_all([ticket])[0] if ticket else None
        prober.journal.note(_checked(before, applied, after))


def _checked(
    before: Probed, applied: AppliedSeries | ApplyConflict, after: Probed | None
) -> PatchChecked:
    """The event for one release."""
    name, commit, was = before.name, before.revision, before.verdict
    if isinstance(applied, ApplyConflict):
        conflict = f"{applied.patch} conflicts: {applied.text}"
        return PatchChecked(name, commit, was, (), None, conflict)
    assert after is not None  # a series that applies is probed
    how = tuple(step.text for step in applied.steps)
    problem = "" if after.verdict.tested else after.reason
    return PatchChecked(name, commit, was, how, after.verdict, problem, after.toolchain)
