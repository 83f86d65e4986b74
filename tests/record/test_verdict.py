"""Verdicts: two of the five are knowledge about the bug."""

from __future__ import annotations

from bisector.record.verdict import Result, Ruling, Verdict


def test_only_good_and_bad_were_tested() -> None:
    assert [verdict for verdict in Verdict if verdict.tested] == [Verdict.GOOD, Verdict.BAD]


def test_a_verdict_reads_as_its_word() -> None:
    assert f"{Verdict.UNBUILDABLE}" == "unbuildable"
    assert Result(Ruling(Verdict.GOOD, "why"), "key").verdict is Verdict.GOOD
