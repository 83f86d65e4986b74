"""What the events of a job found."""

from __future__ import annotations

from collections.abc import Sequence

from bisector.record.events import Event, Found, Turned
from bisector.record.words import Change


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
