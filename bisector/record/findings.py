"""What the events of a job found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bisector.record.events import Confirmed, Ended, Event, Found, Probed, Turned
from bisector.record.learnt import Learnt
from bisector.record.words import Change


@dataclass(frozen=True)
class Finding:
    """A change that the search found, and its proof; ``confirmed`` is None if there was none."""

    found: Found
    confirmed: Confirmed | None

    @property
    def proven(self) -> bool:
        return self.confirmed is not None and self.confirmed.proven

    @property
    def revision(self) -> str:
        """The full hash of the first revision with the new verdict."""
        return self.found.revisions[-1]

    @property
    def confidence(self) -> float:
        """The probability that it is this commit, 0 to 1; 1 unless the test is flaky."""
        return self.confirmed.confidence if self.confirmed else self.found.confidence


@dataclass(frozen=True)
class OtherBug:
    """Another bug that a hunt saw in its range: its failure, and what was found of it.

    ``affected`` names the releases that have it, oldest first.
    """

    learnt: Learnt
    findings: tuple[Finding, ...]
    affected: tuple[str, ...]


def all_found(events: Sequence[Event], bug: int = 0) -> list[Found]:
    """What was found of *bug*, as in Found.

    What was found before the job turned to another way does not count: it was found again.
    """
    turns = (at for at, event in enumerate(events) if isinstance(event, Turned))
    since = events[max(turns, default=0) :]
    return [event for event in since if isinstance(event, Found) and event.bug == bug]


def found_earlier(
    events: Sequence[Event], what: Change, *, bug: int = 0, part: int = 0
) -> Found | None:
    """The last one of these, as an earlier session found it; None if it did not."""
    same = [one for one in all_found(events, bug) if (one.what, one.part) == (what, part)]
    return same[-1] if same else None


def findings(events: Sequence[Event], bug: int = 0) -> tuple[Finding, ...]:
    """What was found of *bug*, as in Found, with its proof, in the order of the job's commits."""
    last = {(one.what, one.part): one for one in all_found(events, bug)}
    confirmed = {(e.what, e.part): e for e in events if isinstance(e, Confirmed) and e.bug == bug}
    places = {e.revision: e.place or 0 for e in events if isinstance(e, Probed)}
    parts = sorted(last.values(), key=lambda one: one.part and places.get(one.revisions[-1], 0))
    return tuple(Finding(one, confirmed.get((one.what, one.part))) for one in parts)


def other_bugs(events: Sequence[Event]) -> Iterator[OtherBug]:
    """The other bugs, in their order."""
    learnt = {event.bug: event for event in events if isinstance(event, Learnt) and event.bug}
    ends = [event for event in events if isinstance(event, Ended)]
    affected = ends[-1].others if ends else ()
    for bug, one in learnt.items():
        releases = affected[bug - 1] if bug <= len(affected) else ()
        yield OtherBug(one, findings(events, bug), releases)
