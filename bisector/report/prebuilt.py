"""The text of `prebuild`: what there is to do, and what came of it."""

from __future__ import annotations

from bisector.record.prebuilding import Prebuilding, Prebuilt
from bisector.report.layout import counted, elided, roughly, row
from bisector.system import sizes


def estimate(work: Prebuilding) -> str:
    """The size and the estimated duration of the work, in one line."""
    what = f"{work.range}: {counted(work.total, 'different source')}"
    if not work.missing:
        return f"{what}, all of them prebuilt for {work.toolchain}"
    here = work.total - work.missing
    by = f"on {counted(work.jobs, 'worker')}" if work.on_workers else f"{work.jobs} at a time"
    left = f"{work.missing} to build for {work.toolchain}, {by}"
    return f"{what}, {here} here; {left}: about {roughly(work.seconds)}"


def summary(work: Prebuilding, done: Prebuilt) -> str:
    """How many sources are prebuilt now, which do not build and why, and where it all is."""
    broken = sum(done.problems.values())
    ready = f"{work.total - broken} of {counted(work.total, 'source')} of {work.range}"
    lines = row("prebuilt", f"{ready}, for {work.toolchain}")
    if broken:
        reasons = sorted(done.problems.items(), key=lambda item: -item[1])
        texts = [f"{number}: {problem}" for problem, number in reasons]
        lines += row("not built", f"{broken}", elided(texts))
    lines += row("kept in", f"{done.file}, {sizes.show(done.size)}")
    return "\n".join(lines) + "\n"
