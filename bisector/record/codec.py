"""Events as JSON can hold them, and back.

An event's JSON object has its fields and its ``kind``. msgspec, which checks the types on the way
back, is imported only when an event is converted.
"""

from __future__ import annotations

from typing import Any

from bisector.record import (  # noqa: F401 - they enter their events into Event.kinds
    fixup_events,
    fork_events,
    learnt,
    metric_events,
    patch_events,
    queue_events,
    survey_events,
    triage_events,
)
from bisector.record.events import Event


class NotAnEvent(ValueError):
    """Data that is no event: an unknown kind, a field missing or of another type."""


def to_dict(event: Event) -> dict[str, Any]:
    """An event as JSON can hold it: its kind and its fields."""
    import msgspec

    return {"kind": event.kind, **msgspec.to_builtins(event)}


def from_dict(table: object) -> Event:
    """The event that *table*, a decoded JSON object, holds.

    A field with a default may be missing, as in journals of older versions; what is no field is
    ignored. Raises NotAnEvent.
    """
    import msgspec

    try:
        kind = Event.kinds[table["kind"]]  # type: ignore[index]
        return msgspec.convert(table, kind)
    except (msgspec.ValidationError, LookupError, TypeError, ValueError) as error:
        raise NotAnEvent(str(error)) from None
