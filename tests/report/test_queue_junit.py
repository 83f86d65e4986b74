"""A queue as JUnit: a suite for each branch, and what needs somebody does not pass."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from bisector.record.events import Event
from bisector.report import junit
from tests.support import queue_rows as q
from tests.support.records import summary


def suites(events: list[Event]) -> list[ET.Element]:
    return list(ET.fromstring(junit.render(summary(events))))


def result(case: ET.Element) -> str:
    return next((part.tag for part in case if part.tag != "system-out"), "passed")


def test_each_branch_is_a_suite() -> None:
    found = suites(q.BRANCHES)
    assert [one.get("name") for one in found] == ["queue of 3.0", "queue of 2.9"]
    assert [one.get("tests") for one in found] == ["10", "5"]


def test_what_breaks_or_conflicts_fails_and_what_is_open_is_skipped() -> None:
    (suite,) = suites(q.QUEUE)
    assert {(case.get("name") or "")[:4]: result(case) for case in suite} == {
        "0001": "passed",
        "0002": "passed",
        "0003": "passed",
        "0004": "passed",
        "0005": "passed",
        "0006": "failure",
        "0007": "skipped",
        "0008": "skipped",
        "0009": "failure",
        "0010": "passed",
    }


def test_a_case_has_the_reason_and_what_belongs_to_it() -> None:
    cases = {(case.get("name") or "")[:4]: case for case in suites(q.QUEUE)[0]}
    (failure,) = cases["0006"]
    assert cases["0006"].get("classname") == "3.0"
    assert failure.get("message") == f"conflict: {q.CONFLICT.why}"
    assert "lacks cccccccccc" in (failure.text or "") and "<<<<<<< " in (failure.text or "")
    (out,) = cases["0002"]
    assert (out.text or "").startswith("pick with: the message asks for it\nneeds 0001000100 ")
    (skipped,) = cases["0007"]
    assert skipped.get("message") == "wait: the message asks to wait"


def test_an_unfinished_queue_is_an_error() -> None:
    first, second = suites([q.STARTED, q.PICK])
    assert (first.get("errors"), second.get("errors")) == ("1", "0")
