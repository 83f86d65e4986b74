"""Rulings from VTest's logs; pure functions.

Without a pattern for the bug's signature, a failed *expectation* of the test and a crash are bad,
because they are about HAProxy's behaviour. Every other failure (a configuration that this revision
does not know, a missing program, a timeout) is untestable, until the bug's own failure was learnt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system import sizes
from bisector.system.process import Finished
from bisector.testing.log_text import matching, normal
from bisector.testing.vtest_failure import how_it_failed

SKIPPED = 77  # VTest's exit status for a skipped test: it requires a feature that is missing


@dataclass(frozen=True)
class Patterns:
    """Regular expressions (MULTILINE) for a test's log.

    ``bad`` matches the bug's signature, ``control`` a line that shows that the test itself worked;
    if ``skip`` matches, the run is untestable.
    """

    bad: str | None = None
    control: str | None = None
    skip: str | None = None


def classify(run: Finished, patterns: Patterns) -> Ruling:
    """The ruling on one run of a test, by *patterns* as far as they are given."""
    if run.excess:
        reason = f"the test was stopped: {run.excess}"
        failure = Failure(FailureClass.OTHER, f"more than allowed: {normal(run.excess)}")
        return Ruling(Verdict.UNTESTABLE, reason, failure=failure)
    if run.status == SKIPPED:
        lines = matching(run.output, r"SKIPPING test.*")
        reason = f"VTest skipped it: {_first(lines)}"
        failure = Failure(FailureClass.SKIPPED, _first(lines))
        return Ruling(Verdict.UNTESTABLE, reason, lines, failure=failure)
    if patterns.skip and (lines := matching(run.output, patterns.skip)):
        reason = f"--skip-if matches: {_first(lines)}"
        failure = Failure(FailureClass.SKIPPED, "--skip-if")
        return Ruling(Verdict.UNTESTABLE, reason, lines, failure=failure)
    if patterns.bad is not None:
        ruling = _by_signature(run, patterns, patterns.bad)
    elif run.status == 0:
        ruling = Ruling(Verdict.GOOD, "every expectation held")
    else:
        ruling = _by_failure(run)
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
    return Ruling(Verdict.UNTESTABLE, reason, failure=Failure(FailureClass.HARNESS, normal(reason)))


def _by_signature(run: Finished, patterns: Patterns, signature: str) -> Ruling:
    """Bad needs the signature; bad and good both need the control."""
    lines = matching(run.output, signature)
    controlled = patterns.control is None or re.search(patterns.control, run.output, re.M)
    if controlled and lines:
        return Ruling(Verdict.BAD, f"the bug's signature: {_first(lines)}", lines)
    if controlled and run.status == 0:
        return Ruling(Verdict.GOOD, "the test passed, without the bug's signature")
    if run.status == 0 or (lines and not controlled):
        what = "the signature matches" if lines else "it passed"
        reason = f"{what}, but the control does not match: the test itself did not work here"
        failure = Failure(FailureClass.HARNESS, reason)
        return Ruling(Verdict.UNTESTABLE, reason, how_it_failed(run).evidence, failure=failure)
    ruling = _by_failure(run)
    reason = ruling.reason
    if ruling.verdict is Verdict.BAD:
        reason = f"it failed, but not by the bug's signature: {reason}"
    return replace(ruling, verdict=Verdict.UNTESTABLE, reason=reason)


def _by_failure(run: Finished) -> Ruling:
    """The ruling on a failed test of which no signature is known."""
    found = how_it_failed(run)
    verdict = Verdict.BAD if found.failure.kind.speaks_for_itself else Verdict.UNTESTABLE
    return Ruling(verdict, found.reason, found.evidence, failure=found.failure)


def _first(lines: tuple[str, ...]) -> str:
    return re.sub(r"^[-*#]+\s+\S+\s+", "", lines[0]) if lines else "no reason given"
