"""The text of `reduce`: how small the file is now, what proves it, and where it is."""

from __future__ import annotations

from collections.abc import Sequence

from bisector.printable import printable
from bisector.record.events import Probed
from bisector.record.reduction import Shortened
from bisector.record.verdict import Verdict
from bisector.report.layout import counted, roughly, row
from bisector.system import sizes


def render(result: Shortened) -> str:
    """The report."""
    before, after = (len(text.splitlines()) for text in (result.before, result.after))
    size = f"{sizes.show(len(result.before))} → {sizes.show(len(result.after))}"
    finish = f"more may be left out: {result.unfinished}" if result.unfinished else _MINIMAL
    work = f"{counted(result.trials, 'trial')} in {roughly(result.seconds)}"
    lines = [
        *row("reduced", f"{result.name}: {before:,} → {after:,} lines, {size}", [finish, work]),
        *_proof(result),
        *row("written", str(result.out)),
    ]
    return printable("\n".join(lines)) + "\n"


_MINIMAL = "no line of it can be left out"


def _proof(result: Shortened) -> list[str]:
    sides = ((result.bad, Verdict.BAD), (result.good, Verdict.GOOD))
    said = " and ".join(_tally(runs, verdict) for runs, verdict in sides)
    label = "proven" if result.proven else "not proven"
    more = list(result.bad[0].evidence[:2])
    for runs, verdict in sides:
        more += [f"{run.name}: {run.reason}" for run in runs if run.verdict is not verdict][:1]
    return row(label, f"with {result.bad[0].toolchain}: {said}", more)


def _tally(runs: Sequence[Probed], verdict: Verdict) -> str:
    times = sum(run.verdict is verdict for run in runs)
    return f"{verdict} at {runs[0].name} in {times} of {len(runs)} runs"
