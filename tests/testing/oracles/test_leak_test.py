"""The oracle that repeats a test and looks at HAProxy's memory: its rulings, its inner test."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import ScenarioProblem, UsageProblem
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.testing.oracles.command import Command
from bisector.testing.oracles.config_file import ConfigFile
from bisector.testing.oracles.leak_test import LeakTest, judge
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.played import played

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE
PASSED = Ruling(GOOD, "every expectation held")
TIMES = 40


def log(step: int, times: int = TIMES) -> str:
    return "".join(f"memory|\nmemory|7 {2000 + step * at}\n" for at in range(times))


def command(text: str, value: str = str(TIMES)) -> LeakTest:
    return LeakTest.around(Command.of_option(text, bad_if=None, skip_if=None), value)


def test_memory_that_grows_is_bad_by_so_many_bytes() -> None:
    ruling = judge(PASSED, log(4), TIMES)
    assert ruling.verdict is BAD
    assert ruling.reason == "HAProxy's memory grows by 4,096 bytes with each repetition"
    assert ruling.failure == Failure(FailureClass.EXPECTATION, "HAProxy's memory grows")
    assert ruling.evidence == ("from 2.1 MB to 2.2 MB in the last 30 of 40 repetitions",)


def test_memory_that_stays_is_good() -> None:
    ruling = judge(PASSED, log(0), TIMES)
    assert (ruling.verdict, ruling.failure) == (GOOD, None)


@pytest.mark.parametrize("inner", [FailureClass.EXPECTATION, FailureClass.CRASH])
def test_a_test_that_fails_says_nothing_of_memory(inner: FailureClass) -> None:
    failed = Ruling(BAD, "as it is", failure=Failure(inner, "text"))
    assert judge(failed, log(4), TIMES).verdict is UNTESTABLE


@pytest.mark.parametrize(
    "text", ["", log(4, TIMES - 1), "memory|\n" * TIMES, log(4) + "memory|8 1"]
)
def test_another_haproxy_or_none_says_nothing(text: str) -> None:
    assert judge(PASSED, text, TIMES).verdict is UNTESTABLE


def test_a_haproxy_that_starts_late_is_measured_from_then_on() -> None:
    late = "memory|\nmemory|\n" + "".join(log(4).splitlines(keepends=True)[4:])
    assert judge(PASSED, late, TIMES).verdict is BAD


def test_a_command_is_run_so_often_in_one_folder(tmp_path: Path) -> None:
    ruling = played(command('echo "round $BISECTOR_ROUND" >> rounds; cat rounds', "20"), tmp_path)
    said = (tmp_path / "played" / "log").read_text()
    assert ruling.verdict is UNTESTABLE  # there is no HAProxy
    assert said.count("round 1\n") == 20
    assert said.count("round 20\n") == 1
    assert said.count("memory|\n") == 20


def test_the_first_round_that_fails_is_the_last(tmp_path: Path) -> None:
    ruling = played(command("echo once; exit 3"), tmp_path)
    assert ruling.verdict is UNTESTABLE
    assert "exit status 3" in ruling.reason
    assert (tmp_path / "played" / "log").read_text().count("once") == 1


@pytest.mark.parametrize("value", ["", "19", "2001", "x", "-20", "1e3"])
def test_a_wrong_number_is_refused(value: str) -> None:
    with pytest.raises(UsageProblem, match="a number from 20 to 2000"):
        command("true", value)


def test_what_cannot_be_repeated_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.cfg").write_text("global\n")
    (tmp_path / "x.vtc").write_text('varnishtest "x"\nhaproxy h1 -conf {} -start\n')
    config = ConfigFile.of_option(str(tmp_path / "x.cfg"), bad_if=None, skip_if=None)
    with pytest.raises(UsageProblem, match="cannot be repeated"):
        LeakTest.around(config, "20")
    case = VTestCase.of_option(str(tmp_path / "x.vtc"), bad_if=None, skip_if=None)
    with pytest.raises(ScenarioProblem, match="nothing to repeat"):
        LeakTest.around(case, "20")


def test_a_pattern_for_the_bug_is_refused() -> None:
    with pytest.raises(UsageProblem, match="--bad-if with --leak"):
        LeakTest.around(Command.of_option("true", bad_if="x", skip_if=None), "20")


def test_what_each_repetition_adds_is_part_of_the_ruling() -> None:
    """The first quarter is left out."""
    assert judge(PASSED, log(4), TIMES).growth == (4096,) * 29
    assert judge(PASSED, log(0), TIMES).growth == (0,) * 29
