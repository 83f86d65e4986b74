"""The page: it is whole, well-formed, needs nothing from elsewhere, and runs nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bisector.record.events import Event, Noted
from bisector.record.verdict import Verdict
from bisector.record.words import Job
from bisector.report import html
from bisector.report.conclusion import conclude
from bisector.report.page import look, sign
from tests.support import judged as j
from tests.support import queue_rows as q
from tests.support.pages import Page
from tests.support.records import (
    ANSWERED,
    BAD,
    BOTH_ANSWERED,
    FORKED,
    GOOD,
    OFTEN,
    STARTED,
    probed,
    summary,
)


def rendered(events: list[Event]) -> str:
    return html.render(summary(events))


JOBS = {
    "run": ANSWERED,
    "forked": FORKED,
    "often": OFTEN,
    "unfinished": [STARTED],
    "verify": j.VERIFIED,
    "everything": j.EVERYTHING,
    "backport": j.BACKPORTED,
    "affected": j.AFFECTED,
    "sweep": j.SWEPT,
}


@pytest.mark.parametrize("events", JOBS.values(), ids=JOBS)
def test_every_page_is_well_formed_and_needs_nothing_from_elsewhere(events: list[Event]) -> None:
    text = rendered(events)
    assert text.startswith("<!doctype html>")
    page = Page(text)
    names = {name for name, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "base", "form", "a"}
    given = {attribute for _, attributes in page.tags for attribute in attributes}
    assert not [name for name in given if name.startswith("on") or name in ("src", "href", "style")]
    assert not re.search(r"https?://|url\(|@import", text)
    policy = [tag for _, tag in page.tags if tag.get("http-equiv") == "Content-Security-Policy"]
    assert [one["content"] for one in policy] == ["default-src 'none'; style-src 'unsafe-inline'"]


@pytest.mark.parametrize("events", [*JOBS.values(), q.QUEUE], ids=[*JOBS, "queue"])
def test_the_last_word_stands_on_top(events: list[Event]) -> None:
    (head,) = re.findall("<h1>.*?</h1>", rendered(events), re.DOTALL)
    last = conclude(summary(events))
    assert Page(head).text == f"{last.word.capitalize()}: {last.why}"


def test_everything_that_a_journal_has_is_on_the_page() -> None:
    page = Page(rendered(j.EVERYTHING))
    for told in (
        "breaks dns-false-up on v3.0-dev1, v3.0-dev2",
        "[failure=nxdomain,refused]",
        "record=AAAA failure=nxdomain check=plain",
        "three-way, exact",
        "by dns-flap (2 variants), dns-false-up (1 variant)",
        "4711",
        "reg-tests/server/a.vtc",
        "<<<<<<< ours",
        "7 releases, 2 probed, 5 inferred",
        "1 of 7 hunks",
        "dev says the same in 60 tests",
        "look here",
        "v2.9.0 to v3.0-dev1~9",
        "was bad, good by the re-test with dev",
    ):
        assert told in page.text, told


def test_a_hunts_page_shows_commits_evidence_and_the_patch() -> None:
    page = Page(rendered(ANSWERED))
    for told in ("v3.0-dev1~53", "bad in 5 of 5 runs", "127.0.0.1:0", "exact, three-way (3.0)"):
        assert told in page.text, told
    titles = [tag.get("title") or "" for _, tag in page.tags]
    assert any("MINOR: x: y" in title for title in titles), "subjects are in titles"


def test_another_bug_has_its_own_section() -> None:
    page = rendered(BOTH_ANSWERED)
    own, other = page.split("<h2>Another bug</h2>")
    assert "Another bug" not in rendered(ANSWERED)
    assert "refused configuration: config : error, learnt at v3.1-dev1 in 3 runs" in other
    assert "MEDIUM: c" in other and "not proven: run 3 of x is good: why" in other
    assert "affected: v3.1-dev1<" in other
    assert "MEDIUM: a" in own and "MEDIUM: c" not in own


def test_nothing_from_a_log_is_markup() -> None:
    evil = '"><script>alert(1)</script><!-- \x1b[0m & {{ 1234 * 5678 }}'
    probe = probed("a" * 40, BAD, reason=evil, evidence=(evil,), subject=evil, log=evil)
    port = replace(j.PORTED[1], branch=evil, why=evil, conflict=evil)
    asked = replace(j.started(Job.VERIFY, evil), command=evil, patches=(evil,), repository=evil)
    cells = [j.cell(evil, GOOD, BAD, evil)]
    one = replace(j.judged("v1", evil, cells), name=evil, subject=evil, problem=evil)
    test = replace(j.REG_TESTS[0], test=evil, reason=evil, log=evil)
    hostile = [
        replace(j.HOLE, first=evil, last=evil, reason=evil),
        replace(j.RETESTED[0], name=evil, reason=evil, toolchain=evil),
    ]
    text = rendered(
        [asked, probe, one, port, test, Noted(evil), replace(j.RELEASES[-1], reason=evil), *hostile]
    )
    assert "<script" not in text and "<!--" not in text
    page = Page(text)
    assert evil in page.text
    assert "7006652" not in page.text


def test_a_verdict_has_a_sign_beside_its_colour() -> None:
    assert {sign(v) for v in ("good", "bad", "not needed", Verdict.UNTESTABLE)} == set("✓✗-?")
    assert look("something new") == "doubt"


def test_many_marks_take_less_room() -> None:
    crowd = [replace(j.RELEASES[0], release=f"v2.0.{n}") for n in range(60)]
    assert 'class="strip many"' in rendered([j.AFFECTED[0], *crowd])
    assert 'class="strip many"' not in rendered(j.AFFECTED)


@pytest.mark.slow
def test_of_very_many_probes_the_page_says_how_many_it_shows() -> None:
    crowd = [probed(f"{n:040d}", GOOD) for n in range(5001)]
    page = Page(rendered([STARTED, *crowd]))
    assert "5001 probes, the first 5000 of them" in page.text


def test_two_lines_of_history_are_on_the_page() -> None:
    page = Page(rendered(FORKED))
    assert "They part after v3.0.0, which is good; master is bad, 3.0 unknown." in page.text
    assert "3.0 has it, too, as 9999999999 (v3.0.2~1) MEDIUM: a (by its message)" in page.text
