"""Rulings from VTest's logs; pure functions.

Without a pattern for the bug's signature, only a failed *expectation* of the test is bad, because
it is about HAProxy's behaviour. Every other failure (a configuration that this revision does not
know, a missing program, a timeout) is untestable.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bisector.record.verdict import Ruling, Verdict
from bisector.system import sizes
from bisector.system.process import Finished
from bisector.testing.deaths import Death
from bisector.testing.oracle import DIED, TIMED_OUT

SKIPPED = 77  # VTest's exit status for a skipped test: it requires a feature that is missing
EVIDENCE_LINES = 6
EVIDENCE_WIDTH = 300
MAX_TEXT = 4096  # characters of a line that are searched; real messages are shorter

# VTest marks the message that ends a test by four dashes and the name of the part that failed:
#   ---- c1    EXPECT resp.status (503) == "200" failed
_FATAL = re.compile(r"^---- (\S+)\s+(.*)$", re.M)
# ... and what is noted about an HAProxy for whose death a test was ended
_FATAL_LINE = re.compile(r"^(?:----|#+\s+\S+\s+HAProxy (?:died|ended)\b).*$", re.M)
_ALERT = re.compile(r"^\*+\s+(\S+)\s+debug\|(\[ALERT\].*)$", re.M)
_REFUSED = re.compile(r"(?:Fatal errors|Error\(s\)) found in configuration")
_SERVING = re.compile(r"^\*+\s+(\S+)\s+debug\|[0-9a-f]{8}:\S+\.accept\(", re.M)
_DIED = re.compile(r"Bad exit status: 0x\w+ exit 0x\w+ signal (\d{1,3})\b")
_OVERFLOW = re.compile(r"^\*+\s+diag\s.*\bvtclog_left\b", re.M)  # VTest's own assertion
_NOT_FOUND = re.compile(r"shell_exit not as expected: got 0x007[ef]")
_PID = re.compile(r"\((\d+)\) : |/tmp/\S*?(?=/h\w*/cfg)|/\S*/vtc\.[0-9a-f.]+")

# Messages of VTest and varnishtest for a failed expectation of the test about HAProxy
# (vtc_http.c, vtc_http2.c, vtc_haproxy.c, vtc_syslog.c, vtc_process.c, vtc.c).
_EXPECTATION = re.compile(
    r"""EXPECT\ .*\ failed | EXPECT\ FAILED | CLI\ expect\ failed
      | Did\ not\ find\ expected\ string
      | shell_(?:expect|match|exit)\b | shell\ did\ not\ fail | match\ (?:failed|succeeded)
      | HTTP\ header\ is\ incomplete | HTTP\ rx\ (?:EOF|failed|overflow) | Write\ (?:failed|error)
      | Chunklen | Both\ C-E | wrong\ syslog\ level
      | Expected\ (?:close|frame|window) | Wrong\ frame\ type | Unexpected\ frame
      | (?:Received|Got)\ .*\ (?:expected|wanted) | bodylen\ mismatch | Body\ (?:too|does)
    """,
    re.X,
)
_TIMEOUT = re.compile(r"\w+ rx timeout|FAIL timeout|HTTP rx failed \(fd:\d+ poll")
_SIGNALS = {4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 11: "SIGSEGV"}


@dataclass(frozen=True)
class Patterns:
    """Regular expressions (MULTILINE) for a test's log.

    ``bad`` matches the bug's signature, ``control`` a line that shows that the test itself worked;
    if ``skip`` matches, the run is untestable.
    """

    bad: str | None = None
    control: str | None = None
    skip: str | None = None


def classify(run: Finished, patterns: Patterns, deaths: Sequence[Death] = ()) -> Ruling:
    """The ruling on one run of a test, by *patterns* as far as they are given.

    *deaths* are those for which the test was ended early.
    """
    if run.excess:
        return Ruling(Verdict.UNTESTABLE, f"the test was stopped: {run.excess}")
    if run.status == SKIPPED:
        lines = _lines(run.output, r"SKIPPING test.*")
        return Ruling(Verdict.UNTESTABLE, f"VTest skipped it: {_first(lines)}", lines)
    if patterns.skip and (lines := _lines(run.output, patterns.skip)):
        return Ruling(Verdict.UNTESTABLE, f"--skip-if matches: {_first(lines)}", lines)
    if patterns.bad is not None:
        ruling = _by_signature(run, patterns, patterns.bad, deaths)
    elif run.status == 0:
        ruling = Ruling(Verdict.GOOD, "every expectation held")
    else:
        ruling = _by_failure(run, deaths)
    return ruling if _is_conclusive(ruling, run, patterns) else _unread(run)


def _is_conclusive(ruling: Ruling, run: Finished, patterns: Patterns) -> bool:
    """Whether the part of a too long log that was not read cannot change *ruling*."""
    if not run.dropped or not ruling.verdict.tested:
        return True
    # a match is valid in a part of the log, the absence of one only in the whole log
    return not patterns.skip and (ruling.verdict is Verdict.BAD) == (patterns.bad is not None)


def _unread(run: Finished) -> Ruling:
    size = sizes.show(run.dropped)
    reason = f"the log is too long: {size} in its middle were not searched for the patterns"
    return Ruling(Verdict.UNTESTABLE, reason)


def _by_signature(
    run: Finished, patterns: Patterns, signature: str, deaths: Sequence[Death]
) -> Ruling:
    """Bad needs the signature; bad and good both need the control."""
    lines = _lines(run.output, signature)
    controlled = patterns.control is None or re.search(patterns.control, run.output, re.M)
    if controlled and lines:
        return Ruling(Verdict.BAD, f"the bug's signature: {_first(lines)}", lines)
    if controlled and run.status == 0:
        return Ruling(Verdict.GOOD, "the test passed, without the bug's signature")
    failure = _by_failure(run, deaths)
    if run.status == 0 or (lines and not controlled):
        what = "the signature matches" if lines else "it passed"
        reason = f"{what}, but the control does not match: the test itself did not work here"
        return Ruling(Verdict.UNTESTABLE, reason, failure.evidence)
    reason = failure.reason
    if failure.verdict is Verdict.BAD:
        reason = f"it failed, but not by the bug's signature: {reason}"
    return Ruling(Verdict.UNTESTABLE, reason, failure.evidence)


def _by_failure(run: Finished, deaths: Sequence[Death]) -> Ruling:
    """The ruling on a failed test by VTest's own messages, and what it would say of *deaths*."""
    fatals = [(_trim(name), _shortened(text)) for name, text in _FATAL.findall(run.output)]
    fatals += [(death.instance, death.in_vtests_words) for death in deaths]
    evidence = tuple(map(_trim, _FATAL_LINE.findall(run.output)[:EVIDENCE_LINES]))
    for rule in (_refusal, _timeout, _crash, _expectation, _overflow):
        if ruling := rule(run, fatals, evidence):
            return ruling
    message = f"{fatals[0][0]}: {fatals[0][1]}" if fatals else _last_line(run.output)
    return Ruling(Verdict.UNTESTABLE, f"the test itself failed: {_trim(message)}", evidence)


Fatals = list[tuple[str, str]]
"""The messages that ended a test: the name of the part that failed, and the text."""


def _timeout(run: Finished, fatals: Fatals, evidence: tuple[str, ...]) -> Ruling | None:
    if run.status is None or "TIMED OUT (kill -9)" in run.output:
        return Ruling(Verdict.UNTESTABLE, TIMED_OUT, evidence)
    return None


def _refusal(run: Finished, fatals: Fatals, evidence: tuple[str, ...]) -> Ruling | None:
    """HAProxy did not start: it refuses the configuration, or cannot bind an address."""
    alerts = [(name, text) for name, text in _ALERT.findall(run.output)]
    refusing = {name for name, text in alerts if _REFUSED.search(text)}
    # not those that the test expects to be refused (-conf-BAD): VTest reports them
    refusing -= set(re.findall(r"^\*+\s+(\S+)\s+Found expected", run.output, re.M))
    stillborn = {name for name, _ in alerts} - _serving(run.output)
    failed = {name for name, text in fatals if "Bad exit status" in text or "PID file" in text}
    for name in sorted(refusing | (stillborn & failed)):
        own = [text for other, text in alerts if other == name]
        lines = tuple(map(_clean, own[:EVIDENCE_LINES]))
        what = "refuses the configuration" if name in refusing else "does not start"
        return Ruling(Verdict.UNTESTABLE, f"HAProxy {what}: {lines[0]}", lines)
    return None


def _crash(run: Finished, fatals: Fatals, evidence: tuple[str, ...]) -> Ruling | None:
    for name, text in fatals:
        died = _DIED.search(text)
        if died and int(died[1]) in _SIGNALS:
            signal = _SIGNALS[int(died[1])]
            if name in _serving(run.output):
                return Ruling(Verdict.BAD, f"{DIED} {signal} during the test", evidence)
            return Ruling(Verdict.UNTESTABLE, f"{DIED} {signal} at its start", evidence)
    return None


def _expectation(run: Finished, fatals: Fatals, evidence: tuple[str, ...]) -> Ruling | None:
    """The first of *fatals* decides; the others are consequences of it."""
    if not fatals:
        return None
    name, text = fatals[0]
    if _NOT_FOUND.search(text):
        reason = "the test runs a program that this machine lacks (shell: status 126 or 127)"
        return Ruling(Verdict.UNTESTABLE, reason, evidence)
    if _TIMEOUT.match(text):
        reason = f"{TIMED_OUT}: {name}: {_trim(text)} (if that is the bug: --bad-if 'rx timeout')"
        return Ruling(Verdict.UNTESTABLE, reason, evidence)
    if _EXPECTATION.search(text):
        return Ruling(Verdict.BAD, f"{name}: {_trim(text)}", evidence)
    return None


def _overflow(run: Finished, fatals: Fatals, evidence: tuple[str, ...]) -> Ruling | None:
    """VTest aborted, because the test's log does not fit into its buffer."""
    if _OVERFLOW.search(run.output):
        reason = "the test itself failed: its log is longer than VTest's buffer"
        return Ruling(Verdict.UNTESTABLE, reason, evidence)
    return None


def _serving(log: str) -> set[str]:
    """The names of the HAProxy instances that accepted a connection."""
    return set(_SERVING.findall(log))


def _lines(log: str, pattern: str) -> tuple[str, ...]:
    """The whole lines in which *pattern* matches, each once, as evidence."""
    found: dict[str, None] = {}
    compiled, at = re.compile(pattern, re.M), 0
    while len(found) < EVIDENCE_LINES and (match := compiled.search(log, at)):
        begin = log.rfind("\n", 0, match.start()) + 1
        end = log.find("\n", match.end())
        at = end + 1 if end >= 0 else len(log) + 1  # at most one match for each line
        found[_trim(log[begin : at - 1])] = None
        if at > len(log):
            break
    return tuple(found)


def _first(lines: tuple[str, ...]) -> str:
    return re.sub(r"^[-*#]+\s+\S+\s+", "", lines[0]) if lines else "no reason given"


def _last_line(log: str) -> str:
    lines = log.strip().splitlines()
    return lines[-1] if lines else "VTest printed nothing"


def _clean(alert: str) -> str:
    """An ALERT line without process ids and temporary folders, which differ in each run."""
    return _trim(_PID.sub(lambda match: ": " if match[1] else "", alert[:MAX_TEXT]))


def _shortened(text: str) -> str:
    """*text* without its middle if it is very long: patterns may take quadratic time."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT // 2] + text[-MAX_TEXT // 2 :]


def _trim(line: str) -> str:
    """*line* in printable characters and single spaces, cut to EVIDENCE_WIDTH."""
    text = "".join(char if char.isprintable() else " " for char in line[:MAX_TEXT])
    return " ".join(text.split())[:EVIDENCE_WIDTH]
