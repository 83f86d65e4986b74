"""The oracle that looks for a HAProxy that keeps a processor busy, with scripts that play it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bisector.errors import UsageProblem
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system.slots import Slot
from bisector.testing.burn import BurnWatch
from bisector.testing.oracle import Trial
from bisector.testing.oracles.command import Command
from bisector.testing.oracles.spin_test import SpinTest, judge

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE
PASSED = Ruling(GOOD, "exit status 0")
SPIN = '"$HAPROXY_PROGRAM" -c "while :; do :; done" & true'
REST = '"$HAPROXY_PROGRAM" -c "sleep 9; true" & true'


def spin(text: str, seconds: str = "0.8") -> SpinTest:
    return SpinTest.around(Command.of_option(text, bad_if=None, skip_if=None), seconds)


def run(test: SpinTest, folder: Path, limit: float = 20.0) -> Ruling:
    """The ruling on a HAProxy that is a shell."""
    binary = folder / "haproxy"
    shutil.copy(shutil.which("bash") or "", binary)
    return test.run(Trial(binary, folder / "log", (), limit, Slot(1)))


def test_a_haproxy_that_never_sleeps_is_bad(tmp_path: Path) -> None:
    ruling = run(spin(SPIN), tmp_path)
    assert ruling.verdict is BAD
    assert ruling.failure == Failure(FailureClass.EXPECTATION, "HAProxy burns a processor")


def test_it_is_bad_even_if_the_test_hangs_and_that_is_not_waited_for(tmp_path: Path) -> None:
    ruling = run(spin(f"{SPIN}; sleep 30"), tmp_path, 60.0)
    assert ruling.verdict is BAD
    assert ruling.seconds < 30


def test_a_haproxy_that_waits_is_good(tmp_path: Path) -> None:
    ruling = run(spin(REST), tmp_path)
    assert ruling.verdict is GOOD
    assert ruling.reason.startswith("HAProxy is idle after the test: at most ")


def test_another_program_that_never_sleeps_is_not_haproxy(tmp_path: Path) -> None:
    ruling = run(spin(f"{REST}; sh -c 'while :; do :; done' & true"), tmp_path)
    assert ruling.verdict is GOOD


def test_a_haproxy_that_is_gone_cannot_be_judged(tmp_path: Path) -> None:
    ruling = run(spin("true"), tmp_path)
    assert ruling.verdict is UNTESTABLE
    assert "do not stop it in the test" in ruling.reason


def test_a_test_that_fails_says_nothing(tmp_path: Path) -> None:
    ruling = run(spin(f"{REST}; exit 3"), tmp_path)
    assert (ruling.verdict, ruling.reason) == (UNTESTABLE, "exit status 3: it printed nothing")


def test_a_check_of_a_configuration_need_not_stay() -> None:
    watch = BurnWatch(Path("haproxy"), 1.0)
    assert judge(PASSED, watch, stays=False).verdict is GOOD
    assert judge(PASSED, watch, stays=True).verdict is UNTESTABLE


@pytest.mark.parametrize("value", ["", "0", "0.4", "61", "x", "nan", "-1"])
def test_a_wrong_number_of_seconds_is_refused(value: str) -> None:
    with pytest.raises(UsageProblem, match=r"seconds, from 0\.5 to 60"):
        spin("true", value)


def test_a_pattern_for_the_bug_is_refused() -> None:
    with pytest.raises(UsageProblem, match="--bad-if with --spin"):
        SpinTest.around(Command.of_option("true", bad_if="x", skip_if=None), "1")
