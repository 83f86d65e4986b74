"""The section on a sweep: its stretches, its re-tests; and the estimate of its duration."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from bisector.record.events import Retested, Stretch
from bisector.record.summary import Summary
from bisector.record.words import Job
from bisector.record.work_estimate import Estimate
from bisector.report.layout import counted, roughly, row, stretch, table
from bisector.report.strip import marks


def section(summary: Summary) -> list[str]:
    """The stretches, oldest first, and the re-tests; for an unfinished sweep, its probes so far."""
    if summary.started.job is Job.SWEEP and not summary.answered:
        return _so_far(summary)
    lines: list[str] = []
    if summary.stretches:
        texts = [[span(one), one.verdict, basis(one)] for one in summary.stretches]
        lines += row("stretches", *_headed(table(texts)))
    if summary.retested:
        lines += row("re-tested", *_headed([retested(one) for one in summary.retested]))
    return lines


def _so_far(summary: Summary) -> list[str]:
    """The probes of a sweep that was interrupted, adjacent ones with equal verdicts in one row."""
    runs = [list(some) for _, some in groupby(marks(summary), key=lambda mark: mark.word)]
    texts = [
        [stretch([mark.name for mark in some]), some[0].word, f"{len(some)} probed"]
        for some in runs
    ]
    return row("so far", *_headed(table(texts))) if texts else []


def _headed(lines: Sequence[str]) -> tuple[str, Sequence[str]]:
    return lines[0], lines[1:]


def span(one: Stretch) -> str:
    """The first and the last revision of a stretch."""
    return stretch([one.first, one.last] if len(one.revisions) > 1 else [one.first])


def basis(one: Stretch) -> str:
    """The number of revisions, whether they are odd, and why they could not be tested."""
    text = counted(len(one.revisions), "revision")
    text += ", odd" if one.odd else ""
    return text if one.verdict.tested else f"{text}: {one.reason}"


def retested(one: Retested) -> str:
    """The result of the re-test of an odd revision, in one line."""
    if one.before is one.after:
        return f"{one.name}: {one.after}, and {one.toolchain} says the same"
    why = "" if one.after.tested else f" ({one.reason})"
    return f"{one.name}: was {one.before}, {one.after} by the re-test with {one.toolchain}{why}"


def estimate(one: Estimate) -> str:
    """The size and the estimated duration of a sweep, in one line."""
    what = f"{counted(one.revisions, 'revision')}, {counted(one.contents, 'source')}"
    if one.known == one.contents:
        return f"{what}: every verdict is here"
    cached = [(one.known, "verdict"), (one.built, "binary")]
    here = " and ".join(counted(number, thing) for number, thing in cached if number)
    here = f"{here} here" if here else "nothing here yet"
    left = f"about {roughly(one.build_seconds)} building and {roughly(one.test_seconds)} testing"
    by = f"by {counted(one.measured, 'build')} here" if one.measured else "measured elsewhere"
    return f"{what}: {here}; {left} on {counted(one.cores, 'core')} ({by})"
