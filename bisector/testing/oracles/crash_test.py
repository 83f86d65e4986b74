"""The oracle that looks for a crash of HAProxy in another test, whatever that test's result is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bisector.record.failure import FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system.files import digest
from bisector.testing import crash
from bisector.testing.crash import Crash
from bisector.testing.log_text import matching
from bisector.testing.oracle import Trial
from bisector.testing.own_file import OwnFile
from bisector.testing.wrapper import Wrapper

# A test that fails in one of these ways has reached HAProxy, which goes on.
_LIVING = (FailureClass.EXPECTATION, FailureClass.CONNECTION)


@dataclass(frozen=True)
class CrashTest(Wrapper):
    """A binary is bad if HAProxy crashes in the inner test, good if it does not.

    If ``bad`` is set, the log of a crash that is bad matches it.
    """

    option: ClassVar[str] = "crash"
    argument: ClassVar[str] = ""
    summary: ClassVar[str] = (
        "with a test of your own: bad if HAProxy crashes in it, good if not, whatever its result is"
    )

    bad: str | None = None

    @classmethod
    def around(cls, inner: OwnFile, value: str) -> Self:
        """The oracle around *inner*; *value* means nothing."""
        key = digest(cls.option, inner.digest)
        return cls(
            cls.name_around(inner),
            key,
            replace(inner, bad=None),
            bad=inner.bad,
            seconds=inner.seconds,
        )

    @property
    def knows_its_bug(self) -> bool:
        """Whether there is a pattern for the crash's log; else the crash is learnt."""
        return self.bad is not None

    def run(self, trial: Trial) -> Ruling:
        """Run the inner test once, and look for a crash in its log."""
        ruling, log = self.run_inner(trial)
        return replace(judge(ruling, log, self.bad), seconds=ruling.seconds)


def judge(ruling: Ruling, log: str, bad: str | None) -> Ruling:
    """The ruling on a test with this *log*, whose own is *ruling*; *bad* is a pattern for crashes.

    A test that did not reach HAProxy, or that hangs, says nothing of crashes.
    """
    kind = ruling.failure.kind if ruling.failure else None
    if kind in (FailureClass.BROKEN, FailureClass.SKIPPED):
        return ruling
    if found := crash.find(log):
        return _crashed(found, log, bad)
    if kind is FailureClass.CRASH:  # the library that records crashes could not be made
        bad_if = bad is None or re.search(bad, log, re.M)
        return replace(ruling, verdict=Verdict.BAD if bad_if else Verdict.UNTESTABLE)
    if ruling.verdict is Verdict.GOOD:
        return replace(ruling, reason="HAProxy does not crash")
    if kind in _LIVING:
        reason = f"HAProxy does not crash; the test itself fails: {ruling.reason}"
        return replace(ruling, verdict=Verdict.GOOD, reason=reason, failure=None)
    return replace(ruling, verdict=Verdict.UNTESTABLE)


def _crashed(found: Crash, log: str, bad: str | None) -> Ruling:
    if bad is None:
        return Ruling(Verdict.BAD, found.reason(), found.lines, failure=found.failure)
    if lines := matching(log, bad):
        return Ruling(Verdict.BAD, f"the bug's signature: {lines[0]}", found.lines)
    reason = f"it crashed, but not by the bug's signature: {found.reason()}"
    return Ruling(Verdict.UNTESTABLE, reason, found.lines, failure=found.failure)
