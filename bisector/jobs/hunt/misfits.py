"""Say which verdicts do not fit the answer of a hunt: then there is more than one change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bisector.git.history import Range
from bisector.jobs.hunt import releases
from bisector.jobs.hunt.learning import SHOWN
from bisector.probing.prober import Prober
from bisector.record.events import Noted
from bisector.record.words import Change


def note_misfits(prober: Prober, span: Range, times: Sequence[Mapping[Change, str]]) -> None:
    """Note the revisions of *span* that *times*, as of releases.occurrences(), do not explain."""
    history = prober.context.history
    firsts = {commit: runs[0] for commit, runs in prober.verdicts().items() if runs}
    tested = {commit: run for commit, run in firsts.items() if run.verdict.tested}
    verdicts = {commit: run.verdict for commit, run in tested.items()}
    odd = [tested[commit] for commit in releases.misfits(history, span, times, verdicts)]
    if odd:
        names = ", ".join(f"{run.name} is {run.verdict}" for run in odd[:SHOWN])
        more = f" and {len(odd) - SHOWN} more" if len(odd) > SHOWN else ""
        text = f"the verdict changed more often than that: {names}{more}"
        prober.journal.note(Noted(f"{text}; 'run --all' finds each change"))
