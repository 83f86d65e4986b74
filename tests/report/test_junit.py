"""JUnit XML: what CI systems count, and that it is well-formed whatever the logs hold."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from bisector.record.events import Confirmed, Event
from bisector.record.patch_outcome import Outcome
from bisector.record.verdict import Verdict
from bisector.report import junit
from tests.support import judged as j
from tests.support.records import (
    ANSWERED,
    BAD,
    BOTH_ANSWERED,
    CULPRIT,
    GOOD,
    PROVEN,
    STARTED,
    probed,
    summary,
    without,
)

HOSTILE = "\x00\x1b[31m ]]> <script>&\ud800\ufffe \x0b \U0001f600 \r\n end"


def parsed(events: list[Event]) -> ET.Element:
    return ET.fromstring(junit.render(summary(events)).encode("utf-8"))


def cases(events: list[Event], suite: str) -> dict[str, str]:
    """The test cases of a suite by name, each with what became of it."""
    found = parsed(events).find(f"testsuite[@name='{suite}']")
    assert found is not None
    what = ("failure", "error", "skipped")
    return {
        f"{case.get('name')}": next((part.tag for part in case if part.tag in what), "passed")
        for case in found
    }


def test_a_verification_has_a_suite_for_each_scenario_and_a_case_for_each_variant() -> None:
    root = parsed(j.REFUSED)
    assert [suite.get("name") for suite in root] == ["dns-flap", "dns-false-up"]
    flap = root[0]
    assert flap.get("tests") == str(4 * len(j.VARIANTS)) == str(len(flap))
    assert {case.get("classname") for case in flap} == {
        f"dns-flap.{name}" for name in ("v3.0-dev1", "v3.0-dev2", "v3.0-dev5", "v3.0-dev12")
    }
    assert flap.get("failures") == "18"  # 12 that conflict, 6 that stay bad
    assert root.get("failures") == "42"
    assert root.get("tests") == str(6 * len(j.VARIANTS))


def test_a_failure_says_what_was_and_what_became_of_it_with_the_log() -> None:
    broken = j.breaks("v3.0-dev1")
    after = probed(
        broken.revision,
        BAD,
        patched=True,
        purpose="after",
        scenario="dns-false-up",
        variant=j.VARIANTS[0],
    )
    failure = parsed(j.verify(after, broken)).find(".//failure")
    assert failure is not None
    assert failure.get("message") == "breaks: good before the patch, bad with it"
    assert failure.text is not None
    assert failure.text.splitlines() == [
        "the server stays up without an address",
        *after.evidence,
        "log: /log",
    ]


@pytest.mark.parametrize(
    ("before", "after", "wanted", "what"),
    [
        (BAD, GOOD, True, "passed"),
        (GOOD, GOOD, True, "passed"),
        (GOOD, BAD, False, "failure"),
        (BAD, BAD, True, "failure"),
        (BAD, BAD, False, "skipped"),
        (BAD, None, True, "failure"),
        (BAD, None, False, "skipped"),
        (BAD, Verdict.UNTESTABLE, True, "skipped"),
        (BAD, Verdict.UNBUILDABLE, True, "error"),
    ],
)
def test_failures_errors_and_what_could_not_be_tested_are_told_apart(
    before: Verdict, after: Verdict | None, wanted: bool, what: str
) -> None:
    one = j.judged("v1", "dns-flap", [j.cell("a=b", before, after)])
    events = j.verify(replace(one, wanted=wanted))
    assert cases(events, "dns-flap") == {"a=b": what}


def test_a_hunt_has_a_case_for_each_finding_and_each_release() -> None:
    found = cases(ANSWERED, "dns-flap")
    assert set(found.values()) == {"passed"}
    assert next(iter(found)) == f"introduction: {CULPRIT[:10]} MEDIUM: a"
    assert list(found)[2:] == ["v3.0-dev1", "v3.0-dev12"]
    assert "failure" in cases(without(PROVEN[0]), "dns-flap").values()


def test_another_bug_has_a_suite_of_its_own_and_never_fails() -> None:
    assert cases(BOTH_ANSWERED, "dns-flap") == cases(ANSWERED, "dns-flap")
    assert cases(BOTH_ANSWERED, "another bug") == {
        f"introduction: {'5' * 10} MEDIUM: c": "passed",
        f"fix: {'7' * 10}": "skipped",
    }
    said = [element.text or "" for element in parsed(BOTH_ANSWERED).iter("system-out")]
    assert any("config : error, learnt at v3.1-dev1 in 3 runs\nproven with dev" in s for s in said)
    assert any("not proven: run 3 of x is good: why" in text for text in said)
    assert parsed(ANSWERED).find("testsuite[@name='another bug']") is None


def test_a_job_that_did_not_end_is_an_error() -> None:
    assert cases([STARTED], "run") == {"v2.9..master": "error"}
    assert [suite.get("name") for suite in parsed(ANSWERED)] == ["dns-flap"]


def test_branches_releases_and_the_other_parts_have_their_suites() -> None:
    branches = cases(j.BACKPORTED, "branches")
    assert branches == {"3.0": "passed", "2.9": "failure", "2.8": "passed"}
    releases = cases(j.AFFECTED, "releases")
    assert [releases[name] for name in ("v2.9.0", "v3.0.3", "v3.1.0")] == [
        "passed",
        "failure",
        "skipped",
    ]
    stretches = cases([*j.SWEPT[:-1], j.HOLE, j.SWEPT[-1]], "stretches")
    assert stretches == {
        "v2.9.0 to v3.0-dev1~9": "passed",
        "v3.0-dev1~8": "failure",
        "v3.0-dev1~7 to v3.0-dev2": "passed",
        "v3.0-dev2~1 to v3.0.0": "failure",
        "v3.0.1": "skipped",
    }
    assert cases(j.SWEPT, "re-tests") == {"v3.0-dev1~8": "passed", "v3.0-dev2": "skipped"}
    more = j.verify(*j.HUNKS, *j.COVERED, *j.REG_TESTS, Confirmed("v1", False, 60, "differs"))
    assert list(cases(more, "hunks").values()).count("skipped") == 1
    assert set(cases(more, "coverage").values()) == {"skipped"}
    assert cases(more, "proof") == {"v1": "failure"}
    tested = list(cases(more, "reg-tests").values())
    assert (tested[:2], set(tested[2:])) == (["failure", "skipped"], {"passed"})


def test_times_are_those_of_the_probes_that_were_made() -> None:
    one = j.judged("v1", "dns-flap", [j.cell("a=b", BAD, GOOD)])
    about = {"scenario": "dns-flap", "variant": "a=b"}
    before = probed(one.revision, BAD, **about)
    known = probed(one.revision, GOOD, patched=True, known=True, **about)
    case = parsed(j.verify(before, known, one)).find(".//testcase")
    assert case is not None and case.get("time") == "30.500"


def test_it_is_well_formed_whatever_is_in_the_logs() -> None:
    cell = replace(j.cell(HOSTILE, GOOD, BAD, HOSTILE), outcome=Outcome.BREAKS)
    one = replace(j.judged("v1", "dns-flap", [cell]), name=HOSTILE, scenario=HOSTILE)
    port = replace(j.PORTED[1], branch=HOSTILE, conflict=HOSTILE, remark=HOSTILE)
    root = parsed(j.verify(one, port, replace(j.REG_TESTS[0], test=HOSTILE, reason=HOSTILE)))
    failure = root.find(".//failure")
    assert failure is not None and failure.text is not None
    assert "]]> <script>&" in failure.text and "\U0001f600" in failure.text
