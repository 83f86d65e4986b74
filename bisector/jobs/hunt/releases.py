"""The releases that have the bug, and the effect of the patch at each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bisector.git.history import History, Range
from bisector.patch.apply import AppliedSeries, ApplyConflict
from bisector.patch.model import Series
from bisector.probing.prober import Prober
from bisector.record.events import Found, Probed
from bisector.record.patch_events import PatchChecked
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Purpose


def occurrences(found: Sequence[Found]) -> list[dict[Change, str]]:
    """The changes *found*, oldest first, as affected() takes them: for each time the bug came."""
    times: list[dict[Change, str]] = []
    for change in found:
        if change.what is Change.INTRODUCTION or not times:
            times.append({})
        times[-1][change.what] = change.revisions[-1]
    return times


def affected(history: History, span: Range, found: Mapping[Change, str]) -> list[str]:
    """The tagged commits (full hashes) from the introduction on, up to the fix, oldest first.

    *found* maps each change that was found to its full hash. Without an introduction, the bug is
    older than *span*.
    """
    return [commit for commit in _bad(history, span, found) if commit in history.tags]


def misfits(
    history: History,
    span: Range,
    times: Sequence[Mapping[Change, str]],
    verdicts: Mapping[str, Verdict],
) -> list[str]:
    """The commits of *span*, oldest first, whose verdict is not what follows from *times*.

    *times* are those of occurrences(); *verdicts* are by full hash.
    """
    bad = {commit for found in times for commit in _bad(history, span, found)}
    return [
        commit
        for commit in (span.old.id, *span.commits)
        if (verdict := verdicts.get(commit)) and (verdict is Verdict.BAD) != (commit in bad)
    ]


def _bad(history: History, span: Range, found: Mapping[Change, str]) -> list[str]:
    fixes = [found[Change.FIX]] if Change.FIX in found else []
    return stretch(history, span, found.get(Change.INTRODUCTION, span.old.id), fixes)


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
        if before.fixup and ticket and (tree := prober.fixups.onto(ticket.tree, before.fixup)):
            about = (ticket.revision, tree, Purpose.PATCHED)
            ticket = prober.start_tree(*about, fixup=before.fixup)
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
