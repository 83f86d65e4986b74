"""What a sweep says of the values that it measured."""

from __future__ import annotations

from dataclasses import replace

from bisector.record.events import Event, Stretch
from bisector.record.words import Job
from bisector.report import html, markdown, metric_sweep, terminal
from bisector.report.conclusion import conclude
from tests.support import metrics as m
from tests.support.records import ANSWERED, GOOD, summary

SWEEP: list[Event] = [
    replace(m.METRIC, job=Job.SWEEP),
    *m.MEASURED,
    Stretch("a", "c", (m.OLD, m.NEW, m.LAST), GOOD, "", odd=False),
    m.END,
]


def test_each_revision_has_its_value_and_the_change_from_the_one_before() -> None:
    assert metric_sweep.rows(summary(SWEEP)) == [
        ["a1a1a1a1a1", "20,005", ""],
        ["b2b2b2b2b2", "20,415", "+2.0 %"],
        ["c3c3c3c3c3", "20,435", "+0.1 %"],
    ]
    said = terminal.render(summary(SWEEP))
    assert "measured    a1a1a1a1a1  20,005\n            b2b2b2b2b2  20,415  +2.0 %\n" in said
    assert "\n            ▁██\n" in said


def test_the_conclusion_names_the_largest_step() -> None:
    found = conclude(summary(SWEEP))
    assert found.good
    assert found.why == (
        "3 revisions: from 20,005 (a1a1a1a1a1) to 20,435 (c3c3c3c3c3), +2.1 %; "
        "the largest step is +2.0 % at b2b2b2b2b2"
    )


def test_pages_and_markdown_have_the_values() -> None:
    page = html.render(summary(SWEEP))
    assert '<svg class="plot"' in page
    assert "20,415" in page
    assert "| b2b2b2b2b2 | 20,415 | +2.0 % |" in markdown.render(summary(SWEEP))


def test_other_jobs_have_no_such_section() -> None:
    assert metric_sweep.rows(summary(list(ANSWERED))) == []
    assert metric_sweep.section(summary(list(m.PROVEN))) == []
