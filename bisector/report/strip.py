"""The tested history as a row of marks, oldest first; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bisector.record.events import Probed
from bisector.record.summary import Summary
from bisector.record.verdict import Verdict
from bisector.record.words import Change
from bisector.report import grid

_FOUND = {Change.INTRODUCTION: "introduced", Change.FIX: "fixed"}


@dataclass(frozen=True)
class Mark:
    """One revision: what it came to, in a word, and what to say about it."""

    name: str
    word: str
    text: str
    found: str | None = None


def marks(summary: Summary) -> list[Mark]:
    """What the job tried: releases, revisions, branches, or the search's own path."""
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
    """Each revision of a sweep; the odd ones stand out."""
    probes = {probe.revision: probe for probe in summary.probes}
    for one in summary.stretches:
        for revision in one.revisions:
            probe = probes.get(revision)  # a damaged journal may lack it
            name = probe.name if probe else revision[:10]
            text = f"{probe.subject if probe else ''} {one.reason}".strip()
            yield Mark(name, one.verdict, text, "odd" if one.odd else None)


def _row(row: grid.Row) -> Mark:
    """A revision by the scenario that the patch is meant for, unless another one breaks."""
    judged = sorted(row.judged.values(), key=lambda one: (one.outcome != "breaks", not one.wanted))
    return Mark(row.name, judged[0].outcome, row.subject)


def _searched(summary: Summary) -> Iterator[Mark]:
    """The revisions that the search asked about, in the history's order."""
    found = {
        revision: _FOUND[finding.found.what]
        for finding in summary.findings
        for revision in finding.found.revisions
    }
    asked = _verdicts(summary).values()
    for one in sorted(asked, key=_place):
        yield Mark(one.name, one.verdict, one.subject, found.get(one.revision))


def _verdicts(summary: Summary) -> dict[str, Probed]:
    """The word on each revision as it is: bad once is bad, and any test tells more than none."""
    asked: dict[str, Probed] = {}
    for probe in summary.probes:
        before = asked.get(probe.revision)
        if probe.patched:
            continue
        if before is None:
            asked[probe.revision] = probe
        elif probe.verdict is Verdict.BAD or not before.verdict.tested:
            asked[probe.revision] = replace(before, verdict=probe.verdict, reason=probe.reason)
    return asked


def _place(probe: Probed) -> tuple[bool, int]:
    """Journals of older versions do not say it: their revisions stay as they were asked."""
    return probe.place is None, probe.place or 0
