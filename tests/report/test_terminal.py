"""The report on the terminal: a function of a journal's events."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from bisector.record.events import Confirmed, Ended, Event, Found, Noted
from bisector.record.patch_events import PatchChecked
from bisector.record.verdict import Verdict
from bisector.record.words import Change
from bisector.report import html, junit, terminal
from bisector.report.conclusion import conclude
from bisector.testing.scenario_loader import load
from tests.support.records import (
    ANSWERED,
    BAD,
    BOTH_ANSWERED,
    CULPRIT,
    CURE,
    GOOD,
    INTRODUCED,
    PARENT,
    PROBES,
    PROVEN,
    SIGNATURE,
    STARTED,
    probed,
    summary,
    without,
)


def text(events: list[Event], *files: str) -> str:
    return terminal.render(summary(events), files)


def test_the_answer_in_plain_words() -> None:
    assert (
        text(ANSWERED, "reg-tests/server/dns_flap_a.vtc")
        == f"""\
dns-flap (record=A failure=nxdomain) in v2.9..master: 6677 commits

introduced  64c9c8ef39 (v3.0-dev1~53) MEDIUM: a
            proven with dev: bad in 5 of 5 runs, its parent 1e5a85e1c8 good in all of 5
            {SIGNATURE.removeprefix("---- ")}
fixed       c16eba8183 BUG/MEDIUM: b
            proven with dev: good in 5 of 5 runs, its parent 64c9c8ef39 bad in all of 5
affected    v3.0-dev1 to v3.0-dev12 (2 releases)
patch       good on 2 of 2 affected releases, built with fast
            BUG/MEDIUM: keep the port
            BUG/MINOR: unset the family
            v3.0-dev1    bad → good        exact, three-way (3.0)
            v3.0-dev12   bad → good        exact, exact
work        2 probes: 1 min 0 s building, 1.0 s testing
written     reg-tests/server/dns_flap_a.vtc
"""
    )


def test_one_release_or_none_is_said_in_words() -> None:
    asked = without(ANSWERED[-1])
    assert "affected    v3.0.0\n" in text([*asked, Ended("answered", ("v3.0.0",))])
    assert "affected    no release in this range\n" in text([*asked, Ended("answered", ())])


def test_an_unfinished_hunt_says_so_and_shows_what_it_has() -> None:
    said = text([STARTED, *PROBES, INTRODUCED])
    assert "no answer   unfinished\n" in said
    assert "suspected   64c9c8ef39" in said
    assert "not confirmed" in said
    assert "affected" not in said and "patch " not in said


def test_a_hunt_without_an_answer_says_why() -> None:
    assert "no answer   both ends are bad\n" in text([STARTED, Ended("both ends are bad", ())])


def test_a_set_is_shown_as_a_set() -> None:
    several = Found(
        Change.INTRODUCTION, (PARENT, CULPRIT), ("A", "B"), ("v3.0~2", "v3.0~1"), (PARENT,)
    )
    doubt = Confirmed("introduction", False, 5, "the others before it cannot be tested")
    assert """\
introduced  in one of 2 commits:
            1e5a85e1c8 (v3.0~2) A
            64c9c8ef39 (v3.0~1) B
            not proven: the others before it cannot be tested
""" in text([STARTED, *PROBES, several, doubt, Ended("answered", ())])


def test_of_a_large_set_the_first_ones_and_the_last_one_are_shown() -> None:
    many = tuple(f"{number:040}" for number in range(900))
    several = Found(Change.FIX, many, ("A",) * 900, ("",) * 900, (PARENT,))
    said = text([STARTED, several, Ended("answered", ())])
    assert "fixed       in one of 900 commits:\n" in said
    assert "            … 892 others …\n            0000000000 A\n" in said


def test_another_bug_has_its_own_block_and_does_not_change_the_conclusion() -> None:
    said = text(BOTH_ANSWERED)
    block = """\

another bug refused configuration: config : error, learnt at v3.1-dev1 in 3 runs
introduced  5555555555 MEDIUM: c
            proven with dev: bad in 5 of 5 runs, its parent 6666666666 good in all of 5
suspected   7777777777 BUG/MEDIUM: d as the fix
            not proven: run 3 of x is good: why
affected    v3.1-dev1

"""
    assert block in said
    assert said.replace(block, "") == text(ANSWERED)
    assert conclude(summary(BOTH_ANSWERED)) == conclude(summary(ANSWERED))


def test_doubt_is_shown_and_nothing_is_called_proven() -> None:
    doubt = Confirmed("introduction", False, 5, "run 3 of x is good: why")
    said = text([STARTED, INTRODUCED, doubt, Ended("answered", ())])
    assert "            not proven: run 3 of x is good: why\n" in said
    assert "  proven:" not in said


def test_a_merges_parents_are_all_named() -> None:
    merge = replace(INTRODUCED, parents=(PARENT, CURE))
    said = text([STARTED, merge, *PROVEN, Ended("answered", ())])
    assert "its parent 1e5a85e1c8 and c16eba8183 good in all of 5" in said


def test_a_patch_that_fails_somewhere_says_where_and_why() -> None:
    conflict = PatchChecked("v3.0.0", "3" * 40, BAD, (), None, "0001 conflicts: src/x.c")
    said = text([*ANSWERED, conflict])
    assert "patch       good on 2 of 3 affected releases" in said
    assert "v3.0.0       bad → not built" in said
    assert "0001 conflicts: src/x.c\n" in said


def test_notes_are_shown() -> None:
    assert "note        look here\n" in text([*ANSWERED, Noted("look here")])


def test_a_flaky_answer_comes_with_its_confidence_and_its_runs() -> None:
    tally = "bbb 0 of 14, aaa 3 of 8"
    sure = Confirmed("introduction", True, 8, "", "dev", tally, 0.9963)
    said = text([STARTED, *PROBES, INTRODUCED, sure, Ended("answered", ())])
    assert "            proven with dev, P = 0.996\n            bad runs: bbb 0 of 14" in said
    unproven = text([STARTED, replace(INTRODUCED, confidence=0.991), Ended("answered", ())])
    assert "            not confirmed, P = 0.991\n" in unproven
    assert "P = " not in text(ANSWERED)


def test_what_fast_could_not_judge_is_told() -> None:
    failed = probed(CULPRIT, Verdict.UNBUILDABLE)
    instead = probed(CULPRIT, BAD, toolchain="dev")
    said = text([STARTED, failed, instead, *ANSWERED[1:]])
    assert "note        1 revision that fast could not judge was left to dev: 64c9c8ef39\n" in said
    again = probed(PARENT, GOOD, toolchain="dev")
    assert "left to dev" not in text([*ANSWERED, again]), "the job has turned to dev"
    confirmed = probed(CULPRIT, BAD, toolchain="dev", purpose="confirm the introduction")
    assert "left to dev" not in text([*ANSWERED, confirmed])


def test_no_line_ends_in_a_blank_unless_its_text_does() -> None:
    assert not [line for line in text(ANSWERED).splitlines() if line != line.rstrip()]


def test_a_finished_probe_is_one_line_with_its_reason_if_it_was_not_tested() -> None:
    assert terminal.probe_line(probed(CULPRIT, BAD)) == (
        "bad         64c9c8ef39             30.5 s fast     MINOR: x: y"
    )
    known = probed(CULPRIT, GOOD, known=True, patched=True)
    assert terminal.probe_line(known) == (
        "good        64c9c8ef39 + patch      known fast     MINOR: x: y"
    )
    untestable = terminal.probe_line(probed(CULPRIT, Verdict.UNBUILDABLE, reason="x.c:1: error"))
    assert untestable.endswith("\n            x.c:1: error")


def test_a_single_probe_comes_with_reason_evidence_and_log() -> None:
    assert (
        terminal.probe_report(probed(CULPRIT, BAD))
        == f"""\
bad: 64c9c8ef39 MINOR: x: y
reason      why
built with  fast
evidence    {SIGNATURE}
log         /log
"""
    )


def test_a_hunt_in_a_list_is_one_line() -> None:
    line = terminal.hunt_line("abc", True, summary(ANSWERED))
    assert line.startswith("abc  19")
    assert line.endswith("under way        3 probes  bisector run v2.9..master")


def test_every_form_of_a_report_names_the_time_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    told = summary(ANSWERED)
    try:
        page, suites, line = (
            html.render(told),
            junit.render(told),
            terminal.hunt_line("a", False, told),
        )
    finally:
        monkeypatch.undo()
        time.tzset()
    assert "<br>1970-01-01 00:00 UTC, " in page
    assert 'timestamp="1970-01-01T00:00:01Z"' in suites
    assert line.startswith("a  1970-01-01 00:00 UTC  ")


def test_a_scenario_is_shown_with_all_that_a_user_can_choose() -> None:
    shown = load("dns-flap")
    said = terminal.scenario(shown)
    assert said.startswith(f"dns-flap: {shown.title}\n")
    assert "record      A, AAAA, SRV\n" in said
    assert f"variants    {len(list(shown.variants()))}\n" in said
    assert shown.bad in said and shown.control in said
    assert "suspect     64c9c8ef39\n" in said


def test_a_pick_is_told_with_what_it_is_a_pick_of() -> None:
    pick = replace(INTRODUCED, origin="7" * 40)
    said = text([STARTED, *PROBES, pick, *PROVEN[:1], Ended("answered", ())])
    assert "            a pick of 7777777777\n" in said
