"""The limits of runs that are expected to hang."""

from __future__ import annotations

import pytest

from bisector.build.toolchain import Toolchain
from bisector.probing.hangs import LEAST, Hangs
from bisector.probing.ticket import Ticket
from bisector.record.events import Probed
from bisector.record.failure import Failure, FailureClass
from bisector.record.learnt import Learnt
from bisector.record.verdict import Verdict
from bisector.testing.oracle import RUN_SECONDS
from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.timeouts import FACTOR
from tests.support.records import probed
from tests.support.toolchains import GCC, TCC

ORACLE = VTestCase("any", "digest", "any.vtc")
TIMEOUT = Failure(FailureClass.TIMEOUT, "c1: HTTP rx timeout")
REFUSED = Failure(FailureClass.REFUSAL, "config : error")


def passed(seconds: float) -> Probed:
    return probed("a" * 40, Verdict.GOOD, scenario="any", test_seconds=seconds)


def failed(failure: Failure, revision: str = "b" * 40) -> Probed:
    return probed(revision, Verdict.UNTESTABLE, scenario="any", failure=failure)


def ticket(
    revision: str = "c" * 40,
    purpose: str = "introduction",
    run: int = 0,
    toolchain: Toolchain = TCC,
    patched: bool = False,
) -> Ticket:
    return Ticket(revision, "tree", purpose, run, patched, toolchain, ORACLE)


def learnt(failure: Failure) -> Learnt:
    return Learnt("b" * 40, "b", (failure,), 3)


def test_if_the_bug_is_a_hang_the_limit_is_lower_and_there_is_a_second_try() -> None:
    timed = Hangs([passed(0.4)]).timed(ticket(), learnt(TIMEOUT))
    assert (timed.seconds, timed.patient) == (LEAST, True)
    assert timed.digest == ORACLE.digest, "the verdict is kept under the same key"


@pytest.mark.parametrize(
    ("seconds", "limit"), [(0.1, LEAST), (1.0, FACTOR), (5.0, RUN_SECONDS), (90.0, RUN_SECONDS)]
)
def test_it_is_many_times_what_the_slowest_passing_run_took(seconds: float, limit: float) -> None:
    hangs = Hangs([passed(seconds), passed(0.1)])
    assert hangs.timed(ticket(), learnt(TIMEOUT)).seconds == limit


def test_a_binary_that_hung_before_is_not_tried_twice() -> None:
    hangs = Hangs([passed(0.4), failed(TIMEOUT)])
    for purpose in ("end", "confirm the introduction"):
        timed = hangs.timed(ticket("b" * 40, purpose, run=1), None)
        assert (timed.seconds, timed.patient) == (LEAST, False)


@pytest.mark.parametrize(
    ("asked", "bug"),
    [
        (ticket(), None),
        (ticket(), learnt(REFUSED)),
        (ticket(purpose="confirm the introduction"), learnt(TIMEOUT)),
        (ticket("b" * 40), None),
        (ticket("b" * 40, run=1, toolchain=GCC), None),
        (ticket("b" * 40, run=1, patched=True), None),
        (ticket("d" * 40, run=1), None),
    ],
    ids=["before", "no hang", "proof", "first run", "another binary", "patched", "refused"],
)
def test_any_other_run_has_all_the_time(asked: Ticket, bug: Learnt | None) -> None:
    hangs = Hangs([passed(0.4), failed(TIMEOUT), failed(REFUSED, "d" * 40)])
    assert hangs.timed(asked, bug) == ORACLE


def test_so_has_each_as_long_as_no_run_passed_here() -> None:
    other = probed("a" * 40, Verdict.GOOD, scenario="other", test_seconds=0.4)
    known = probed("a" * 40, Verdict.GOOD, scenario="any", test_seconds=0.0, known=True)
    hangs = Hangs([other, known, failed(TIMEOUT)])
    assert hangs.timed(ticket("b" * 40, run=1), learnt(TIMEOUT)) == ORACLE
