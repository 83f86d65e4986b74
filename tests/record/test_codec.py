"""Events survive JSON, and what is no event is refused."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.record import codec
from bisector.record.codec import from_dict, to_dict
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

KINDS: list[type[Any]] = [
    *(Started, Probed, Found, Confirmed, PatchChecked, Judged, HunkDropped, Reduced, Covered),
    *(RegTested, Ported, Released, Stretch, Retested, Noted, Turned, Ended),
]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)  # what has a UTF-8 form
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    tuple[str, ...]: st.lists(TEXT, max_size=3).map(tuple),
    bool: st.booleans(),
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Verdict: st.sampled_from(Verdict),
    Verdict | None: st.sampled_from([None, *Verdict]),
    Outcome: st.sampled_from(Outcome),
    bool | None: st.sampled_from([None, True, False]),
    int | None: st.none() | st.integers(),
    tuple[int, ...]: st.lists(st.integers(), max_size=3).map(tuple),
}


def events_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: VALUES[hints[field.name]] for field in fields(kind)})


VALUES[tuple[Cell, ...]] = st.lists(events_of(Cell), max_size=3).map(tuple)
EVENTS = st.one_of([events_of(kind) for kind in KINDS])


def test_every_kind_of_event_has_its_own_name() -> None:
    assert len({kind.kind for kind in KINDS}) == len(KINDS)
    assert list(codec._KINDS.values()) == KINDS


@given(EVENTS)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    back = from_dict(json.loads(json.dumps(to_dict(event))))
    assert back == event
    assert repr(back) == repr(event), "a verdict, too, not only its word"


def test_a_field_that_a_later_version_adds_is_passed_over() -> None:
    assert from_dict({"kind": "note", "text": "x", "new": 1}) == Noted("x")


@pytest.mark.parametrize(
    ("event", "newer"),
    [
        (Found("fix", ("a",), ("s",), ("p",), ("b",)), ["confidence"]),
        (Confirmed("fix", True, 5, ""), ["toolchain", "tally", "confidence"]),
        (
            Probed(
                *("end", "a", "v1", "s", False, 0, "key", Verdict.BAD, "why", ("line",), "binary"),
                *(1.0, 2.0, "/log", False, 3.0),
            ),
            ["toolchain"],
        ),
    ],
)
def test_journals_of_older_versions_are_read(event: Event, newer: list[str]) -> None:
    table = to_dict(event)
    for name in newer:
        del table[name]
    assert from_dict(table) == event


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"kind": "nonesuch"},
        {"kind": ["note"]},
        {"kind": "note"},
        {**to_dict(PatchChecked("r", "r", Verdict.BAD, (), None, "")), "before": "superb"},
    ],
)
def test_what_is_no_event_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        from_dict(table)


def test_every_field_of_every_kind_is_written() -> None:
    made = to_dict(Ended("answered", ("v3.0.0",)))
    assert set(made) == {"kind", *(field.name for field in fields(Ended))}
    assert made["kind"] == "ended"
