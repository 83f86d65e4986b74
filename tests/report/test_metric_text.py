"""What reports say of the change of a metric: text, drawing, and each format's part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from bisector.record.events import Event
from bisector.record.metric_events import Shifted
from bisector.report import html, junit, markdown, metric_plot, metric_text, terminal
from bisector.report.conclusion import conclude
from bisector.report.metric_text import amount, blocks, percent
from tests.support import metrics as m
from tests.support.records import summary


def text(events: Sequence[Event]) -> str:
    return terminal.render(summary(list(events)))


def concluded(events: Sequence[Event]) -> tuple[bool, str, str]:
    found = conclude(summary(list(events)))
    return found.good, found.word, found.why


def test_a_proven_change_is_said_with_its_effect_and_what_proves_it() -> None:
    said = text(m.PROVEN)
    assert "changed     b2b2b2b2b2 (v3.1-dev1~3) MINOR: <stream>: count more\n" in said
    assert "+2.0 % instructions per request built with fast, P = 0.996\n" in said
    assert (
        "proven with release: +2.1 %, from 10,000 to 10,210, in 6 runs of each; "
        "99 % interval +2.0 % to +2.2 %\n"
    ) in said
    assert "+2.2 % with -falign-functions=64, 99 % interval +2.0 % to +2.4 %\n" in said
    assert "process_stream: +200 (1,200 → 1,400)\n" in said
    assert "no other    no other commit changes it by 2 % or more: P ≥ 0.970\n" in said
    assert "3 revisions: ▁██  20,005 (a1a1a1a1a1) to 20,435 (c3c3c3c3c3)" in said
    assert said.endswith("proven: b2b2b2b2b2 changes the instructions per request by +2.1 %\n")


@pytest.mark.parametrize(
    ("events", "good", "word", "why"),
    [
        (m.PROVEN, True, "proven", "b2b2b2b2b2 changes the"),
        (m.NOT_PROVEN, False, "not proven", "b2b2b2b2b2 changes the"),
        (m.STEADY, True, "no change", "no commit changes it by 2 % or more: P ≥ 0.970"),
        (m.UNSETTLED, False, "not settled", "no commit changes it by 2 % or more: P ≥ 0.600"),
        (m.PROVEN[:-1], False, "no answer", "unfinished"),
        ((m.METRIC,), False, "no answer", "unfinished"),
    ],
)
def test_the_conclusion(events: Sequence[Event], good: bool, word: str, why: str) -> None:
    found = concluded(events)
    assert found[:2] == (good, word)
    assert why in found[2]


def test_values_beside_a_reference_are_multiples_of_it() -> None:
    searched, compared = replace(m.SEARCHED, relative=True), replace(m.COMPARED, relative=True)
    said = text([m.METRIC, *m.MEASURED, searched, m.SHIFTED, compared, m.END])
    assert "proven with release: +2.1 %, in 6 runs of each; " in said
    assert "20,435 (c3c3c3c3c3) times a1a1a1a1a1\n" in said


def test_a_set_of_commits_is_listed() -> None:
    several = replace(m.SHIFTED, revisions=(m.LAST, m.NEW), subjects=("x", "y"), places=("", ""))
    assert isinstance(several, Shifted)
    said = text([m.METRIC, *m.MEASURED, m.SEARCHED, several, m.END])
    assert "changed     in one of 2 commits:\n            c3c3c3c3c3 x\n" in said
    assert "not confirmed" in said


def test_changes_that_only_an_earlier_search_showed_are_left_out() -> None:
    again = replace(m.SEARCHED, toolchain="release")
    assert metric_text.changes(summary([*m.PROVEN[:-1], again, m.END])) == []


def test_numbers_are_short() -> None:
    assert [amount(20_972.4), amount(3.716), amount(0.01234)] == ["20,972", "3.72", "0.0123"]
    assert [percent(0.0213), percent(-0.5)] == ["+2.1 %", "-50.0 %"]


def test_blocks_span_the_values() -> None:
    assert blocks([1, 2, 3, 8]) == "▁▂▃█"
    assert blocks([5, 5]) == "▁▁"
    assert blocks([]) == ""
    assert len(blocks(range(500))) <= 60


def test_the_drawing_has_a_mark_for_each_revision_and_a_line_at_the_change() -> None:
    drawn = ET.fromstring(metric_plot.drawing(summary(list(m.PROVEN))))
    assert len(drawn.findall("g")) == 3
    assert len(drawn.findall("line")) == 1
    assert next(one.findtext("title") for one in drawn.findall("g")) == "a1a1a1a1a1: 20,005"
    assert metric_plot.drawing(summary([m.METRIC, *m.MEASURED[:2]])) == ""


def test_the_page_draws_and_escapes() -> None:
    page = html.render(summary(list(m.PROVEN)))
    assert '<svg class="plot"' in page
    assert "MINOR: &lt;stream&gt;: count more" in page
    assert "&lt;x&gt;: -5 (10 → 5)" in page
    assert "<stream>" not in page


def test_markdown_has_the_proof() -> None:
    said = markdown.render(summary(list(m.PROVEN)))
    assert "### Proven: b2b2b2b2b2 changes the instructions per request by +2.1 %" in said
    assert "**changed** b2b2b2b2b2" in said
    assert "in 6 runs of each" in said


@pytest.mark.parametrize(
    ("events", "results"),
    [
        (m.PROVEN, ["passed", "passed"]),
        (m.NOT_PROVEN, ["failure", "passed"]),
        (m.STEADY, ["passed"]),
        (m.UNSETTLED, ["failure"]),
    ],
)
def test_junit_fails_what_is_not_proven(events: Sequence[Event], results: list[str]) -> None:
    (suite,) = ET.fromstring(junit.render(summary(list(events))))
    found = [
        next((part.tag for part in case if part.tag != "system-out"), "passed") for case in suite
    ]
    assert found == results
