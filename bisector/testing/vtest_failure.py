"""How a VTest case failed, from VTest's log; pure functions.

VTest marks the message that ends a test by four dashes and the name of the part that failed:

    ---- c1    EXPECT resp.status (503) == "200" failed
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from bisector.record.failure import Failure, FailureClass
from bisector.system.process import NOT_EXECUTED, Finished
from bisector.testing import crash_report, crash_trace
from bisector.testing.crash import describe
from bisector.testing.deaths import BY_SIGNAL, CRASHES
from bisector.testing.log_text import EVIDENCE_LINES, REFUSED, cleaned, normal, shortened, trimmed
from bisector.testing.oracle import TIMED_OUT, VTEST_ITSELF
from bisector.testing.output import unusable

_FATAL = re.compile(r"^---- (\S+)\s+(.*)$", re.M)
_ALERT = re.compile(r"^\*+\s+(\S+)\s+debug\|(\[ALERT\].*)$", re.M)
_EXPECTED_REFUSAL = re.compile(r"^\*+\s+(\S+)\s+Found expected", re.M)
_SERVING = re.compile(r"^\*+\s+(\S+)\s+debug\|[0-9a-f]{8}:\S+\.accept\(", re.M)
# How an instance ended: as VTest says it, and as `vtest.run_test` notes it of one that died.
_DIED = re.compile(
    r"Bad exit status: 0x\w+ exit 0x(\w{1,4}) signal (\d{1,3})\b|HAProxy died by signal (\d{1,3})"
)
_NO_START = re.compile(r"Bad exit status|PID file|sd_notify|HAProxy ended with exit status")
_OVERFLOW = re.compile(r"^\*+\s+diag\s.*\bvtclog_left\b", re.M)  # VTest's own assertion
_TIMEOUT = re.compile(r"\w+ rx timeout|FAIL timeout|HTTP rx failed \(fd:\d+ poll")
_SHELL_EXIT = re.compile(r"shell_exit not as expected: got 0x([0-9a-f]{4})")
_SHELL_SAID = re.compile(r"^\*+\s+(\S+)\s+shell_(cmd|out)\|(.*)$", re.M)

# What varnishtest's -conf-OK waits for, though HAProxy accepted the configuration: since 2.8 it
# prints the text with -V only.
_SILENT_OK = re.compile(r"Did not find expected string 'Configuration file is valid'")
_STATUS_0 = re.compile(r"^\*+\s+(\S+)\s+WAIT4 pid=\d+ status=0x0000 ", re.M)

# Messages of VTest and varnishtest for a failed expectation of the test about HAProxy
# (vtc_http.c, vtc_http2.c, vtc_haproxy.c, vtc_syslog.c, vtc_process.c, vtc.c).
_EXPECTATION = re.compile(
    r"""EXPECT\ .*\ failed | EXPECT\ FAILED | CLI\ expect\ failed
      | Did\ not\ find\ expected\ string
      | shell_(?:expect|match|exit)\b | shell\ did\ not\ fail | match\ (?:failed|succeeded)
      | Chunklen | Both\ C-E | wrong\ syslog\ level
      | Expected\ (?:close|frame|window) | Wrong\ frame\ type | Unexpected\ frame
      | (?:Received|Got)\ .*\ (?:expected|wanted) | bodylen\ mismatch | Body\ (?:too|does)
    """,
    re.X,
)
# A peer closed or refused the connection: HAProxy, or a server of the test that was too early.
_CONNECTION = re.compile(
    r"""HTTP\ header\ is\ incomplete | HTTP\ rx\ (?:EOF|failed|overflow)
      | Write\ (?:failed|error) | recv\(\)\ got | Failed\ to\ open | Connection\ (?:reset|refused)
      | straight\ into\ EOF | could\ not\ get\ frame\ header
    """,
    re.X,
)
# VTest does not know what the test wants of it.
_HARNESS = re.compile(
    r"""Unknown\ | unknown\ (?:command|option|argument|keyword|spec|feature) | Assert\ error
      | [Mm]acro\ | Missing\ | [Uu]nbalanced | Too\ (?:many|few) | No\ such\ (?:command|option)
      | [Cc]annot\ (?:parse|read|open)\ | must\ (?:be|have|start)\ | failed\ to\ (?:parse|resolve)
    """,
    re.X,
)


class Fatal(NamedTuple):
    """A message that ended a test: the part that failed, the text, the index in the log."""

    name: str
    text: str
    at: int


@dataclass(frozen=True)
class HowItFailed:
    """The kind of failure, the reason in one line, and the lines of the log that show it."""

    failure: Failure
    reason: str
    evidence: tuple[str, ...] = ()


def how_it_failed(run: Finished) -> HowItFailed:
    """How the VTest case of *run* failed, by what came first in the log."""
    log = run.output
    fatals = [
        Fatal(trimmed(found[1]), shortened(found[2]), found.start())
        for found in _FATAL.finditer(log)
    ]
    for rule in (_refusal, _stopped, _crash, _silent_ok, _first_fatal, _overflow):
        if found := rule(run, fatals):
            return found
    said = fatals[0].text if fatals else _last_line(log)
    reason = f"{fatals[0].name}: {trimmed(said)}" if fatals else trimmed(said)
    kind = f"{VTEST_ITSELF}{said}" if fatals and fatals[0].name == "top" else said
    return _found(FailureClass.HARNESS, kind, f"the test itself failed: {reason}", log)


def _found(
    kind: FailureClass, text: str, reason: str, log: str, evidence: Iterable[str] = ()
) -> HowItFailed:
    lines = tuple(evidence) or tuple(
        trimmed(line) for line in re.findall(r"^----.*$", log, re.M)[:EVIDENCE_LINES]
    )
    return HowItFailed(Failure(kind, normal(text)), reason, lines)


def _stopped(run: Finished, fatals: list[Fatal]) -> HowItFailed | None:
    if run.status is None or "TIMED OUT (kill -9)" in run.output:
        return _found(FailureClass.TIMEOUT, TIMED_OUT, TIMED_OUT, run.output)
    return None


def _refusal(run: Finished, fatals: list[Fatal]) -> HowItFailed | None:
    """HAProxy did not start: it refuses the configuration, or cannot bind an address.

    An instance that has served is another case: it was reloaded, perhaps with a configuration that
    the test expects to be refused.
    """
    log, first = run.output, fatals[0].at if fatals else len(run.output)
    served = set(_SERVING.findall(log))
    alerts = [
        (found[1], found[2])
        for found in _ALERT.finditer(log)
        if found.start() < first and found[1] not in served
    ]
    refusing = {name for name, text in alerts if REFUSED.search(text)}
    # not those that the test expects to be refused (-conf-BAD): VTest reports them
    refusing -= set(_EXPECTED_REFUSAL.findall(log))
    stillborn = {name for name, _ in alerts}
    failed = {fatal.name for fatal in fatals if _NO_START.search(fatal.text)}
    for name in sorted(refusing | (stillborn & failed)):
        lines = tuple(cleaned(text) for other, text in alerts if other == name)[:EVIDENCE_LINES]
        if name in refusing:
            reason = f"HAProxy refuses the configuration: {lines[0]}"
            return _found(FailureClass.REFUSAL, lines[0], reason, log, lines)
        reason = f"HAProxy does not start: {lines[0]}"
        return _found(FailureClass.START, lines[0], reason, log, lines)
    return None


def _crash(run: Finished, fatals: list[Fatal]) -> HowItFailed | None:
    """An instance died by a signal, or a sanitizer ended it."""
    report, traces = crash_report.find(run.output), crash_trace.find(run.output)
    for fatal in fatals:
        name = _signal(fatal)
        if not name and not (report and _NO_START.search(fatal.text)):
            continue
        own = [trace for trace in traces if trace.instance in (fatal.name, "")]
        crash = describe(name, report, own)
        serving = fatal.name in _SERVING.findall(run.output)
        kind = FailureClass.CRASH if serving else FailureClass.START
        reason = crash.reason("during the test" if serving else "at its start")
        lines = [trimmed(f"---- {fatal.name} {fatal.text}"), *crash.lines]
        return _found(kind, crash.text, reason, run.output, lines)
    return None


def _signal(fatal: Fatal) -> str:
    """The name of the signal of a crash that *fatal* tells of; '' if it tells of none."""
    if not (died := _DIED.search(fatal.text)):
        return ""
    return _name(int(died[3] or died[2]) or int(died[1] or "0", 16) - BY_SIGNAL)


def _name(number: int) -> str:
    """The name of a signal by which a program crashes; '' for another number."""
    return signal.Signals(number).name if number in CRASHES else ""


def _silent_ok(run: Finished, fatals: list[Fatal]) -> HowItFailed | None:
    """-conf-OK failed although HAProxy's exit status was 0."""
    accepted = set(_STATUS_0.findall(run.output))
    if fatals and fatals[0].name in accepted and _SILENT_OK.search(fatals[0].text):
        reason = "the test itself failed: HAProxy accepts the configuration, but VTest waits for "
        reason += "a text that it no longer prints"
        return _found(FailureClass.HARNESS, fatals[0].text, reason, run.output)
    return None


def _first_fatal(run: Finished, fatals: list[Fatal]) -> HowItFailed | None:
    """The first message decides; the others are consequences of it."""
    if not fatals:
        return None
    name, text = fatals[0].name, fatals[0].text
    reason = f"{name}: {trimmed(text)}"
    if exited := _SHELL_EXIT.search(text):
        return _shell(run, fatals[0], int(exited[1], 16))
    if _TIMEOUT.match(text):
        hint = "if that is the bug: --bad-if 'rx timeout'"
        reason = f"{TIMED_OUT}: {reason} ({hint})"
        return _found(FailureClass.TIMEOUT, f"{_role(name)}: {text}", reason, run.output)
    if _EXPECTATION.search(text):
        return _found(FailureClass.EXPECTATION, f"{name}: {text}", reason, run.output)
    if _CONNECTION.search(text):
        hint = "if that is the bug: --bad-if with a part of this text"
        reason = f"a connection was closed or refused: {reason} ({hint})"
        return _found(FailureClass.CONNECTION, f"{_role(name)}: {text}", reason, run.output)
    if "PID file" in text or "sd_notify" in text:  # the latter with -Ws
        return _found(
            FailureClass.START, f"{name}: {text}", f"HAProxy does not start: {reason}", run.output
        )
    if _HARNESS.search(text):
        return None
    reason = f"the test ended with a message that says nothing of HAProxy: {reason}"
    return _found(FailureClass.OTHER, f"{name}: {text}", reason, run.output)


def _role(name: str) -> str:
    """The *name* of a client or server without its number: of several alike, any may be hit."""
    return name.rstrip("0123456789")


def _shell(run: Finished, fatal: Fatal, status: int) -> HowItFailed:
    """A shell command of the test ended with another *status* than the test wants."""
    told = [
        found for found in _SHELL_SAID.finditer(run.output, 0, fatal.at) if found[1] == fatal.name
    ]
    said = [found[3].strip() for found in told]
    printed = "\n".join(found[3] for found in told if found[2] == "out")
    lines = (trimmed(f"---- {fatal.name} {fatal.text}"), *map(trimmed, said[1 - EVIDENCE_LINES :]))
    last = trimmed(said[-1]) if said else ""
    if status in NOT_EXECUTED:
        reason = "the test runs a program that this machine lacks (shell: status 126 or 127)"
        return _found(FailureClass.MISSING, reason, reason, run.output)
    if why := unusable(status, printed):
        text = f"{fatal.name}: a shell command ended with status {status}"
        reason = f"{fatal.name}: the test's own command failed, {why} (status {status}): {last}"
        return _found(FailureClass.UNUSABLE, text, reason, run.output, lines)
    name = _name(status - BY_SIGNAL)
    words = f"died by {name}" if name else f"ended with status {status}"
    reason = f"{fatal.name}: a shell command {words}" + f": {last}" * bool(last)
    kind = FailureClass.CRASH if name else FailureClass.EXPECTATION
    text = f"{fatal.name}: a shell command {words}"
    return _found(kind, text, reason, run.output, lines)


def _overflow(run: Finished, fatals: list[Fatal]) -> HowItFailed | None:
    """VTest aborted, because the test's log does not fit into its buffer."""
    if _OVERFLOW.search(run.output):
        said = "its log is longer than VTest's buffer"
        return _found(FailureClass.HARNESS, said, f"the test itself failed: {said}", run.output)
    return None


def _last_line(log: str) -> str:
    lines = log.strip().splitlines()
    return lines[-1] if lines else "VTest printed nothing"
