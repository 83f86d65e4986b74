"""The JSON report is what its schema says, with nothing undescribed."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema
import pytest

from bisector.record.events import Confirmed, Event
from bisector.record.queue_events import Evidence, Says, Word
from bisector.report import as_json
from tests.support import judged as j
from tests.support import metrics as m
from tests.support import queue_rows as q
from tests.support.records import (
    ANSWERED,
    BOTH_ANSWERED,
    CULPRIT,
    CURE,
    FORKED,
    INTRODUCED,
    OFTEN,
    PARENT,
    SIGNATURE,
    STARTED,
    summary,
)
from tests.support.triage_records import TRIAGED


def schema() -> dict[str, Any]:
    file = resources.files("bisector.report").joinpath("report.schema.json")
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def closed(part: Any) -> Any:
    """The schema with nothing allowed that it does not describe."""
    if isinstance(part, list):
        return [closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    made = {name: closed(one) for name, one in part.items()}
    return made | ({"additionalProperties": False} if "properties" in part else {})


@pytest.mark.parametrize(
    "events",
    [
        ANSWERED,
        BOTH_ANSWERED,
        FORKED,
        OFTEN,
        [STARTED],
        m.PROVEN,
        m.STEADY,
        j.VERIFIED,
        j.REFUSED,
        j.BACKPORTED,
        [j.BACKPORTED[0], j.UNKNOWN, j.BACKPORTED[-1]],
        j.AFFECTED,
        j.SWEPT,
        j.EVERYTHING,
        q.QUEUE,
        q.BRANCHES,
        TRIAGED,
        [*ANSWERED, Confirmed("fix", False, 5, "run 3 differs")],
    ],
)
def test_a_report_is_what_the_schema_describes_and_no_more(events: list[Event]) -> None:
    document = json.loads(as_json.render(summary(events)))
    jsonschema.Draft202012Validator(closed(schema())).validate(document)


def test_the_schema_is_one_and_refuses_what_is_no_report() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    document = json.loads(as_json.render(summary(j.REFUSED)))
    document["judged"][0]["outcome"] = "superb"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema())


def test_every_field_of_the_schema_is_required_but_the_two_findings() -> None:
    described = schema()
    assert set(described["properties"]) - set(described["required"]) == {"introduction", "fix"}


def test_a_program_gets_the_last_word_and_every_part() -> None:
    made = json.loads(as_json.render(summary(j.EVERYTHING)))
    assert made["conclusion"]["good"] is False
    assert made["conclusion"]["word"] == "not verified"
    assert [one["outcome"] for one in made["judged"]][:2] == ["fixes", "breaks"]
    assert made["judged"][0]["cells"][0]["variant"] == j.VARIANTS[0]
    assert (len(made["hunks"]), len(made["covered"]), len(made["ported"])) == (4, 2, 3)
    assert made["reduced"]["kept"] == ["src/server.c @@ -1,2 +1,3 @@"]
    assert made["confirmed"][0]["what"] == "v3.0-dev1"
    assert len(made["releases"]) == len(j.RELEASES)
    assert [one["odd"] for one in made["stretches"]] == [False, True, False, False, False]
    assert made["retested"][1]["after"] == "good"


def document(events: list[Event]) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(as_json.render(summary(events)))
    return loaded


def test_a_program_gets_the_whole_answer() -> None:
    made = document(ANSWERED)
    assert made["schema"] == 1
    assert made["asked"]["range"] == "v2.9..master"
    assert (made["answer"], made["proven"]) == ("answered", True)
    assert made["changes"] == [made["introduction"], made["fix"]]
    assert made["introduction"] == {
        "what": "introduction",
        "line": "",
        "origin": "",
        "revisions": [{"id": CULPRIT, "subject": "MEDIUM: a", "place": "v3.0-dev1~53"}],
        "parents": [PARENT],
        "proven": True,
        "doubt": "",
        "runs": 5,
        "toolchain": "dev",
        "confidence": 1.0,
        "tally": "",
        "fixup": "",
        "evidence": [SIGNATURE],
    }
    assert made["fix"]["revisions"][0]["id"] == CURE
    assert made["affected"] == ["v3.0-dev1", "v3.0-dev12"]
    assert [(check["release"], check["after"]) for check in made["patch"]] == [
        ("v3.0-dev1", "good"),
        ("v3.0-dev12", "good"),
    ]
    assert made["work"] == {"probes": 2, "build_seconds": 60.0, "test_seconds": 1.0}
    assert [probe["verdict"] for probe in made["probes"]] == ["good", "bad", "good"]


def test_a_program_gets_the_answer_to_another_bug_apart() -> None:
    made = document(BOTH_ANSWERED)
    (other,) = made["others"]
    assert other["learnt"]["failures"] == [
        {"kind": "refused configuration", "text": "config : error"}
    ]
    assert other["introduction"]["revisions"][0]["id"] == "5" * 40
    assert (other["introduction"]["proven"], other["fix"]["proven"]) == (True, False)
    assert other["affected"] == ["v3.1-dev1"]
    plain = document(ANSWERED)
    assert {**made, "others": []} == plain


def test_a_name_that_is_not_utf8_can_be_written_too() -> None:
    name = os.fsdecode(b"/home/\xff")
    rendered = as_json.render(summary([replace(STARTED, repository=name)]))
    assert json.loads(rendered.encode())["asked"]["repository"] == name


def test_a_program_sees_that_a_hunt_is_unfinished_and_what_is_in_doubt() -> None:
    made = document([STARTED, INTRODUCED])
    assert (made["answer"], made["proven"], made["affected"]) == ("unfinished", False, [])
    assert made["introduction"]["doubt"] == "not confirmed"
    assert "fix" not in made
    doubt = Confirmed("introduction", False, 5, "run 3 differs")
    assert document([STARTED, INTRODUCED, doubt])["introduction"]["doubt"] == "run 3 differs"


def test_a_program_gets_the_confidence_of_a_flaky_answer() -> None:
    sure = Confirmed("introduction", True, 8, "", "dev", "bbb 0 of 14, aaa 3 of 8", 0.9963)
    assert document([STARTED, INTRODUCED, sure])["introduction"]["confidence"] == 0.9963


def test_of_several_changes_of_a_kind_each_is_there() -> None:
    made = document(OFTEN)
    assert [one["what"] for one in made["changes"]] == ["introduction", "fix", "introduction"]
    assert made["introduction"] == made["changes"][0]
    assert made["occurrences"] == [["v3.0.0"], ["v3.1.0"]]


def test_two_lines_of_history_are_told_apart() -> None:
    made = document(FORKED)
    assert made["forked"]["base_name"] == "v3.0.0"
    assert [one["line"] for one in made["changes"]] == ["", "3.0"]
    assert made["other_lines"][0]["state"] == "has it"


def test_a_program_gets_the_rows_of_a_queue_and_its_series() -> None:
    made = document(q.QUEUE)
    assert [one["word"] for one in made["queued"]][:3] == ["pick", "pick with", "pick"]
    assert made["queued"][1]["needs"][0]["revision"] == q.commit(1)
    assert made["queued"][1]["repairs"][0]["state"] == "in the queue"
    assert made["queued"][4]["there"] == {"text": "a pick names it", "evidence": "by history"}
    assert made["series"][0]["commits"] == [q.pick(1), q.pick(2), q.pick(3)]
    assert document(ANSWERED)["queued"] == document(ANSWERED)["series"] == []


def test_the_schema_has_each_word_of_a_queue() -> None:
    fields = schema()["$defs"]["queued"]["properties"]
    assert fields["word"]["enum"] == [*Word]
    assert fields["says"]["enum"] == [*Says]
    assert schema()["$defs"]["statement"]["properties"]["evidence"]["enum"] == [*Evidence]
