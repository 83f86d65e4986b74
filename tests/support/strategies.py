"""Hypothesis strategies for events of every kind."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import StrEnum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

import bisector.record.patch_events  # noqa: F401  (its events enter the registry)
from bisector.record.events import Event

KINDS: list[type[Any]] = [
    kind for kind in Event.kinds.values() if kind.__module__.startswith("bisector.record.")
]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)  # what has a UTF-8 form
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    bool: st.booleans(),
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Whatever a field with this annotation may hold."""
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=3).map(tuple)
    if get_origin(hint) is UnionType:
        return st.one_of([values(one) for one in get_args(hint)])
    if is_dataclass(hint):
        return objects(hint)
    return st.sampled_from(hint) if issubclass(hint, StrEnum) else VALUES[hint]


def objects(kind: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: values(hints[field.name]) for field in fields(kind)})


EVENTS = st.one_of([objects(kind) for kind in KINDS])
