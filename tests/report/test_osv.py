"""The record for OSV: ranges of commits, releases, and nothing that is not known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from bisector.errors import OutputProblem
from bisector.record.events import Ended, Event, Released
from bisector.record.survey_events import Located
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Job
from bisector.report import osv
from tests.support.records import ANSWERED, STARTED, probed, summary

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE
ASKED = replace(STARTED, job=Job.AFFECTED, variant="", at=1_700_000_000.0)
MAIN = "https://github.com/haproxy/haproxy.git"

# What the specification says of the parts that are used.
_EVENT = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
    "properties": {
        name: {"type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64}|0)$"}
        for name in ("introduced", "fixed", "last_affected", "limit")
    },
}
_RANGE = {
    "type": "object",
    "required": ["type", "repo", "events"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "GIT"},
        "repo": {"type": "string", "format": "uri"},
        "events": {
            "type": "array",
            "items": _EVENT,
            "contains": {"required": ["introduced"]},
            # one of them, not both
            "not": {
                "allOf": [
                    {"contains": {"required": ["fixed"]}},
                    {"contains": {"required": ["last_affected"]}},
                ]
            },
        },
        "database_specific": {"type": "object"},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["id", "modified"],
    "additionalProperties": False,
    "properties": {
        "schema_version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "id": {"type": "string", "pattern": "^x_[A-Z]+-.+$"},
        "modified": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "summary": {"type": "string", "pattern": "^[^\n]+$"},
        "details": {"type": "string"},
        "affected": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "ranges": {"type": "array", "items": _RANGE},
                    "versions": {"type": "array", "items": {"type": "string"}},
                    "database_specific": {"type": "object"},
                },
            },
        },
        "references": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "url"],
                "additionalProperties": False,
                "properties": {
                    "type": {"enum": ["FIX", "INTRODUCED", "WEB", "REPORT", "GIT", "EVIDENCE"]},
                    "url": {"type": "string", "format": "uri"},
                },
            },
        },
    },
}


def commit(number: int) -> str:
    return f"{number:040x}"


def row(
    number: int, name: str, verdict: Verdict, branch: str = "", probed: bool = True
) -> Released:
    return Released(name, commit(number), verdict, probed, "", branch)


def record(*events: Event) -> dict[str, Any]:
    """The record, which fits the schema."""
    text = osv.render(summary([ASKED, *events, Ended("answered", ())]))
    made: dict[str, Any] = json.loads(text)
    jsonschema.Draft202012Validator(SCHEMA).validate(made)
    return made


def ranges(made: dict[str, Any]) -> list[tuple[str, list[dict[str, str]]]]:
    return [(one["repo"], one["events"]) for one in made["affected"][0]["ranges"]]


LINE = [
    row(1, "v2.9.0", GOOD),
    row(2, "v3.0-dev1", BAD),
    row(3, "v3.0-dev2", BAD, probed=False),
    row(4, "v3.0.0", GOOD),
]


def test_a_range_goes_from_the_first_bad_release_to_the_first_good_one() -> None:
    made = record(*LINE)
    assert ranges(made) == [(MAIN, [{"introduced": commit(2)}, {"fixed": commit(4)}])]
    (affected,) = made["affected"]
    assert affected["versions"] == ["v3.0-dev1", "v3.0-dev2"]
    assert affected["database_specific"]["inferred"] == ["v3.0-dev2"]
    assert affected["ranges"][0]["database_specific"]["introduced"] == "the release v3.0-dev1"
    assert made["references"] == []


def test_commits_that_a_hunt_has_proven_take_the_place_of_releases() -> None:
    known = [
        Located(Change.INTRODUCTION, commit(98), "v3.0-dev1"),
        Located(Change.FIX, commit(99), "v3.0.0"),
    ]
    made = record(*LINE, *known)
    assert ranges(made) == [(MAIN, [{"introduced": commit(98)}, {"fixed": commit(99)}])]
    assert made["affected"][0]["ranges"][0]["database_specific"]["fixed"] == "a proven commit"
    assert [one["type"] for one in made["references"]] == ["INTRODUCED", "FIX"]
    assert made["references"][1]["url"].endswith(f"/haproxy/commit/{commit(99)}")


def test_without_a_fix_the_last_bad_release_ends_the_range() -> None:
    made = record(*LINE[:3])
    assert ranges(made) == [(MAIN, [{"introduced": commit(2)}, {"last_affected": commit(3)}])]


def test_what_cannot_be_tested_is_not_claimed() -> None:
    made = record(*LINE[:2], row(3, "v3.0-dev2", UNTESTABLE), row(4, "v3.0.0", BAD))
    assert [events[0] for _, events in ranges(made)] == [
        {"introduced": commit(2)},
        {"introduced": commit(4)},
    ]
    assert made["affected"][0]["versions"] == ["v3.0-dev1", "v3.0.0"]
    assert made["affected"][0]["database_specific"]["unknown"] == ["v3.0-dev2"]


def test_a_stable_branch_has_ranges_of_its_own_in_its_repository() -> None:
    rows = [
        *(row(1, "v2.9.0", GOOD), row(2, "v3.0.0", BAD), row(3, "v3.1.0", GOOD)),
        *(row(4, "v2.9.1", GOOD, "2.9"), row(5, "v2.9.2", BAD, "2.9")),
        *(row(6, "v3.0.1", BAD, "3.0"), row(7, "v3.0.2", GOOD, "3.0")),
        row(8, "v3.1.1", GOOD, "3.1"),
    ]
    stable = "https://git.haproxy.org/git/haproxy-{}.git"
    assert ranges(record(*rows)) == [
        (MAIN, [{"introduced": commit(2)}, {"fixed": commit(3)}]),
        (stable.format("2.9"), [{"introduced": commit(5)}, {"last_affected": commit(5)}]),
        (stable.format("3.0"), [{"introduced": commit(2)}, {"fixed": commit(7)}]),
    ]


def test_without_a_bad_release_nothing_is_affected() -> None:
    assert record(row(1, "v2.9.0", GOOD))["affected"] == []


def test_the_same_question_has_the_same_id_and_the_time_is_that_of_the_last_test() -> None:
    made = record(*LINE, probed(commit(1), GOOD, at=1_700_000_100.0))
    assert made["modified"] == "2023-11-14T22:15:00Z"
    assert made["id"] == record(*LINE)["id"] and made["id"].startswith("x_BISECTOR-")
    other = replace(ASKED, scenario="another")
    assert json.loads(osv.render(summary([other, *LINE])))["id"] != made["id"]


def test_another_job_has_no_such_record() -> None:
    with pytest.raises(OutputProblem, match="--osv is for 'bisector affected'"):
        osv.render(summary(ANSWERED))


def test_the_schema_here_refuses_what_the_specification_does() -> None:
    made = record(*LINE)
    made["affected"][0]["ranges"][0]["events"].append({"last_affected": commit(3)})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(made)
