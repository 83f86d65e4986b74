"""The oracle that looks for a crash in another test: its rulings, its inner test."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.testing.oracles.command import Command
from bisector.testing.oracles.crash_test import CrashTest, judge

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE

LOG = "**** h1 crash|SIGSEGV in fetch < process_stream\n"
PASSED = Ruling(GOOD, "every expectation held")


def failed(kind: FailureClass) -> Ruling:
    verdict = BAD if kind.speaks_for_itself else UNTESTABLE
    return Ruling(verdict, "as it is", failure=Failure(kind, "text"))


@pytest.mark.parametrize(
    "inner", [PASSED, *map(failed, set(FailureClass) - {FailureClass.BROKEN, FailureClass.SKIPPED})]
)
def test_a_crash_is_bad_whatever_the_test_says(inner: Ruling) -> None:
    ruling = judge(inner, LOG, None)
    assert (ruling.verdict, ruling.reason) == (BAD, "HAProxy died by SIGSEGV in fetch")
    assert ruling.failure == Failure(FailureClass.CRASH, "SIGSEGV in fetch")


@pytest.mark.parametrize("kind", [FailureClass.EXPECTATION, FailureClass.CONNECTION])
def test_without_a_crash_a_test_that_fails_is_good(kind: FailureClass) -> None:
    ruling = judge(failed(kind), "", None)
    assert (ruling.verdict, ruling.failure) == (GOOD, None)
    assert ruling.reason == "HAProxy does not crash; the test itself fails: as it is"


def test_a_test_that_passes_is_good() -> None:
    assert judge(PASSED, "", None).reason == "HAProxy does not crash"


@pytest.mark.parametrize(
    "kind",
    [
        FailureClass.REFUSAL,
        FailureClass.START,
        FailureClass.TIMEOUT,
        FailureClass.HARNESS,
        FailureClass.MISSING,
        FailureClass.SKIPPED,
        FailureClass.BROKEN,
        FailureClass.OTHER,
    ],
)
def test_a_test_that_does_not_get_there_says_nothing(kind: FailureClass) -> None:
    assert judge(failed(kind), "", None) == failed(kind)


def test_a_haproxy_that_never_starts_is_broken_not_bad() -> None:
    assert judge(failed(FailureClass.BROKEN), LOG, None).verdict is UNTESTABLE


def test_a_pattern_chooses_among_crashes() -> None:
    assert judge(PASSED, LOG, "in fetch").verdict is BAD
    ruling = judge(PASSED, LOG, "in other")
    assert ruling.verdict is UNTESTABLE
    assert "not by the bug's signature: HAProxy died by SIGSEGV in fetch" in ruling.reason


def test_it_goes_around_a_test_of_the_user_s(tmp_path: Path) -> None:
    inner = Command.of_option("true", bad_if="x", skip_if="y")
    test = CrashTest.around(inner, "")
    assert (test.name, test.inner.bad, test.inner.skip, test.bad) == (
        "true (crash)",
        None,
        "y",
        "x",
    )
    assert test.knows_its_bug
    assert test.digest != inner.digest
    assert not CrashTest.around(
        Command.of_option("true", bad_if=None, skip_if=None), ""
    ).knows_its_bug
