"""Learn the bug's failure from the revisions without a patch."""

from __future__ import annotations

from collections.abc import Sequence

from bisector.jobs.failing import learn_from
from bisector.jobs.hunt.learning import (
    is_absent_feature,
    may_be_the_bug,
    needs_a_pass,
    test_works,
)
from bisector.patch.model import Series
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.words import Purpose


def learn_before(prober: Prober, revisions: Sequence[str], series: Series) -> None:
    """Learn from the job's own test at *revisions* without *series*, unless it says what is bad.

    Failures that speak for themselves go before others.
    """
    if prober.context.oracle.knows_its_bug:
        return
    tickets = [prober.start(commit, Purpose.BEFORE) for commit in revisions]
    failed = [probed for probed in prober.ask_all(tickets) if may_be_the_bug(probed)]
    speaking = [one for one in failed if one.failure and one.failure.kind.speaks_for_itself]
    if counting := speaking or [one for one in failed if _may_be_fixed(prober, one, series)]:
        learn_from(prober, counting)


def _may_be_fixed(prober: Prober, failed: Probed, series: Series) -> bool:
    """Whether *series* may fix *failed*: a feature that the revision lacks only if it brings that.

    Nor does a command that fails by itself count, unless it does otherwise with *series*.
    """
    if not (is_absent_feature(failed.failure) or needs_a_pass(failed)):
        return True
    _, ticket = prober.start_patched(failed.revision, series, Purpose.AFTER)
    if ticket is None:
        return False
    (after,) = prober.ask_all([ticket])
    return test_works(after) and after.failure != failed.failure
