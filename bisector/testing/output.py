"""What the output of a test's program says, and rulings by the user's patterns; pure functions."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace

from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system import sizes
from bisector.system.process import NOT_EXECUTED, Finished
from bisector.testing import crash
from bisector.testing.deaths import BY_SIGNAL, CRASHES
from bisector.testing.log_text import EVIDENCE_LINES, MAX_TEXT, REFUSED, matching, trimmed
from bisector.testing.oracle import TIMED_OUT

_ALERT = re.compile(r"^\[ALERT\].*$", re.M)
_WARNING = re.compile(r"^\[WARNING\].*$", re.M)
# How an alert begins: `[ALERT] 152/143025 (123) : `, in newer versions `[ALERT]  (123) : config : `
_ORIGIN = re.compile(r"^\[\w+\]\s+(?:\d+/\d+ )?\(\d+\) : (?:config : )?")
_PLACE = re.compile(r" ?\[[^\]\s]*:\d+\]")
_TEMPORARY = re.compile(r"/(?:tmp|\S*?/bisector-\d+)/[\w./+-]*")
# What programs and shells say of words that they do not take, with one of these exit statuses.
_USAGE = re.compile(
    r"^usage *: ?| --help' | (?:unrecognized|invalid|unknown) option|: option .* is unknown"
    r"|\bsyntax error\b|: unexpected operator$",
    re.I | re.M,
)
_USAGE_STATUSES = (2, os.EX_USAGE)
_VARYING = re.compile(r"0x[0-9a-f]+|\d+", re.I)

_NOT_HERE = "the test itself did not work here"

ByStatus = Callable[[Finished], Ruling]
"""The ruling on a program that ended, without the user's patterns."""


def rule(
    done: Finished,
    bad: str | None,
    skip: str | None,
    by_status: ByStatus,
    control: str | None = None,
) -> Ruling:
    """The ruling on a program's run by the patterns *bad* and *skip*, else by how it ended.

    With *bad* its output has to match to be bad; other failures are untestable. If *skip* matches,
    or *control* does not, the run is untestable.
    """
    if done.excess:
        reason = f"the test was stopped: {done.excess}"
        return _untestable(reason, FailureClass.HARNESS, last_lines(done.output), done.seconds)
    if skip and (lines := matching(done.output, skip)):
        reason = f"--skip-if matches: {lines[0]}"
        return _untestable(reason, FailureClass.SKIPPED, lines, done.seconds)
    ruling = by_status(done)
    if bad is not None:
        ruling = _by_signature(done.output, bad, ruling)
    if control and ruling.verdict.tested and not matching(done.output, control):
        reason = f"{ruling.reason}, but the control does not match: {_NOT_HERE}"
        ruling = _untestable(reason, FailureClass.HARNESS, ruling.evidence)
    # a match is valid in a part of the output, the absence of one only in the whole output
    if done.dropped and (skip or (bad is not None and ruling.verdict is not Verdict.BAD)):
        size = sizes.show(done.dropped)
        reason = f"its output is too long: {size} in the middle were not searched for the patterns"
        return _untestable(reason, FailureClass.HARNESS, (), done.seconds)
    return replace(ruling, seconds=done.seconds)


def _by_signature(text: str, signature: str, ruling: Ruling) -> Ruling:
    """*ruling*, corrected by whether the bug's *signature* matches; not of what was skipped."""
    if ruling.failure and ruling.failure.kind is FailureClass.SKIPPED:
        return ruling
    if lines := matching(text, signature):
        return Ruling(Verdict.BAD, f"the bug's signature: {lines[0]}", lines)
    if ruling.verdict is Verdict.GOOD:
        return replace(ruling, reason=f"{ruling.reason}, without the bug's signature")
    if ruling.verdict is not Verdict.BAD:
        return ruling
    reason = f"it failed, but not by the bug's signature: {ruling.reason}"
    return replace(ruling, verdict=Verdict.UNTESTABLE, reason=reason)


def unfinished(done: Finished, who: str) -> Ruling | None:
    """The ruling on a program that did not exit by itself; *who* names it. None if it did.

    A crash is bad, a timeout and any other signal are untestable.
    """
    lines = last_lines(done.output)
    if done.status is None:
        return Ruling(
            Verdict.UNTESTABLE, TIMED_OUT, lines, failure=Failure(FailureClass.TIMEOUT, TIMED_OUT)
        )
    number = exit_status(done.status) - BY_SIGNAL
    if number not in set(signal.Signals):
        return None
    reason = f"{who} died by {signal.Signals(number).name}"
    if number not in CRASHES:
        return _untestable(reason, FailureClass.HARNESS, lines)
    if found := crash.find(done.output):
        return Ruling(Verdict.BAD, found.reason(), found.lines, failure=found.failure)
    return Ruling(Verdict.BAD, reason, lines, failure=Failure(FailureClass.CRASH, reason))


def exit_status(status: int) -> int:
    """The exit status of a program that exited; a sandbox reports those above 128 as negative."""
    return status if status >= 0 else BY_SIGNAL - status


def _untestable(
    reason: str, kind: FailureClass, lines: tuple[str, ...], seconds: float = 0.0
) -> Ruling:
    failure = Failure(kind, constant(reason))
    return Ruling(Verdict.UNTESTABLE, reason, lines, seconds, failure)


def refuses(text: str) -> bool:
    """Whether HAProxy says in *text* that it refuses a configuration."""
    return any(map(REFUSED.search, _ALERT.findall(text)))


def alerts(text: str) -> tuple[str, ...]:
    """The first of HAProxy's [ALERT] lines, without process ids."""
    return _without_origin("[ALERT]", _ALERT.findall(text))


def warnings(text: str) -> tuple[str, ...]:
    """The first of HAProxy's [WARNING] lines, without process ids."""
    return _without_origin("[WARNING]", _WARNING.findall(text))


def _without_origin(level: str, lines: Sequence[str]) -> tuple[str, ...]:
    some = lines[:EVIDENCE_LINES]
    return tuple(f"{level} {trimmed(_ORIGIN.sub('', line[:MAX_TEXT]))}" for line in some)


def refusal(text: str) -> Failure:
    """The kind of a refusal by its first [ALERT] line, else by the last line of *text*."""
    said = (*alerts(text), *last_lines(text)[-1:], "no reason given")[0]
    return Failure(FailureClass.REFUSAL, constant(_PLACE.sub("", said.removeprefix("[ALERT] "))))


def unusable(status: int, text: str) -> str:
    """Why a command that ended with *status* after *text* says nothing of HAProxy; '' if it may."""
    if status in NOT_EXECUTED:
        return "a program could not be executed"
    if status in _USAGE_STATUSES and _USAGE.search("\n".join(last_lines(text))):
        return "a program was used wrongly"
    return ""


def last_lines(text: str) -> tuple[str, ...]:
    """The last lines of *text* that are not empty, as evidence."""
    end = text[-EVIDENCE_LINES * MAX_TEXT :]
    return tuple(filter(None, map(trimmed, end.splitlines())))[-EVIDENCE_LINES:]


def constant(text: str) -> str:
    """*text* without what differs from run to run: numbers, addresses, temporary paths."""
    return _VARYING.sub("#", _TEMPORARY.sub("TMP", text))
