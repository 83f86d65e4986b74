"""Shorter time limits for runs that are expected to hang, by the runs of the same job so far.

A test that takes half a second has half a minute to end, and is tried again after that, since the
machine may be busy. If the bug is a hang, to wait so long for each run tells nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bisector.probing.ticket import Ticket
from bisector.record.events import Event, Probed
from bisector.record.learnt import Learnt
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose
from bisector.testing.oracle import Oracle
from bisector.testing.timeouts import FACTOR

LEAST = 10.0  # seconds of a run; the load of the machine makes that more, see timeouts.limit()


class Hangs:
    """What the job's runs so far say of how long the next one may take."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._passed: dict[tuple[str, str], float] = {}  # the seconds of a test's longest run
        self._hung: set[tuple[str, ...]] = set()  # revisions with fixup, toolchain and test
        for event in events:
            if isinstance(event, Probed):
                self.add(event)

    def add(self, event: Probed) -> None:
        """Take a finished run into account."""
        test = (event.scenario, event.variant)
        if event.verdict is Verdict.GOOD and event.test_seconds:
            self._passed[test] = max(self._passed.get(test, 0.0), event.test_seconds)
        elif event.failure and event.failure.kind.is_hang and not event.patched:
            self._hung.add((event.revision, event.fixup, event.toolchain, *test))

    def timed(self, ticket: Ticket, learnt: Learnt | None) -> Oracle:
        """The oracle of *ticket* with the limits for its run; *learnt* is the bug's own failure.

        A binary that hung before, in all the time there is, is not tried twice any more. If the bug
        is a hang, the limit is lower, but for the first run of a proof.
        """
        oracle = ticket.oracle
        usual = self._passed.get((oracle.name, oracle.variant))
        if usual is None:
            return oracle
        hurried = replace(oracle, seconds=min(oracle.seconds, max(LEAST, FACTOR * usual)))
        built = (ticket.revision, ticket.fixup, ticket.toolchain.name)
        binary = (*built, oracle.name, oracle.variant)
        if binary in self._hung and ticket.run > 0 and not ticket.patched:
            return replace(hurried, patient=False)
        is_proof = Purpose.CONFIRM.begins(ticket.purpose)
        return hurried if learnt and learnt.is_hang and not is_proof else oracle
