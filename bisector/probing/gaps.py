"""Stretches of a job's revisions that the fast toolchain cannot build, though a real one can.

They are learnt from the job's own probes, so that not every revision is tried in vain. Only what
lies between failures is taken to fail, so the fast toolchain is used again beyond them.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from bisector.build.toolchain import Toolchain
from bisector.probing.ticket import Ticket
from bisector.record.events import Event, Probed
from bisector.record.verdict import Verdict

FEWEST = 3  # failures of one kind in a row; two at far ends of a range may be so by chance
_PLACE = re.compile(r"^\S+:\d+:(?:\d+:)? ")  # in a parallel build this or that file fails first

_Test = tuple[str, str]  # tests ask for different features


class Gaps:
    """What the job's builds so far say of whether the fast toolchain can build a revision."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._fast: dict[_Test, dict[str, Probed]] = {}  # by revision
        self._real: dict[_Test, set[str]] = {}  # the revisions that were built
        for event in events:
            if isinstance(event, Probed):
                self.add(event)

    def add(self, event: Probed) -> None:
        """Take a finished probe into account."""
        test = (event.scenario, event.variant)
        if event.patched or event.fixup:
            return
        if not event.real:
            self._fast.setdefault(test, {})[event.revision] = event
        elif event.verdict is not Verdict.UNBUILDABLE:
            self._real.setdefault(test, set()).add(event.revision)

    def problem(self, ticket: Ticket, places: Mapping[str, int]) -> str:
        """Why the fast toolchain is taken to fail at the revision of *ticket*, '' if it is not.

        It has failed there, or at the nearest revisions on both sides that it was tried at.
        *places* are the indexes of the job's revisions. For one failure it is always the same text.
        """
        test = (ticket.oracle.name, ticket.oracle.variant)
        fast, real = self._fast.get(test, {}), self._real.get(test, set())
        tried = {rev: _kind(event) for rev, event in fast.items() if _counts(event, real)}
        kind = tried.get(ticket.revision)
        if kind is None and ticket.revision in places:
            around = sorted((places[rev], kind) for rev, kind in tried.items() if rev in places)
            at = bisect(around, (places[ticket.revision],))
            kind = _shared([kind for _, kind in around[:at]], [kind for _, kind in around[at:]])
        return next((event.reason for event in fast.values() if kind and _kind(event) == kind), "")


def gap_remark(fast: Toolchain, fallback: Toolchain, problem: str) -> str:
    """The note for the user when *fast* is not tried at a revision because of *problem*."""
    return (
        f"{fast.name} cannot build some revisions; what lies between them is built with"
        f" {fallback.name} at once: {problem}"
    )


def kind_of(event: Probed) -> str:
    """A failure's kind for any compiler: if there is none, the verdict and the reason."""
    if event.failure:
        return str(event.failure.anywhere)
    return f"{event.verdict}: {re.sub(r'[0-9]+', '#', event.reason)}"


def _counts(event: Probed, real: set[str]) -> bool:
    """Whether it was built, or could have been: *real* are the revisions that others built."""
    return event.verdict is not Verdict.UNBUILDABLE or event.revision in real


def _kind(event: Probed) -> str:
    """The kind of the failure, wherever in the source it is; '' if it was built."""
    if event.verdict is not Verdict.UNBUILDABLE:
        return ""
    return re.sub(r"\d+", "#", _PLACE.sub("", event.reason))


def _shared(before: Sequence[str], after: Sequence[str]) -> str:
    """The kind of the failures on both sides; '' if it is not the same or there are too few."""
    if not before or not after or before[-1] != after[0]:
        return ""
    kind = after[0]
    alike = [*takewhile(kind.__eq__, before[::-1]), *takewhile(kind.__eq__, after)]
    return kind if len(alike) >= FEWEST else ""
