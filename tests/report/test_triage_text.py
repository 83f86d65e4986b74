"""The text of a triage for an issue or a mail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisector.record.events import Ended, Event, Released
from bisector.record.summary import summarize
from bisector.record.triage_events import Part
from bisector.record.verdict import Verdict
from bisector.record.words import Job
from bisector.report import html, junit, markdown, terminal, triage_rows, triage_text
from bisector.report.conclusion import conclude
from tests.support import triage_records as t
from tests.support.records import PROVEN, summary

TEXT = triage_text.render(summary(t.TRIAGED))


def without(*gone: Event) -> list[Event]:
    return [event for event in t.TRIAGED if event not in gone]


def test_it_begins_with_the_answer() -> None:
    first = TEXT.splitlines()[0]
    assert first.startswith("Already fixed: bad on v3.0-dev12; fixed by c16eba8183, ")
    assert "in v3.1-dev2 and later" in first
    assert "3.0: in v3.0.4 and later as 9999999999, by its message" in first
    assert "v3.0-dev12 lacks it" in first


def test_it_has_the_tested_revisions_with_the_line_that_shows_a_bad_one() -> None:
    lines = TEXT.splitlines()
    assert "    v2.9.0               good" in lines
    assert "    3.0 (v3.0.7)         good" in lines
    (bad,) = [line for line in lines if line.startswith("    v3.0-dev12 ")]
    assert bad.endswith("  bad   why")
    assert "    c_after EXPECT resp.http.address (127.0.0.1:0)" in TEXT


def test_the_fix_comes_first_and_both_with_their_proof() -> None:
    assert 0 < TEXT.index("Fixed by:") < TEXT.index("Introduced by:")
    assert "- proven with dev: good in 5 of 5 runs" in TEXT
    assert "- since v3.0-dev1" in TEXT
    assert "- affected releases: v3.0-dev1 to v3.0-dev12 (2 releases)" in TEXT


@pytest.mark.parametrize(
    ("stretches", "said"),
    [
        ([("c", "d"), ("a", "b", "c")], ["a to d (4 releases)"]),
        ([("a", "b", "c"), ("c", "d")], ["a to d (4 releases)"]),
        ([("b",), ("a", "b", "c")], ["a to c (3 releases)"]),
        ([("a", "b", "c"), ("b",)], ["a to c (3 releases)"]),
        ([("a",), ()], ["a (1 release)"]),
        ([("a", "b"), ("x", "y")], ["a to b (2 releases)", "x to y (2 releases)"]),
        ([], []),
    ],
)
def test_stretches_of_affected_releases_that_meet_are_one(
    stretches: list[tuple[str, ...]], said: list[str]
) -> None:
    parts = [
        Part(Job.RUN, "", (), str(number), "answered", some)
        for number, some in enumerate(stretches)
    ]
    found = triage_rows.affected(summary([t.TRIAGE, *parts]))
    assert found == [f"affected releases: {one}" for one in said]


def test_it_has_the_commands_and_the_test() -> None:
    assert "    bisector triage v2.9.0 v3.0-dev12 3.0 master --command try.sh\n" in TEXT
    assert "    bisector run v2.9.0..v3.0-dev12 --command try.sh\n" in TEXT
    assert "    bisector probe v3.0-dev12 --command try.sh\n" in TEXT
    assert "    grep @users body\n" in TEXT
    assert "Left out, as it is secret: try.sh, line 1: a password." in TEXT


@pytest.mark.parametrize("render", [triage_text.render, markdown.render, html.render])
def test_it_has_nothing_of_the_machine_and_no_secret(render: object) -> None:
    text = render(summary(t.TRIAGED))  # type: ignore[operator]
    assert "/srv" not in text and "laptop" not in text and "s3cr3t" not in text
    assert "see log" in text


def test_all_that_is_quoted_is_code_for_markdown() -> None:
    for line in TEXT.splitlines():
        assert "@" not in line or line.startswith("    ")


def test_a_file_that_is_too_long_is_only_named() -> None:
    long = replace(t.KNOWN.files[0], text="x\n" * 200)
    events = [replace(t.KNOWN, files=(long,)) if one is t.KNOWN else one for one in t.TRIAGED]
    text = triage_text.render(summary(events))
    assert "try.sh has 200 lines and has to be attached." in text and len(text) < 5000


def test_an_interrupted_one_says_so() -> None:
    for left in range(1, len(t.TRIAGED)):
        made = summarize(t.TRIAGED[:left])
        assert made
        assert "unfinished" in triage_text.render(made)


# --- the conclusion -------------------------------------------------------------------------------


def test_what_is_proven_on_testable_revisions_is_a_success() -> None:
    assert conclude(summary(t.TRIAGED)).good


def test_what_is_not_proven_is_said() -> None:
    doubtful = replace(PROVEN[1], proven=False, doubt="run 3 differs")
    events = [doubtful if one is PROVEN[1] else one for one in t.TRIAGED]
    last = conclude(summary(events))
    assert not last.good and "fix not proven: run 3 differs" in last.why


def test_a_bug_of_the_newest_is_not_fixed() -> None:
    bad = Released("master", t.MASTER, Verdict.BAD, True)
    last = conclude(summary([*t.TRIAGED[:-1], bad, t.TRIAGED[-1]]))
    assert last.word == "not fixed"


def test_a_revision_that_cannot_be_tested_leaves_the_answer_open() -> None:
    untestable = Released("master", t.MASTER, Verdict.UNTESTABLE, True, "no such keyword")
    made = summary([*t.TRIAGED[:-1], untestable, t.TRIAGED[-1]])
    assert not conclude(made).good
    assert "master" in conclude(made).why
    assert "untestable  no such keyword" in triage_text.render(made)


def test_a_hunt_without_an_answer_is_said_with_its_reason() -> None:
    parts = [event for event in t.PARTS if isinstance(event, Part)]
    events = [e for e in t.TRIAGED if e not in t.PARTS or e is parts[0]]
    events = [replace(e, answer="no bad revision") if e is parts[0] else e for e in events]
    made = summary(events)
    assert "no answer for v3.0-dev12..master: no bad revision" in conclude(made).why
    assert "- no answer for v3.0-dev12..master: no bad revision" in triage_text.render(made)
    assert conclude(made).word == "not fixed", "a fix was not found"


def test_nothing_bad_anywhere_is_not_seen() -> None:
    rows: list[Event] = [replace(row, verdict=Verdict.GOOD) for row in t.ROWS]
    made = summary([t.TRIAGE, *rows, Ended("answered", ())])
    assert conclude(made).text == "not seen: no tested revision is bad"


# --- the other reports ----------------------------------------------------------------------------


def test_the_terminal_has_the_parts_then_the_text_to_paste() -> None:
    shown = terminal.render(summary(t.TRIAGED), ["/journal"])
    assert shown.endswith(TEXT)
    assert "work        19 probes: 2 min 30 s building, 5.0 s testing\n" in shown
    assert "written     /journal\n" in shown
    assert "run         v2.9.0..v3.0-dev12: 'bisector report bbbbbbbbbbbb' has the details" in shown


def test_markdown_has_tables_and_folded_parts() -> None:
    made = markdown.render(summary(t.TRIAGED))
    assert made.startswith("### Already fixed: bad on v3.0-dev12; fixed by c16eba8183")
    assert "| v3.0-dev12 | **bad** |" in made
    assert "<summary>the test: try.sh</summary>" in made
    assert made.index("**fix**") < made.index("**introduction**")


def test_html_has_the_text_and_escapes_it() -> None:
    events = [replace(e, patches=("<b>",)) if e is t.TRIAGE else e for e in t.TRIAGED]
    made = html.render(summary(events))
    assert "For an issue or a mail" in made and "&lt;b&gt;" in made and "<b>&lt;" not in made


def test_junit_has_a_case_for_each_revision() -> None:
    made = junit.render(summary(t.TRIAGED))
    assert '<testcase classname="releases" name="v3.0-dev12"' in made
    assert made.count("<failure") == 1
