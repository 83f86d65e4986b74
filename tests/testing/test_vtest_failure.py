"""How a VTest case failed: the class and a text that is the same in every run."""

from __future__ import annotations

import pytest

from bisector.record.failure import Failure, FailureClass
from bisector.system.process import Finished
from bisector.testing.vtest_failure import HowItFailed, how_it_failed
from tests.support.crash_logs import UNDEFINED, printed
from tests.support.vtest_logs import (
    CLI,
    EOF,
    EXIT_1,
    EXPECT,
    KILLED,
    NO_BIND,
    NO_PROGRAM,
    NOT_READY,
    REFUSED,
    RX_TIMEOUT,
    SEGV,
    SERVING,
    SHELL,
    UNKNOWN_COMMAND,
    UNKNOWN_FEATURE,
)

RECV = "---- c1    recv() got 0 (Success)\n"
NO_PID_FILE = "---- h1    PID file was not created\n"
SILENT_OK = "---- h1    Did not find expected string 'Configuration file is valid'\n"
STATUS_0 = "**   h1    WAIT4 pid=7 status=0x0000 (user 0.000000 sys 0.007567)\n"
ASKED = "**** top   shell_cmd|exec 2>&1 ; haproxy -c -f x.cfg\n"
SAID = "**** top   shell_out|haproxy: no such option\n"


def failed(log: str, status: int | None = 1) -> HowItFailed:
    return how_it_failed(Finished((), status, log, 0.5))


@pytest.mark.parametrize(
    ("log", "kind"),
    [
        (SERVING + EXPECT, FailureClass.EXPECTATION),
        (SERVING + CLI, FailureClass.EXPECTATION),
        (SERVING + SHELL, FailureClass.EXPECTATION),
        (SERVING + SEGV, FailureClass.CRASH),
        (SERVING + RX_TIMEOUT + SEGV, FailureClass.CRASH),
        (SEGV, FailureClass.START),
        (NO_BIND + EXIT_1, FailureClass.START),
        (NO_PID_FILE, FailureClass.START),
        (REFUSED + EXIT_1, FailureClass.REFUSAL),
        (SERVING + RX_TIMEOUT, FailureClass.TIMEOUT),
        (KILLED, FailureClass.TIMEOUT),
        (SERVING + EOF, FailureClass.CONNECTION),
        (SERVING + RECV, FailureClass.CONNECTION),
        (SERVING + EXIT_1, FailureClass.OTHER),
        (SERVING + printed(UNDEFINED) + EXIT_1, FailureClass.CRASH),
        (SERVING + printed(f"{UNDEFINED}it goes on\n") + EXIT_1, FailureClass.OTHER),
        (UNKNOWN_COMMAND, FailureClass.HARNESS),
        (NOT_READY, FailureClass.START),
        (UNKNOWN_FEATURE, FailureClass.HARNESS),
        ("", FailureClass.HARNESS),
        (STATUS_0 + SILENT_OK, FailureClass.HARNESS),
        (NO_PROGRAM, FailureClass.MISSING),
    ],
)
def test_each_failure_has_a_class(log: str, kind: FailureClass) -> None:
    assert failed(log).failure.kind is kind


# --- what came first decides ----------------------------------------------------------------------


def test_a_failed_expectation_before_an_alert_is_the_failure() -> None:
    """A test that reloads with a broken configuration on purpose."""
    found = failed(SERVING + EXPECT + REFUSED + EXIT_1)
    assert found.failure.kind is FailureClass.EXPECTATION


def test_an_alert_of_an_instance_that_has_served_is_not_its_start() -> None:
    assert failed(SERVING + REFUSED + EXPECT).failure.kind is FailureClass.EXPECTATION
    other = SERVING.replace("h1", "h2")
    assert failed(other + REFUSED + EXPECT).failure.kind is FailureClass.REFUSAL


def test_an_accepted_configuration_that_vtest_waits_for_is_no_bug_of_haproxy() -> None:
    assert failed(SILENT_OK).failure.kind is FailureClass.EXPECTATION, "it was refused"
    reason = failed(STATUS_0 + SILENT_OK).reason
    assert "HAProxy accepts the configuration" in reason


# --- the text is the same in every run ------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (EXPECT, EXPECT.replace("(200)", "(503)")),
        (RX_TIMEOUT, RX_TIMEOUT.replace("fd:7 1500 ms", "fd:12 1502 ms")),
        (RX_TIMEOUT, RX_TIMEOUT.replace("c1", "c2")),  # a race decides which of them waits
        (REFUSED, REFUSED.replace("9214", "77").replace("vtc.9208.66b28484", "vtc.1.abc")),
        (REFUSED, REFUSED.replace("cfg:12]", "cfg:31]")),
        (NO_BIND + EXIT_1, NO_BIND.replace("127.0.0.1:1]", "127.0.0.1:54321]") + EXIT_1),
        (RECV, RECV.replace("got 0 (Success)", "got 0 (Success)")),
    ],
)
def test_what_differs_from_run_to_run_is_not_part_of_the_kind(one: str, other: str) -> None:
    assert failed(one).failure == failed(other).failure


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (EXPECT, EXPECT.replace("resp.status", "resp.reason")),
        (EXPECT, EXPECT.replace('"300"', '"301"')),
        (EXPECT, EXPECT.replace("c1", "c2")),
        (REFUSED, REFUSED.replace("no-such-keyword", "another-keyword")),
        (SERVING + SEGV, SERVING + SEGV.replace("signal 11", "signal 6")),
    ],
)
def test_what_the_test_asks_for_and_haproxy_says_is_part_of_it(one: str, other: str) -> None:
    assert failed(one).failure != failed(other).failure


# --- shells ---------------------------------------------------------------------------------------


def test_a_failed_shell_shows_its_status_in_words_and_what_it_said() -> None:
    found = failed(ASKED + SAID + SHELL)
    assert found.reason == "top: a shell command ended with status 1: haproxy: no such option"
    assert found.failure == Failure(
        FailureClass.EXPECTATION, "top: a shell command ended with status 1"
    )
    assert found.evidence[-1] == "haproxy: no such option"


def test_a_shell_whose_program_was_used_wrongly_says_nothing_by_itself() -> None:
    usage = "**** top   shell_out|grep: unrecognized option '--nope'\n"
    found = failed(ASKED + usage + SHELL.replace("0x0001", "0x0002"))
    assert found.failure == Failure(
        FailureClass.UNUSABLE, "top: a shell command ended with status 2"
    )
    assert found.reason.endswith(
        "failed, a program was used wrongly (status 2): grep: unrecognized option '--nope'"
    )
    for other in (SAID + SHELL.replace("0x0001", "0x0002"), usage + SHELL):
        assert failed(ASKED + other).failure.kind is FailureClass.EXPECTATION


def test_a_shell_that_a_signal_ended_is_a_crash() -> None:
    found = failed(SHELL.replace("0x0001", "0x0086"))
    assert found.reason == "top: a shell command died by SIGABRT"
    assert found.failure.kind is FailureClass.CRASH
