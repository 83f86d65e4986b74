"""A sweep in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisector.record.verdict import Verdict
from bisector.record.work_estimate import Estimate
from bisector.report import swept
from bisector.report.terminal import render
from tests.support import judged as j
from tests.support.records import BAD, GOOD, probed, summary

COST = Estimate(
    revisions=100,
    contents=96,
    known=10,
    built=2,
    build_seconds=400.0,
    test_seconds=43.0,
    cores=2,
    measured=12,
)


def test_the_stretches_are_told_oldest_first_and_then_what_became_of_the_oddities() -> None:
    events = [*j.SWEPT[:-1], j.HOLE, j.SWEPT[-1]]
    assert "\n".join(swept.section(summary(events))) == (
        """\
stretches   v2.9.0 to v3.0-dev1~9     good        5 revisions
            v3.0-dev1~8               bad         1 revision, odd
            v3.0-dev1~7 to v3.0-dev2  good        4 revisions
            v3.0-dev2~1 to v3.0.0     bad         3 revisions
            v3.0.1                    untestable  1 revision: no expect in its log
re-tested   v3.0-dev1~8: bad, and dev says the same
            v3.0-dev2: was bad, good by the re-test with dev"""
    )


def test_an_interrupted_sweep_is_a_map_already() -> None:
    told = [(0, GOOD), (64, BAD), (8, GOOD), (16, BAD), (24, BAD)]
    probes = [
        probed(f"{n:040d}", verdict, name=f"v2.{n}.0", place=n, purpose="sweep")
        for n, verdict in told
    ]
    assert "\n".join(swept.section(summary([j.SWEPT[0], *probes]))) == (
        """\
so far      v2.0.0 to v2.8.0    good  2 probed
            v2.16.0 to v2.64.0  bad   3 probed"""
    )
    assert swept.section(summary([j.SWEPT[0]])) == []


def test_why_a_re_test_says_nothing_is_told() -> None:
    said = replace(j.RETESTED[0], after=Verdict.UNTESTABLE, reason="bad in one run, good in other")
    assert swept.retested(said).endswith("dev (bad in one run, good in other)")


def test_a_sweep_ends_with_what_it_comes_to() -> None:
    lines = render(summary(j.SWEPT)).splitlines()
    assert lines[-1].startswith("swept: 4 of 13 revisions bad")
    assert not swept.section(summary(j.AFFECTED))


def test_the_cost_is_one_line() -> None:
    assert swept.estimate(COST) == (
        "100 revisions, 96 sources: 10 verdicts and 2 binaries here; about 7 min building "
        "and 43 s testing on 2 cores (by 12 builds here)"
    )


@pytest.mark.parametrize(
    ("seconds", "said"), [(89, "89 s"), (91, "2 min"), (5300, "88 min"), (16200, "4.5 h")]
)
def test_long_times_are_told_roughly(seconds: float, said: str) -> None:
    assert f"about {said} building" in swept.estimate(replace(COST, build_seconds=seconds))


def test_it_is_said_if_nothing_was_measured_here_or_nothing_is_left() -> None:
    assert swept.estimate(replace(COST, measured=0)).endswith("(measured elsewhere)")
    assert "96 sources: nothing here yet; about" in swept.estimate(replace(COST, known=0, built=0))
    assert "96 sources: 1 binary here; about" in swept.estimate(replace(COST, known=0, built=1))
    assert swept.estimate(replace(COST, known=96)) == (
        "100 revisions, 96 sources: every verdict is here"
    )
