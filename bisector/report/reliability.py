"""Whether the test of a hunt is reliable: it is not if it fails by chance where it should pass."""

from __future__ import annotations

from collections.abc import Iterator

from bisector.record.events import Probed
from bisector.record.summary import Summary
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Job, Purpose
from bisector.report.layout import listed


def unreliable(summary: Summary) -> str:
    """Where the test of a hunt without a proven answer failed by chance; '' if it did nowhere.

    These are revisions that are good if the hunt is right, and at which runs of the same binary
    were good and bad.
    """
    if summary.started.job is not Job.RUN or not summary.ended or summary.proven:
        return ""
    where = []
    for revision in dict.fromkeys(_good_sides(summary)):
        for runs in _by_toolchain(summary, revision):
            bad = sum(run.verdict is Verdict.BAD for run in runs)
            if bad and any(run.verdict is Verdict.GOOD for run in runs):
                where.append(f"{runs[0].name} ({bad} of {len(runs)} runs bad)")
                break
    said = "the test is not reliable: it passed and failed where it should pass, at"
    return f"{said} {listed(where)}" if where else ""


def _good_sides(summary: Summary) -> Iterator[str]:
    """The revisions, full hashes, that are good if the hunt is right."""
    began = {
        purpose
        for purpose in (Purpose.WITNESS, Purpose.INTRODUCTION, Purpose.FIX)
        if any(purpose.begins(probe.purpose) for probe in summary.probes)
    }
    if not began or began & {Purpose.WITNESS, Purpose.INTRODUCTION}:
        yield summary.started.old
    if began & {Purpose.WITNESS, Purpose.FIX}:
        yield summary.started.new
    for finding in summary.findings:
        if finding.found.what is Change.FIX:
            yield finding.revision
        else:
            yield from finding.found.parents


def _by_toolchain(summary: Summary, revision: str) -> Iterator[list[Probed]]:
    runs = [one for one in summary.judging if one.revision == revision]
    for name in dict.fromkeys(run.toolchain for run in runs):
        yield [run for run in runs if run.toolchain == name]
