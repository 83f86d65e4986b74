"""Events as JSON can hold them, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any

from bisector.events import (
    Cell,
    Confirmed,
    Covered,
    Ended,
    Event,
    Found,
    HunkDropped,
    Judged,
    Noted,
    PatchChecked,
    Ported,
    Probed,
    Reduced,
    RegTested,
    Released,
    Started,
    Turned,
)
from bisector.outcome import Outcome
from bisector.verdict import Verdict

_VERDICTS = ("verdict", "before", "after", "affected")
_KINDS: dict[str, type[Event]] = {
    kind.kind: kind
    for kind in (
        *(Started, Probed, Found, Confirmed, PatchChecked, Judged, HunkDropped, Reduced, Covered),
        *(RegTested, Ported, Released, Noted, Turned, Ended),
    )
}


def to_dict(event: Event) -> dict[str, Any]:
    """An event as JSON can hold it."""
    return {"kind": event.kind, **asdict(event)}  # type: ignore[call-overload]


def from_dict(table: Mapping[str, Any]) -> Event:
    """The event that *table* holds. Raises KeyError, TypeError or ValueError if it holds none."""
    kind = _KINDS[table["kind"]]
    values = {
        field.name: table[field.name]
        for field in fields(kind)  # type: ignore[arg-type]
        if field.name in table or field.default is MISSING  # older journals lack newer fields
    }
    for name, value in values.items():
        values[name] = _value(name, value)
    return kind(**values)


def _value(name: str, value: Any) -> Any:
    """A field's value from what JSON made of it."""
    if name == "cells":
        return tuple(Cell(**{key: _value(key, one[key]) for key in one}) for one in value)
    if isinstance(value, list):
        return tuple(value)
    if name in _VERDICTS and value is not None:
        return Verdict(value)
    return Outcome(value) if name == "outcome" else value
