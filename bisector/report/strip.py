"""The tested history as a row of marks, oldest first; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bisector.events import Found, Probed
from bisector.report import grid
from bisector.report.summary import Summary
from bisector.transition import FIX, INTRODUCTION, NEW_VERDICT
from bisector.verdict import Verdict

_MIDDLE = ("witness", "affected release")
_FOUND = {INTRODUCTION: "introduced", FIX: "fixed"}


@dataclass(frozen=True)
class Mark:
    """One revision: what it came to, in a word, and what to say about it."""

    name: str
    word: str
    text: str
    found: str | None = None


def marks(summary: Summary) -> list[Mark]:
    """What the job tried: releases, judged revisions, branches, or the search's own path."""
    if summary.releases:
        return [Mark(one.release, one.verdict, one.reason) for one in summary.releases]
    if summary.judged and not summary.ported:
        return [_row(row) for row in grid.rows(summary.judged)]
    if summary.ported:
        return [Mark(one.branch, one.outcome, one.why) for one in summary.ported]
    return list(_searched(summary))


def _row(row: grid.Row) -> Mark:
    """A revision by the scenario that the patch is meant for, unless another one breaks."""
    judged = sorted(row.judged.values(), key=lambda one: (one.outcome != "breaks", not one.wanted))
    return Mark(row.name, judged[0].outcome, row.subject)


def _searched(summary: Summary) -> Iterator[Mark]:
    """The revisions that the search asked about, as far as it shows their order.

    It goes towards a change from both sides: what it asked later lies nearer to the change. What
    it met between the ends, by chance or as a release, stands in the middle.
    """
    asked = _verdicts(summary)
    found = {finding.found.what: finding.found for finding in summary.findings}
    middle = [one.revision for one in asked.values() if one.purpose.startswith(_MIDDLE)]
    middle = [one for one in middle if asked[one].verdict is Verdict.BAD]
    order = [
        summary.started.old,
        *_around(INTRODUCTION, asked, found.get(INTRODUCTION)),
        *middle,
        *_around(FIX, asked, found.get(FIX)),
        summary.started.new,
    ]
    answers = {revision: one.what for one in found.values() for revision in one.revisions}
    for revision in dict.fromkeys(order):
        if one := asked.get(revision):
            yield Mark(one.name, one.verdict, one.subject, _FOUND.get(answers.get(revision, "")))


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


def _around(what: str, asked: Mapping[str, Probed], found: Found | None) -> list[str]:
    """What was asked about one change, oldest first."""
    new = NEW_VERDICT[what]
    answer = [*found.parents, *found.revisions] if found else []
    ours = [
        one for one in asked.values() if one.purpose.startswith(what) and one.revision not in answer
    ]
    below = [one.revision for one in ours if one.verdict.tested and one.verdict is not new]
    between = [one.revision for one in ours if not one.verdict.tested]
    above = [one.revision for one in ours if one.verdict is new]
    return [*below, *between, *answer, *reversed(above)]
