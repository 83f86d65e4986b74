"""The releases that have the bug, and how the patch fares at each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bisector.git.history import History, Range
from bisector.patch.apply import AppliedSeries, ApplyConflict
from bisector.patch.model import Series
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.patch_events import PatchChecked
from bisector.record.words import Change, Purpose


def affected(history: History, span: Range, found: Mapping[Change, str]) -> list[str]:
    """The commits with a release tag, from the introduction on, up to the fix, oldest first.

    *found* has both by what they are; the bug is older than *span* if no introduction is in it.
    """
    bad = {found.get(Change.INTRODUCTION, span.old.id)}
    good = {found[Change.FIX]} if Change.FIX in found else set()
    for commit in span.commits:
        parents = history.commit(commit).parents
        if any(parent in bad for parent in parents):
            bad.add(commit)
        if any(parent in good for parent in parents):
            good.add(commit)
    candidates = (span.old.id, *span.commits)
    return [c for c in candidates if c in bad and c not in good and c in history.tags]


def check_patch(prober: Prober, commits: Sequence[str], series: Series) -> None:
    """Probe each of *commits* as it is, then with *series*; what comes of it goes to the journal.

    All of them are under way at once.
    """
    under_way = [
        (
            prober.start(commit, Purpose.AFFECTED),
            # next to it, as its build can go on from the other's
            *prober.start_patched(commit, series, Purpose.PATCHED),
        )
        for commit in commits
    ]
    for plain, done, ticket in under_way:
        (told,) = prober.ask_all([plain])
        patched = prober.ask_all([ticket])[0] if ticket else None
        prober.journal.note(_checked(told, done, patched))


def _checked(
    before: Probed, done: AppliedSeries | ApplyConflict, after: Probed | None
) -> PatchChecked:
    """How one release fared."""
    name, commit, was = before.name, before.revision, before.verdict
    if isinstance(done, ApplyConflict):
        return PatchChecked(name, commit, was, (), None, f"{done.patch} conflicts: {done.text}")
    assert after is not None  # what applies is probed
    how = tuple(step.text for step in done.steps)
    problem = "" if after.verdict.tested else after.reason
    return PatchChecked(name, commit, was, how, after.verdict, problem, after.toolchain)
