"""From VTest's log to a verdict: pure text in, ruling out.

Without a signature the rule is narrow: only a failed *expectation* of the test speaks of
HAProxy's behaviour. Everything else that fails (a configuration that this revision does not know,
a program that is missing, a timeout) says nothing about the bug.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bisector.record.verdict import Ruling, Verdict
from bisector.system import sizes
from bisector.system.process import Finished
from bisector.testing.oracle import DIED, TIMED_OUT

SKIPPED = 77  # VTest's exit status for a test that asked for a feature that is not there
EVIDENCE_LINES = 6
EVIDENCE_WIDTH = 300
MAX_SAID = 4096  # of a line, what is looked into; what HAProxy and VTest say is shorter

# VTest marks what ends a test by four dashes and the name of the part that says it:
#   ---- c1    EXPECT resp.status (503) == "200" failed
_FATAL = re.compile(r"^---- (\S+)\s+(.*)$", re.M)
_ALERT = re.compile(r"^\*+\s+(\S+)\s+debug\|(\[ALERT\].*)$", re.M)
_REFUSED = re.compile(r"(?:Fatal errors|Error\(s\)) found in configuration")
_SERVING = re.compile(r"^\*+\s+(\S+)\s+debug\|[0-9a-f]{8}:\S+\.accept\(", re.M)
_DIED = re.compile(r"Bad exit status: 0x\w+ exit 0x\w+ signal (\d{1,3})\b")
_OVERFLOW = re.compile(r"^\*+\s+diag\s.*\bvtclog_left\b", re.M)  # VTest's own assertion
_NOT_FOUND = re.compile(r"shell_exit not as expected: got 0x007[ef]")
_PID = re.compile(r"\((\d+)\) : |/tmp/\S*?(?=/h\w*/cfg)|/\S*/vtc\.[0-9a-f.]+")

# What VTest says when the test's own statement about HAProxy did not hold. Names are VTest's and
# varnishtest's (vtc_http.c, vtc_http2.c, vtc_haproxy.c, vtc_syslog.c, vtc_process.c, vtc.c).
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
    """Regular expressions (MULTILINE) that judge a log.

    ``bad`` is the bug's signature, ``control`` what shows that the test itself worked, ``skip``
    what makes a run untestable.
    """

    bad: str | None = None
    control: str | None = None
    skip: str | None = None


def classify(run: Finished, patterns: Patterns) -> Ruling:
    """The verdict on one run of a test, by its own patterns if it has any."""
    if run.excess:
        return Ruling(Verdict.UNTESTABLE, f"the test was stopped: {run.excess}")
    if run.status == SKIPPED:
        lines = _lines(run.output, r"SKIPPING test.*")
        return Ruling(Verdict.UNTESTABLE, f"VTest skipped it: {_first(lines)}", lines)
    if patterns.skip and (lines := _lines(run.output, patterns.skip)):
        return Ruling(Verdict.UNTESTABLE, f"--skip-if matches: {_first(lines)}", lines)
    if patterns.bad is not None:
        ruling = _by_signature(run, patterns, patterns.bad)
    elif run.status == 0:
        ruling = Ruling(Verdict.GOOD, "every expectation held")
    else:
        ruling = _by_failure(run)
    return ruling if _is_conclusive(ruling, run, patterns) else _unread(run)


def _is_conclusive(ruling: Ruling, run: Finished, patterns: Patterns) -> bool:
    """Whether what was not read of the log could not change *ruling*."""
    if not run.dropped or not ruling.verdict.tested:
        return True
    # that a signature is there shows in any part of the log, that none is only in the whole
    return not patterns.skip and (ruling.verdict is Verdict.BAD) == (patterns.bad is not None)


def _unread(run: Finished) -> Ruling:
    size = sizes.show(run.dropped)
    reason = f"the log is too long: {size} in its middle were not searched for the patterns"
    return Ruling(Verdict.UNTESTABLE, reason)


def _by_signature(run: Finished, patterns: Patterns, signature: str) -> Ruling:
    """Bad needs the signature, and signature and success alike need the control."""
    lines = _lines(run.output, signature)
    controlled = patterns.control is None or re.search(patterns.control, run.output, re.M)
    if controlled and lines:
        return Ruling(Verdict.BAD, f"the bug's signature: {_first(lines)}", lines)
    if controlled and run.status == 0:
        return Ruling(Verdict.GOOD, "the test passed, without the bug's signature")
    failure = _by_failure(run)
    if run.status == 0 or (lines and not controlled):
        what = "the signature, but" if lines else "it passed, but"
        reason = f"{what} the control did not pass: the test itself did not work here"
        return Ruling(Verdict.UNTESTABLE, reason, failure.evidence)
    reason = failure.reason
    if failure.verdict is Verdict.BAD:
        reason = f"it failed, but not by the bug's signature: {reason}"
    return Ruling(Verdict.UNTESTABLE, reason, failure.evidence)


def _by_failure(run: Finished) -> Ruling:
    """What a failed test says of itself."""
    fatals = [(_trim(name), _ends(said)) for name, said in _FATAL.findall(run.output)]
    evidence = tuple(map(_trim, re.findall(r"^----.*$", run.output, re.M)[:EVIDENCE_LINES]))
    for rule in (_refusal, _timeout, _crash, _expectation, _overflow):
        if ruling := rule(run, fatals, evidence):
            return ruling
    said = f"{fatals[0][0]}: {fatals[0][1]}" if fatals else _last_line(run.output)
    return Ruling(Verdict.UNTESTABLE, f"the test failed by itself: {_trim(said)}", evidence)


Fatals = list[tuple[str, str]]


def _timeout(run: Finished, fatals: Fatals, evidence: tuple[str, ...]) -> Ruling | None:
    if run.status is None or "TIMED OUT (kill -9)" in run.output:
        return Ruling(Verdict.UNTESTABLE, TIMED_OUT, evidence)
    return None


def _refusal(run: Finished, fatals: Fatals, evidence: tuple[str, ...]) -> Ruling | None:
    """HAProxy did not start: it does not know the configuration, or cannot bind."""
    alerts = [(name, text) for name, text in _ALERT.findall(run.output)]
    refusing = {name for name, text in alerts if _REFUSED.search(text)}
    # an instance that the test itself wants to be refused (-conf-BAD) says so
    refusing -= set(re.findall(r"^\*+\s+(\S+)\s+Found expected", run.output, re.M))
    stillborn = {name for name, _ in alerts} - _serving(run.output)
    failed = {name for name, said in fatals if "Bad exit status" in said or "PID file" in said}
    for name in sorted(refusing | (stillborn & failed)):
        said = [text for who, text in alerts if who == name][:EVIDENCE_LINES]
        what = "refuses the configuration" if name in refusing else "does not start"
        return Ruling(
            Verdict.UNTESTABLE, f"HAProxy {what}: {_clean(said[0])}", tuple(map(_clean, said))
        )
    return None


def _crash(run: Finished, fatals: Fatals, evidence: tuple[str, ...]) -> Ruling | None:
    for name, said in fatals:
        died = _DIED.search(said)
        if died and int(died[1]) in _SIGNALS:
            signal = _SIGNALS[int(died[1])]
            if name in _serving(run.output):
                return Ruling(Verdict.BAD, f"{DIED} {signal} during the test", evidence)
            return Ruling(Verdict.UNTESTABLE, f"{DIED} {signal} at its start", evidence)
    return None


def _expectation(run: Finished, fatals: Fatals, evidence: tuple[str, ...]) -> Ruling | None:
    """The first thing that ended the test decides; what follows is its consequence."""
    if not fatals:
        return None
    name, said = fatals[0]
    if _NOT_FOUND.search(said):
        reason = "the test runs a program that this machine lacks (shell: status 126 or 127)"
        return Ruling(Verdict.UNTESTABLE, reason, evidence)
    if _TIMEOUT.match(said):
        reason = f"{TIMED_OUT}: {name}: {_trim(said)} (if that is the bug: --bad-if 'rx timeout')"
        return Ruling(Verdict.UNTESTABLE, reason, evidence)
    if _EXPECTATION.search(said):
        return Ruling(Verdict.BAD, f"{name}: {_trim(said)}", evidence)
    return None


def _overflow(run: Finished, fatals: Fatals, evidence: tuple[str, ...]) -> Ruling | None:
    """VTest aborts when the test's log does not fit into its buffer."""
    if _OVERFLOW.search(run.output):
        reason = "the test failed by itself: its log is longer than VTest's buffer"
        return Ruling(Verdict.UNTESTABLE, reason, evidence)
    return None


def _serving(log: str) -> set[str]:
    """The names of the instances that accepted a connection."""
    return set(_SERVING.findall(log))


def _lines(log: str, pattern: str) -> tuple[str, ...]:
    """The whole lines in which *pattern* matches, each once, as evidence."""
    found: dict[str, None] = {}
    looked_for, at = re.compile(pattern, re.M), 0
    while len(found) < EVIDENCE_LINES and (match := looked_for.search(log, at)):
        begin = log.rfind("\n", 0, match.start()) + 1
        end = log.find("\n", match.end())
        at = end + 1 if end >= 0 else len(log) + 1  # one match is enough for a line
        found[_trim(log[begin : at - 1])] = None
        if at > len(log):
            break
    return tuple(found)


def _first(lines: tuple[str, ...]) -> str:
    return re.sub(r"^[-*#]+\s+\S+\s+", "", lines[0]) if lines else "no reason given"


def _last_line(log: str) -> str:
    lines = log.strip().splitlines()
    return lines[-1] if lines else "VTest said nothing"


def _clean(alert: str) -> str:
    """An ALERT line without process ids and temporary folders, which differ from run to run."""
    return _trim(_PID.sub(lambda match: ": " if match[1] else "", alert[:MAX_SAID]))


def _ends(said: str) -> str:
    """What is said without its middle if it is very long: patterns may take the square of that."""
    return said if len(said) <= MAX_SAID else said[: MAX_SAID // 2] + said[-MAX_SAID // 2 :]


def _trim(line: str) -> str:
    text = "".join(char if char.isprintable() else " " for char in line[:MAX_SAID])
    return " ".join(text.split())[:EVIDENCE_WIDTH]
