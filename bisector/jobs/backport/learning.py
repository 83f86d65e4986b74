"""Learn the bug's failure from a test that fails without the fix and passes with it."""

from __future__ import annotations

from bisector.build.toolchain import Toolchain
from bisector.jobs.failing import learn_from
from bisector.jobs.hunt.learning import may_be_the_bug
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.verdict import Verdict
from bisector.testing.oracle import Oracle


def may_show(case: Oracle, probed: Probed) -> bool:
    """Whether a *case* that failed so without the fix may show the bug."""
    return probed.verdict is Verdict.BAD or (not case.knows_its_bug and may_be_the_bug(probed))


def learn(prober: Prober, case: Oracle, failed: Probed, toolchain: Toolchain | None) -> bool:
    """Learn the bug's failure from *case*, which *failed* without the fix and passes with it.

    Whether it fails each time; or, if *toolchain* repeats what was learnt, whether it fails so.
    """
    if failed.failure is None:
        return True
    if toolchain and prober.learnt_by(case.name):
        return prober.judged(failed).verdict is Verdict.BAD
    return learn_from(prober, [failed], case, toolchain) is not None
