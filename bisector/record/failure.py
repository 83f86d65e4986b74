"""How a run failed: its kind, without what differs from run to run."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

_FUNCTION = re.compile(r" in \w+$")  # at the end of a crash's text


class FailureClass(StrEnum):
    """The classes of failure.

    In EXPECTATION and CRASH HAProxy did something else than the test wants, so they are bad unless
    the bug's own failure is known. REFUSAL, START, TIMEOUT, CONNECTION and OTHER may be the bug, a
    feature that is not there yet, or the test. UNUSABLE is a command of the test that a shell could
    not execute, or that was used wrongly, by its exit status: the test's fault, unless it passes
    elsewhere. The rest says nothing about the bug: HARNESS is the test's own mistake or VTest's,
    UNSUPPORTED a test that needs another VTest, BROKEN is a HAProxy that does not start at all.
    """

    EXPECTATION = "expectation"
    CRASH = "crash"
    REFUSAL = "refused configuration"
    START = "start"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    OTHER = "other"
    UNUSABLE = "unusable command"
    HARNESS = "harness"
    UNSUPPORTED = "not supported by VTest"
    MISSING = "missing program"
    SKIPPED = "skipped"
    BROKEN = "broken"

    @property
    def speaks_for_itself(self) -> bool:
        """Whether such a failure is bad as long as the bug's own is not known."""
        return self in (FailureClass.EXPECTATION, FailureClass.CRASH)

    @property
    def is_hang(self) -> bool:
        """Whether the test waited in vain."""
        return self is FailureClass.TIMEOUT

    @property
    def needs_a_pass(self) -> bool:
        """Whether such a failure may be the bug's only if the test passes at another revision."""
        return self is FailureClass.UNUSABLE

    @property
    def learnable(self) -> bool:
        """Whether such a failure may be the bug's."""
        return self not in (
            FailureClass.HARNESS,
            FailureClass.UNSUPPORTED,
            FailureClass.MISSING,
            FailureClass.SKIPPED,
            FailureClass.BROKEN,
        )


@dataclass(frozen=True)
class Failure:
    """A kind of failure. Runs that fail in the same way have equal kinds.

    ``text`` is what was said, without values, numbers, ports, pids, paths and times.
    """

    kind: FailureClass
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"

    @property
    def anywhere(self) -> Failure:
        """Of a crash, the same without the function in which it happened; else the failure itself.

        Compilers differ in which functions they make part of others, and memory that was damaged
        may be used anywhere.
        """
        if self.kind is not FailureClass.CRASH:
            return self
        return replace(self, text=_FUNCTION.sub("", self.text))

    def covers(self, other: Failure) -> bool:
        """Whether *other* is of this kind. A crash of which no function is known may be any."""
        return self in (other, other.anywhere) or other == self.anywhere
