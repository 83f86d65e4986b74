"""Learn the bug's failure from several revisions that fail, in different ways perhaps."""

from __future__ import annotations

from collections.abc import Sequence

from bisector.build.toolchain import Toolchain
from bisector.jobs.hunt.learning import learnt_in, repeat
from bisector.probing.prober import Prober
from bisector.record.events import Noted, Probed
from bisector.record.learnt import Learnt
from bisector.record.verdict import Verdict
from bisector.testing.oracle import Oracle


def learn_from(
    prober: Prober,
    failed: Sequence[Probed],
    oracle: Oracle | None = None,
    toolchain: Toolchain | None = None,
    *,
    flaky: bool = False,
) -> Learnt | None:
    """Run the first of *failed* of each kind again, and record their failures as the bug's.

    Those that pass now are left out with a note, unless the test is known to be *flaky*; None if no
    other is left. The defaults of *oracle* and *toolchain* are the prober's.
    """
    first = {probed.failure: probed for probed in reversed(failed)}
    runs_of: list[list[Probed]] = []
    for probed in [one for one in failed if first[one.failure] is one]:
        runs = [probed, *repeat(prober, probed, toolchain, oracle)]
        if not flaky and any(run.verdict is Verdict.GOOD for run in runs):
            text = f"{probed.name} fails in some runs only, so its failure is not taken for the bug"
            prober.journal.note(Noted(f"{text}: {probed.reason}"))
        else:
            runs_of.append(runs)
    if not runs_of:
        return None
    learnt = learnt_in([run for runs in runs_of for run in runs])
    prober.learn(learnt)
    return learnt
