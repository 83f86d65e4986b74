"""What a program's output says: patterns, signals, alerts, and what is constant in a message."""

from __future__ import annotations

import pytest

from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system.process import Finished
from bisector.testing import output
from bisector.testing.log_text import EVIDENCE_LINES, matching

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE


def ended(text: str, status: int | None = 1, excess: str = "", dropped: int = 0) -> Finished:
    return Finished((), status, text, 0.25, excess, dropped)


def judged(done: Finished, bad: str | None = None, skip: str | None = None) -> Ruling:
    """The ruling where a status of 0 is good and any other bad."""
    verdict = GOOD if done.ok else BAD
    return output.rule(done, bad, skip, lambda _: Ruling(verdict, "it ended"))


# --- patterns -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [0, 1, None])
def test_a_match_of_bad_if_is_bad_however_the_program_ended(status: int | None) -> None:
    ruling = judged(ended("a\n  its  sign \n", status), bad="^ *its")
    assert (ruling.verdict, ruling.evidence) == (BAD, ("its sign",))
    assert ruling.reason == "the bug's signature: its sign"
    assert ruling.failure is None
    assert ruling.seconds == 0.25


def test_a_failure_that_is_not_the_bugs_is_untestable() -> None:
    ruling = judged(ended("something else"), bad="sign")
    assert ruling.verdict is UNTESTABLE
    assert ruling.reason == "it failed, but not by the bug's signature: it ended"


def test_without_a_match_of_bad_if_a_pass_is_good() -> None:
    assert judged(ended("fine", 0), bad="sign").verdict is GOOD


@pytest.mark.parametrize("status", [0, 1])
def test_a_match_of_skip_if_is_untestable(status: int) -> None:
    ruling = judged(ended("sign\nnot here\n", status), bad="sign", skip="not here")
    assert (ruling.verdict, ruling.reason) == (UNTESTABLE, "--skip-if matches: not here")
    assert ruling.failure and ruling.failure.kind is FailureClass.SKIPPED


def test_a_program_that_was_stopped_is_untestable() -> None:
    ruling = judged(ended("sign", None, excess="more than 5 MB written"), bad="sign")
    assert (ruling.verdict, ruling.reason[-22:]) == (UNTESTABLE, "more than 5 MB written")


@pytest.mark.parametrize(
    ("text", "bad", "skip", "expected"),
    [
        ("x", None, None, BAD),
        ("sign", "sign", None, BAD),
        ("x", "sign", None, UNTESTABLE),
        ("x", None, "skip", UNTESTABLE),
    ],
)
def test_what_was_not_read_counts_only_if_it_could_match(
    text: str, bad: str | None, skip: str | None, expected: Verdict
) -> None:
    assert judged(ended(text, dropped=9), bad, skip).verdict is expected


# --- how it ended ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [139, -11])
def test_a_crash_is_bad(status: int) -> None:
    ruling = output.unfinished(ended("last words", status), "HAProxy")
    assert ruling
    assert (ruling.verdict, ruling.reason) == (BAD, "HAProxy died by SIGSEGV")
    assert ruling.failure == Failure(FailureClass.CRASH, "HAProxy died by SIGSEGV")
    assert ruling.evidence == ("last words",)


@pytest.mark.parametrize(("status", "name"), [(137, "SIGKILL"), (-15, "SIGTERM"), (129, "SIGHUP")])
def test_another_signal_is_untestable(status: int, name: str) -> None:
    ruling = output.unfinished(ended("", status), "HAProxy")
    assert ruling and (ruling.verdict, ruling.reason) == (UNTESTABLE, f"HAProxy died by {name}")


@pytest.mark.parametrize(("status", "told"), [(0, 0), (1, 1), (128, 128), (255, 255), (-127, 255)])
def test_an_exit_status_is_no_signal(status: int, told: int) -> None:
    assert output.unfinished(ended("", status), "HAProxy") is None
    assert output.exit_status(status) == told


# --- lines ----------------------------------------------------------------------------------------

OLD = "[ALERT] 152/143025 (12345) : parsing [x.cfg:9] : unknown keyword 'no' in 'f' section\n"
NEW = "[ALERT]    (7) : config : parsing [/a/b/x.cfg:5] : unknown keyword 'no' in 'f' section\n"
NOTICE = "[NOTICE]   (7) : haproxy version is 3.0\n"


@pytest.mark.parametrize("alert", [OLD, NEW])
def test_a_refusal_is_the_same_in_all_versions_and_places(alert: str) -> None:
    said = output.refusal(f"{NOTICE}{alert}[ALERT] (7) : config : Fatal errors found\n")
    assert said == Failure(FailureClass.REFUSAL, "parsing : unknown keyword 'no' in 'f' section")


def test_alerts_are_evidence_without_process_ids() -> None:
    assert output.alerts(NOTICE + NEW) == (
        "[ALERT] parsing [/a/b/x.cfg:5] : unknown keyword 'no' in 'f' section",
    )


def test_warnings_are_evidence_without_process_ids() -> None:
    assert output.warnings(f"{NOTICE}{NEW}[WARNING]  (7) : config : x is deprecated\n") == (
        "[WARNING] x is deprecated",
    )


def test_without_an_alert_a_refusal_is_the_last_line() -> None:
    assert output.refusal("a\nno listener\n").text == "no listener"
    assert output.refusal("").text == "no reason given"


def test_the_last_lines_are_those_with_text() -> None:
    assert output.last_lines("".join(f"{n}\n\n" for n in range(9))) == tuple("345678")
    assert output.last_lines("") == ()


def test_each_line_with_a_match_is_evidence_once() -> None:
    assert matching("ab\nx\n ab \nb\nab", "^ *ab|b$") == ("ab", "b")
    assert len(matching("a1\na2\na3\na4\na5\na6\na7\na8", "a")) == EVIDENCE_LINES


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("port 127.0.0.1:3000", "port #.#.#.#:#"),
        ("at 0x7fff12 and 0xAB", "at # and #"),
        ("no /tmp/bisector-0/a1_b/x.cfg here", "no TMP here"),
        ("no /var/tmp/me/bisector-1000/ab/x here", "no TMP here"),
        ("no /etc/x.cfg here", "no /etc/x.cfg here"),
    ],
)
def test_what_differs_from_run_to_run_is_no_part_of_a_kind(text: str, same: str) -> None:
    assert output.constant(text) == same
