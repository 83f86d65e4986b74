"""Events survive JSON, and what is no event is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given

from bisector.record.codec import NotAnEvent, from_dict, to_dict
from bisector.record.events import Confirmed, Ended, Event, Found, Noted, Probed
from bisector.record.journal import Journal, read
from bisector.record.patch_events import PatchChecked
from bisector.record.verdict import Verdict
from bisector.record.words import Change
from tests.support.strategies import EVENTS, KINDS


@dataclass(frozen=True)
class Measured(Event):
    """An event that somebody else's module defines."""

    kind: ClassVar[str] = "measured"
    verdict: Verdict
    seconds: tuple[float, ...]
    remark: str = ""


def test_an_event_of_another_module_goes_through_the_journal(tmp_path: Path) -> None:
    event = Measured(Verdict.BAD, (1.5, 2.0))
    Journal(tmp_path / "journal").append(event)
    assert read(tmp_path / "journal") == ([event], 0)
    assert from_dict({"kind": "measured", "verdict": "bad", "seconds": [1.5, 2]}) == event
    with pytest.raises(NotAnEvent, match="verdict"):
        from_dict({"kind": "measured", "verdict": "superb", "seconds": []})


def test_two_events_of_one_kind_are_refused() -> None:
    with pytest.raises(TypeError, match="two events of kind 'note': Noted, Remark"):

        class Remark(Event):
            kind: ClassVar[str] = "note"

    assert Event.kinds["note"] is Noted


def test_all_events_of_the_package_are_tried_here() -> None:
    assert {"started", "probed", "judged", "ended"} <= {kind.kind for kind in KINDS}


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
        (Found(Change.FIX, ("a",), ("s",), ("p",), ("b",)), ["confidence", "bug"]),
        (Confirmed("fix", True, 5, ""), ["toolchain", "tally", "confidence", "bug"]),
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
        {"kind": "note", "text": None},
        {"kind": "note", "text": b"bytes"},
        {"kind": "found", **dict.fromkeys(("revisions", "subjects", "places", "parents"), ())},
        {**to_dict(Ended("answered", ())), "affected": [1]},
        {**to_dict(Ended("answered", ())), "affected": "v3.0.0"},
        {**to_dict(Confirmed("fix", True, 5, "")), "runs": True},
        {**to_dict(Confirmed("fix", True, 5, "")), "proven": 1},
        {**to_dict(Found(Change.FIX, (), (), (), ())), "what": "\ud800"},
        [],
        "note",
        None,
        {**to_dict(PatchChecked("r", "r", Verdict.BAD, (), None, "")), "before": "superb"},
    ],
)
def test_what_is_no_event_is_refused(table: Any) -> None:
    with pytest.raises(NotAnEvent):
        from_dict(table)


def test_every_field_of_every_kind_is_written() -> None:
    made = to_dict(Ended("answered", ("v3.0.0",)))
    assert set(made) == {"kind", *(field.name for field in fields(Ended))}
    assert made["kind"] == "ended"
