"""The tested revisions as a row of marks, oldest first; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bisector.record.events import Probed
from bisector.record.patch_outcome import Outcome
from bisector.record.summary import Summary
from bisector.record.verdict import Verdict
from bisector.record.words import Change
from bisector.report import grid

_FOUND = {Change.INTRODUCTION: "introduced", Change.FIX: "fixed"}


@dataclass(frozen=True)
class Mark:
    """A revision with its result in a ``word`` and a ``text``; ``found``: what was found there."""

    name: str
    word: str
    text: str
    found: str | None = None


def marks(summary: Summary) -> list[Mark]:
    """The marks of what the job tested: releases, revisions, branches, or what a search probed."""
    if summary.releases:
        return [
            Mark(one.release, one.verdict, one.reason if one.probed else "(inferred)")
            for one in summary.releases
        ]
    if summary.stretches:
        return list(_swept(summary))
    if summary.judged and not summary.ported:
        return [_row(row) for row in grid.rows(summary.judged)]
    if summary.ported:
        return [Mark(one.branch, one.outcome, one.why) for one in summary.ported]
    return list(_searched(summary))


def _swept(summary: Summary) -> Iterator[Mark]:
    """The marks of each revision of a sweep."""
    probes = {probe.revision: probe for probe in summary.probes}
    for one in summary.stretches:
        for revision in one.revisions:
            probe = probes.get(revision)  # a damaged journal may lack it
            name = probe.name if probe else revision[:10]
            text = f"{probe.subject if probe else ''} {one.reason}".strip()
            yield Mark(name, one.verdict, text, "odd" if one.odd else None)


def _row(row: grid.Row) -> Mark:
    """The mark of a revision: the outcome of a scenario that breaks, else of the wanted one."""
    judged = sorted(
        row.judged.values(), key=lambda one: (one.outcome is not Outcome.BREAKS, not one.wanted)
    )
    return Mark(row.name, judged[0].outcome, row.subject)


def _searched(summary: Summary) -> Iterator[Mark]:
    """The marks of the revisions that a search probed, in the history's order."""
    found = {
        revision: _FOUND[finding.found.what]
        for finding in summary.findings
        for revision in finding.found.revisions
    }
    asked = _verdicts(summary).values()
    for one in sorted(asked, key=_place):
        yield Mark(one.name, one.verdict, one.subject, found.get(one.revision))


def _verdicts(summary: Summary) -> dict[str, Probed]:
    """The probe that counts for each unpatched revision: a bad one, else a tested one."""
    asked: dict[str, Probed] = {}
    for probe in summary.judging:
        before = asked.get(probe.revision)
        if before is None:
            asked[probe.revision] = probe
        elif probe.verdict is Verdict.BAD or not before.verdict.tested:
            asked[probe.revision] = replace(before, verdict=probe.verdict, reason=probe.reason)
    return asked


def _place(probe: Probed) -> tuple[bool, int]:
    """The key to sort by: the place, if the journal has it, else the order of the probes."""
    return probe.place is None, probe.place or 0
