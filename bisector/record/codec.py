"""Events as JSON can hold them, and back."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from bisector.record.events import (
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
    Retested,
    Started,
    Stretch,
    Turned,
)
from bisector.record.patch_outcome import Outcome
from bisector.record.verdict import Verdict

_VERDICTS = ("verdict", "before", "after", "affected")
_KINDS: dict[str, type[Event]] = {
    kind.kind: kind
    for kind in (
        *(Started, Probed, Found, Confirmed, PatchChecked, Judged, HunkDropped, Reduced, Covered),
        *(RegTested, Ported, Released, Stretch, Retested, Noted, Turned, Ended),
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
    made: Event = _made(kind, values)
    return made


def _made(kind: Any, values: Mapping[str, Any]) -> Any:
    """An object of this *kind*; its reports trust that each field holds what it says."""
    hints = _hints(kind)
    found = {name: _value(name, value) for name, value in values.items()}
    if wrong := [name for name, value in found.items() if not _is(value, hints[name])]:
        raise TypeError(f"{kind.__name__}: {', '.join(wrong)}")
    return kind(**found)


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _is(value: object, hint: Any) -> bool:
    """Is *value* what the annotation *hint* says?"""
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(_is(one, get_args(hint)[0]) for one in value)
    if get_origin(hint) is UnionType:
        return any(_is(value, one) for one in get_args(hint))
    return type(value) is hint or (hint is float and type(value) is int)


def _value(name: str, value: Any) -> Any:
    """A field's value from what JSON made of it."""
    if name == "cells":
        return tuple(_made(Cell, one) for one in value)
    if isinstance(value, list):
        return tuple(value)
    if name in _VERDICTS and value is not None:
        return Verdict(value)
    return Outcome(value) if name == "outcome" else value
