"""Rulings from excerpts of real logs of VTest (varnishtest 7.1.1, HAProxy 3.0-dev)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bisector.record.verdict import Ruling, Verdict
from bisector.system.process import Finished
from bisector.testing.log_text import EVIDENCE_LINES, EVIDENCE_WIDTH
from bisector.testing.oracle import is_doubtful
from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.scenario_loader import load
from bisector.testing.vtest_log import classify
from tests.support.vtest_logs import (
    ANY,
    CLI,
    EXIT_1,
    EXPECT,
    FLAP,
    KILLED,
    NO_BIND,
    NO_PROGRAM,
    NOT_EXECUTABLE,
    REFUSED,
    RX_TIMEOUT,
    SEGV,
    SERVER_EXPECT,
    SERVING,
    SKIP,
    UNKNOWN_COMMAND,
)

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE


def run(status: int | None, log: str, dropped: int = 0) -> Finished:
    """A VTest that ended so."""
    return Finished((), status, log, 0.5, dropped=dropped)


def judge(log: str, status: int | None = 1, oracle: VTestCase = ANY, **patterns: str) -> Ruling:
    return classify(run(status, log), replace(oracle, **patterns).patterns)  # type: ignore[arg-type]


# --- without a signature: only a failed expectation is bad ----------------------------------------


def test_a_test_that_passes_is_good() -> None:
    assert judge(SERVING, 0).verdict is GOOD


@pytest.mark.parametrize("said", [EXPECT, SERVER_EXPECT, CLI])
def test_a_failed_expectation_is_bad_and_is_the_evidence(said: str) -> None:
    ruling = judge(SERVING + said)
    assert ruling.verdict is BAD
    assert ruling.evidence == (" ".join(said.split()),)
    assert ruling.reason == ": ".join(said.split(maxsplit=2)[1:]).strip()


@pytest.mark.parametrize("said", ["", UNKNOWN_COMMAND])
def test_any_other_failure_is_untestable(said: str) -> None:
    ruling = judge(SERVING + said)
    assert ruling.verdict is UNTESTABLE
    assert "the test itself failed" in ruling.reason


def test_haproxys_output_is_not_searched_for_expectations() -> None:
    quoted = '***  h1    debug|---- c1    EXPECT resp.status (200) == "300" failed\n'
    assert judge(SERVING + quoted + UNKNOWN_COMMAND).verdict is UNTESTABLE


def test_the_first_fatal_message_decides() -> None:
    assert judge(SERVING + RX_TIMEOUT + EXPECT).verdict is UNTESTABLE
    assert judge(SERVING + EXPECT + RX_TIMEOUT).verdict is BAD


@pytest.mark.parametrize("said", [NO_PROGRAM, NOT_EXECUTABLE])
def test_a_missing_program_is_untestable(said: str) -> None:
    ruling = judge(SERVING + said)
    assert ruling.verdict is UNTESTABLE
    assert "lacks" in ruling.reason


def test_a_timeout_of_the_tests_client_is_untestable_with_a_hint_at_bad_if() -> None:
    ruling = judge(SERVING + RX_TIMEOUT)
    assert ruling.verdict is UNTESTABLE
    assert ruling.reason.startswith("timed out: c1: HTTP rx timeout")
    assert "--bad-if 'rx timeout'" in ruling.reason


def test_text_quoted_by_an_expectation_is_no_timeout() -> None:
    for quoted in ("connection timed out", "rx timeout", "FAIL timeout"):
        said = f'---- c1    EXPECT resp.body ({quoted}) == "ok" failed\n'
        assert judge(SERVING + said).verdict is BAD


@pytest.mark.parametrize(("log", "status"), [(KILLED, 1), ("", None), (EXPECT, None)])
def test_a_test_that_was_killed_timed_out(log: str, status: int | None) -> None:
    ruling = judge(log, status)
    assert (ruling.verdict, ruling.reason) == (UNTESTABLE, "timed out")


def test_an_empty_log_is_untestable() -> None:
    ruling = judge("", 2)
    assert (ruling.verdict, ruling.reason) == (
        UNTESTABLE,
        "the test itself failed: VTest printed nothing",
    )


def test_a_skipped_test_is_untestable_with_the_missing_feature() -> None:
    ruling = judge(SKIP, 77)
    assert ruling.verdict is UNTESTABLE
    assert ruling.reason == "VTest skipped it: SKIPPING test, lacking feature: cmd"


OVERFLOW = """\
*    diag  0.0 Assert error in vtc_log_emit(), vtc_log.c line 176:
*    diag  0.0   Condition(vtclog_left > l) not true. (errno=0 Success)
#    top  TEST b.vtc FAILED (0.797) signal=6
"""


def test_a_log_longer_than_vtests_buffer_is_untestable_with_that_reason() -> None:
    ruling = judge(SERVING + OVERFLOW)
    assert ruling.verdict is UNTESTABLE
    assert ruling.reason == "the test itself failed: its log is longer than VTest's buffer"
    assert judge(SERVING + EXPECT + OVERFLOW).verdict is BAD, "what ended the test comes first"
    assert "buffer" not in judge(SERVING + "**** h1    debug|vtclog_left\n").reason


# --- HAProxy does not start -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "after", [RX_TIMEOUT + EXIT_1, EXPECT + EXIT_1, EXIT_1, KILLED, "---- h1    x\n"]
)
def test_a_refused_configuration_is_untestable_also_with_a_failed_expectation(after: str) -> None:
    ruling = judge(REFUSED + after)
    assert ruling.verdict is UNTESTABLE
    assert ruling.reason.startswith("HAProxy refuses the configuration: [ALERT]")
    assert "unknown keyword 'no-such-keyword'" in ruling.reason


def test_the_reason_of_a_refusal_is_the_same_in_every_run() -> None:
    other = REFUSED.replace("9214", "77").replace("/tmp/vtc.9208.66b28484", "/tmp/b/vtc.1.abc")
    assert judge(REFUSED + EXIT_1).reason == judge(other + EXIT_1).reason


def test_an_expected_refusal_is_no_failure() -> None:
    """-conf-BAD: the first instance must be refused, and was; then an expectation failed."""
    found = "**** h1    Found expected 'no-such-keyword'\n"
    ruling = judge(REFUSED + found + SERVING.replace("h1", "h2") + EXPECT)
    assert ruling.verdict is BAD
    assert judge(REFUSED + SERVING.replace("h1", "h2") + EXPECT).verdict is UNTESTABLE


def test_an_instance_that_cannot_bind_does_not_start() -> None:
    ruling = judge(NO_BIND + EXPECT + EXIT_1)
    assert ruling.verdict is UNTESTABLE
    assert ruling.reason.startswith("HAProxy does not start: [ALERT]")
    assert "cannot bind socket" in ruling.reason


def test_an_alert_of_an_instance_that_served_does_not_hide_a_failed_expectation() -> None:
    alert = "***  h1    debug|[ALERT]    (9163) : sendmsg()/writev() failed in logger #1\n"
    assert judge(SERVING + alert + EXPECT + EXIT_1).verdict is BAD
    assert judge(alert + EXPECT).verdict is BAD, "nor one of an instance that ended well"


# --- HAProxy dies ---------------------------------------------------------------------------------


def test_a_crash_while_serving_is_bad_also_if_the_client_timed_out() -> None:
    ruling = judge(SERVING + RX_TIMEOUT + SEGV)
    assert ruling.verdict is BAD
    assert ruling.reason == "HAProxy died by SIGSEGV during the test"


def test_a_crash_before_anything_was_served_is_untestable() -> None:
    ruling = judge(RX_TIMEOUT + SEGV)
    assert ruling.verdict is UNTESTABLE
    assert ruling.reason == "HAProxy died by SIGSEGV at its start"
    assert judge(SERVING.replace("h1", "h2") + SEGV).verdict is UNTESTABLE, "another one served"


@pytest.mark.parametrize("signal", [2, 9, 15])
def test_sigint_sigkill_and_sigterm_are_no_crash(signal: int) -> None:
    ended = f"---- h1    Bad exit status: 0x0002 exit 0x0 signal {signal} core 0\n"
    assert judge(SERVING + ended).verdict is UNTESTABLE


def test_with_a_signature_a_crash_is_not_the_bug() -> None:
    ruling = judge(SERVING + SEGV, bad="EXPECT resp.status")
    assert ruling.verdict is UNTESTABLE
    assert "not by the bug's signature" in ruling.reason


# --- a scenario: bad needs the signature, both need the control -----------------------------------

CONTROL = """\
**** c_control EXPECT resp.http.status (MAINT (resolution)) == "MAINT (resolution)" match
**** c_control EXPECT resp.http.was (UP 127.0.0.1:41643) == "UP 127.0.0.1:41643" match
"""
NO_CONTROL = """\
---- c_control EXPECT resp.http.was (UP 127.0.0.1:0) == "UP 127.0.0.1:41643" failed
"""
SIGNATURE = """\
---- c_after EXPECT resp.http.address (127.0.0.1:0) == "127.0.0.1:41643" failed
"""
THREE = '---- c_after EXPECT resp.http.address (::1:0, ::1:0, ::1:0) == "::1:8080" failed\n'
HEALED = """\
**** c_after EXPECT resp.http.address (127.0.0.1:41643) == "127.0.0.1:41643" match
"""
OTHER = '---- c_after EXPECT resp.http.status (DOWN) == "UP" failed\n'


@pytest.mark.parametrize("signature", [SIGNATURE, THREE])
def test_signature_and_control_are_bad(signature: str) -> None:
    ruling = judge(CONTROL + signature, oracle=FLAP)
    assert ruling.verdict is BAD
    assert ruling.reason.startswith("the bug's signature: EXPECT resp.http.address (")
    assert ruling.evidence == (" ".join(signature.split()),)


@pytest.mark.parametrize("status", [None, 0, 2])
def test_the_signature_is_bad_however_the_test_ended(status: int | None) -> None:
    assert judge(CONTROL + SIGNATURE, status, FLAP).verdict is BAD


def test_a_pass_with_the_control_is_good() -> None:
    assert judge(CONTROL + HEALED, 0, FLAP).verdict is GOOD


def test_the_signature_without_the_control_is_untestable() -> None:
    ruling = judge(NO_CONTROL + SIGNATURE, oracle=FLAP)
    assert ruling.verdict is UNTESTABLE
    assert ruling.reason.startswith("the signature matches, but the control does not match")


def test_a_pass_without_the_control_is_untestable() -> None:
    ruling = judge(HEALED, 0, FLAP)
    assert ruling.verdict is UNTESTABLE
    assert ruling.reason.startswith("it passed, but the control does not match")


@pytest.mark.parametrize("log", [CONTROL + OTHER, NO_CONTROL, CONTROL, SERVING + CONTROL + SEGV])
def test_a_failure_without_the_signature_is_untestable(log: str) -> None:
    assert judge(log, oracle=FLAP).verdict is UNTESTABLE


def test_the_reason_says_that_the_failure_is_not_the_signature() -> None:
    ruling = judge(CONTROL + OTHER, oracle=FLAP)
    assert ruling.reason == (
        "it failed, but not by the bug's signature: "
        'c_after: EXPECT resp.http.status (DOWN) == "UP" failed'
    )


@pytest.mark.parametrize("port", ["10", "8080", "41640"])
def test_a_port_that_ends_in_zero_does_not_match_the_signature(port: str) -> None:
    other = f'---- c_after EXPECT resp.http.address (127.0.0.1:{port}) == "127.0.0.1:1" failed\n'
    assert judge(CONTROL + other, oracle=FLAP).verdict is UNTESTABLE


def test_a_control_at_port_zero_does_not_match() -> None:
    empty = '**** c_control EXPECT resp.http.was (UP 127.0.0.1:0) == "UP 127.0.0.1:0" match\n'
    assert judge(empty + SIGNATURE, oracle=FLAP).verdict is UNTESTABLE


def test_a_server_that_is_up_while_dns_fails_matches_dns_false_up() -> None:
    scenario = load("dns-false-up")
    oracle = scenario.vtest_case(scenario.choose({}))
    false_up = '---- c_failing EXPECT resp.http.history (DOWN > UP > DOWN) == "DOWN" failed\n'
    true_down = '**** c_failing EXPECT resp.http.history (DOWN) == "DOWN" match\n'
    assert judge(CONTROL + false_up, oracle=oracle).verdict is BAD
    assert judge(CONTROL + true_down, 0, oracle).verdict is GOOD
    assert judge(false_up, oracle=oracle).verdict is UNTESTABLE


# --- the user's own patterns ----------------------------------------------------------------------


def test_bad_if_makes_a_timeout_the_bug() -> None:
    assert judge(SERVING + RX_TIMEOUT, bad="rx timeout").verdict is BAD


def test_with_bad_if_every_other_failure_is_untestable() -> None:
    ruling = judge(SERVING + EXPECT, bad="rx timeout")
    assert ruling.verdict is UNTESTABLE
    assert "EXPECT resp.status (200)" in ruling.reason


def test_a_pass_is_good_without_a_control() -> None:
    assert judge(SERVING, 0, bad="rx timeout").verdict is GOOD


def test_skip_if_comes_before_bad_if() -> None:
    ruling = judge(SERVING + EXPECT, bad="EXPECT", skip=r"\(200\)")
    assert ruling.verdict is UNTESTABLE
    assert ruling.reason == '--skip-if matches: EXPECT resp.status (200) == "300" failed'
    assert judge(SERVING + EXPECT, skip="no such thing").verdict is BAD


def test_patterns_match_at_the_beginnings_of_lines_too() -> None:
    assert judge(SERVING + RX_TIMEOUT, bad=r"^---- c1\s+HTTP").verdict is BAD


# --- a log that was not read as a whole -----------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "status", "patterns", "verdict"),
    [
        (SERVING + RX_TIMEOUT, 1, {"bad": "rx timeout"}, BAD),
        (SERVING, 0, {}, GOOD),
        # the unread part of the log could change these
        (SERVING, 0, {"bad": "rx timeout"}, UNTESTABLE),
        (SERVING + EXPECT, 1, {}, UNTESTABLE),
        (SERVING + RX_TIMEOUT, 1, {"bad": "rx timeout", "skip": "lacks"}, UNTESTABLE),
        (SERVING, 0, {"skip": "lacks"}, UNTESTABLE),
    ],
)
def test_a_ruling_that_the_unread_part_of_a_log_could_change_is_untestable(
    log: str, status: int, patterns: dict[str, str], verdict: Verdict
) -> None:
    oracle = replace(ANY, **patterns)  # type: ignore[arg-type]
    ruling = classify(run(status, log, dropped=5_000_000), oracle.patterns)
    assert ruling.verdict is verdict
    assert verdict.tested or "5.0 MB in its middle were not searched" in ruling.reason
    assert classify(run(status, log), oracle.patterns).verdict.tested, "the whole log was read"


# --- failures that may be the fast compiler's fault -----------------------------------------------


@pytest.mark.parametrize(
    ("log", "bad", "doubtful"),
    [
        (SERVING + EXPECT, None, False),
        (SERVING + EXPECT, "EXPECT", False),
        (SERVING + SEGV, None, True),
        (SERVING + SEGV, "signal 11", False),  # this very crash is the bug
        (SEGV, None, True),
        (SERVING + RX_TIMEOUT, None, True),
        (REFUSED + EXIT_1, None, True),
        (SERVING + EXPECT, "no such thing", True),
        ("---- top   Macro ${fe} not found\n", None, False),  # VTest refuses the test itself
        ("---- top   Server name must start with 's' (got v1)\n", "x", False),
        ("---- c1    Macro ${fe} not found\n", None, True),
    ],
)
def test_a_failure_is_doubtful_unless_it_is_the_bugs(
    log: str, bad: str | None, doubtful: bool
) -> None:
    assert is_doubtful(classify(run(1, log), replace(ANY, bad=bad).patterns)) is doubtful


def test_a_passed_test_is_not_doubtful() -> None:
    assert not is_doubtful(classify(run(0, ""), ANY.patterns))


# --- evidence -------------------------------------------------------------------------------------


def test_evidence_is_a_few_whole_lines_without_duplicates() -> None:
    lines = "".join(f"**** h1    line {n} boom\n" * 2 for n in range(20))
    ruling = judge(lines, bad="boom")
    assert ruling.evidence == tuple(f"**** h1 line {n} boom" for n in range(EVIDENCE_LINES))


def test_evidence_has_no_control_characters() -> None:
    ruling = judge("---- c1    EXPECT (\x1b[31mred\x07\x9b) == failed\n")
    assert all(char.isprintable() for line in (*ruling.evidence, ruling.reason) for char in line)


PIECES = st.sampled_from(
    [
        *(EXPECT, CLI, RX_TIMEOUT, SEGV, EXIT_1, REFUSED, NO_BIND, SERVING, KILLED, CONTROL),
        *(NO_CONTROL, SIGNATURE, HEALED, OTHER, SKIP, NO_PROGRAM, "---- \n", "----", "\x00"),
    ]
)
LOGS = st.lists(PIECES | st.text(max_size=30), max_size=8).map("".join)
STATUSES = st.sampled_from([0, 1, 2, 77, None, -11])
PATTERNS = st.sampled_from([None, "EXPECT", "", "^", "$", r"\n", r"(?s).*"])


@given(LOGS, STATUSES, PATTERNS, PATTERNS)
@example("----  \n", 1, None, None)
def test_every_log_has_a_ruling_with_a_reason_in_one_line(
    log: str, status: int | None, bad: str | None, skip: str | None
) -> None:
    ruling = classify(run(status, log), replace(ANY, bad=bad, skip=skip).patterns)
    assert ruling.verdict in (GOOD, BAD, UNTESTABLE)
    assert ruling.reason
    assert "\n" not in ruling.reason
    assert all(len(line) <= EVIDENCE_WIDTH for line in ruling.evidence)


@given(LOGS, STATUSES)
def test_a_scenario_is_never_bad_without_signature_and_control(
    log: str, status: int | None
) -> None:
    ruling = classify(run(status, log), FLAP.patterns)
    controlled = re.search(r"c_control\s+EXPECT .*was.* match$", log, re.M)
    if ruling.verdict is BAD:
        assert controlled and re.search(r"c_after.*:0[,)]", log)
    if ruling.verdict is GOOD:
        assert controlled and status == 0


@given(LOGS)
def test_a_passed_test_without_patterns_is_good(log: str) -> None:
    assert classify(run(0, log), ANY.patterns).verdict is GOOD
