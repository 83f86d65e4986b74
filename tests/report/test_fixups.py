"""How reports mark verdicts that were won with a fixup."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from bisector.record.events import Event, Released, Stretch
from bisector.record.fixup_events import Unfair
from bisector.record.summary import Summary
from bisector.record.verdict import Verdict
from bisector.report import as_json, bisect_log, html, junit, markdown, strip, terminal
from tests.support import judged
from tests.support.records import (
    ANSWERED,
    BAD,
    CULPRIT,
    FIXED,
    GOOD,
    INTRODUCED,
    PARENT,
    PROVEN,
    STARTED,
    probed,
    summary,
)

FIXUP = "hunk 2 of 1a2b3c4d5e"
PLAIN = probed(CULPRIT, Verdict.UNBUILDABLE, evidence=("error",))
WON = probed(CULPRIT, BAD, purpose="introduction", fixup=FIXUP, evidence=("the bug",))
COMPARED = probed(PARENT, GOOD, purpose="introduction", fixup=FIXUP)
BEFORE = probed(PARENT, GOOD)
EVENTS: list[Event] = [
    *(STARTED, BEFORE, PLAIN, WON, COMPARED, replace(INTRODUCED, fixup=FIXUP), FIXED),
    *(replace(PROVEN[0], fixup=FIXUP), PROVEN[1], ANSWERED[-1]),
]
NOTE = f"{CULPRIT[:10]} was judged with {FIXUP} picked onto it"
PROOF = f"with {FIXUP} picked onto both sides, not to be judged otherwise"


@pytest.mark.parametrize("render", [terminal.render, markdown.render, html.render])
def test_the_proof_and_a_note_say_so(render: Callable[[Summary], str]) -> None:
    text = render(summary(EVENTS))
    assert PROOF in text
    assert NOTE in text
    plain = render(summary(ANSWERED))
    assert "picked onto" not in plain


def test_a_finished_probe_says_what_was_picked() -> None:
    assert terminal.probe_line(WON).startswith(f"bad         {CULPRIT[:10]} + {FIXUP} ")
    assert f"fixup       {FIXUP} is picked onto it" in terminal.probe_report(WON)
    assert f"<td>{CULPRIT[:10]} + {FIXUP}</td>" in html.render(summary(EVENTS)).replace(
        f' title="{CULPRIT} {WON.subject}"', ""
    )


def test_a_program_can_tell_them() -> None:
    made = json.loads(as_json.render(summary(EVENTS)))
    assert made["introduction"]["fixup"] == FIXUP
    assert made["fix"]["fixup"] == ""
    assert [one["fixup"] for one in made["probes"]] == ["", "", FIXUP, FIXUP]


def test_a_case_of_junit_says_what_was_picked() -> None:
    assert PROOF in junit.render(summary(EVENTS))
    plain = probed(PARENT, GOOD, purpose="release")
    won = probed(CULPRIT, BAD, purpose="release", fixup=FIXUP)
    released = [
        Released(f"v3.0-dev{n}", one.revision, one.verdict, True)
        for n, one in enumerate((plain, won))
    ]
    stretch = Stretch("v1", "v2", (PARENT, CULPRIT), BAD, "", False)
    cell = judged.cell("a=b", BAD, GOOD)
    row = judged.judged(CULPRIT, "dns-flap", [cell])
    before = replace(won, scenario="dns-flap", variant="a=b", revision=row.revision)
    after = replace(before, verdict=GOOD, patched=True)
    made = junit.render(summary([STARTED, plain, won, before, after, *released, stretch, row]))
    root = ET.fromstring(made)
    marked = {
        str(case.get("name")) for case in root.iter("testcase") if len(case.findall("system-out"))
    }
    assert marked == {"v3.0-dev1", "v1 to v2", "a=b"}
    assert {out.text for out in root.iter("system-out")} == {
        f"with {FIXUP} picked onto it, not to be judged otherwise"
    }


def test_they_count_only_where_there_is_no_plain_verdict() -> None:
    made = summary(EVENTS)
    assert made.judging == (BEFORE, PLAIN, WON)
    assert made.evidence(CULPRIT) == ("the bug",)
    marks = {mark.name: mark.word for mark in strip.marks(made)}
    assert marks == {PARENT[:10]: GOOD, CULPRIT[:10]: BAD}
    assert f"# bad: [{CULPRIT}] MINOR: x: y (with {FIXUP} picked onto it)" in (
        bisect_log.render(made)
    )


def test_they_do_not_count_if_the_comparison_was_not_fair() -> None:
    unfair = Unfair(FIXUP, "the parent is bad with it")
    made = summary([STARTED, BEFORE, PLAIN, WON, unfair])
    assert made.judging == (BEFORE, PLAIN)
    assert made.evidence(CULPRIT) == ("error",)
    assert made.notes == (unfair.text,)
