"""Verdicts, and the result of a probe."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bisector.record.failure import Failure


class Verdict(StrEnum):
    """Whether a build has the bug. Only GOOD and BAD say something about the bug.

    UNBUILDABLE and UNTESTABLE are the revision's, ERROR is the machine's and stops the job.
    """

    GOOD = "good"
    BAD = "bad"
    UNBUILDABLE = "unbuildable"
    UNTESTABLE = "untestable"
    ERROR = "error"

    @property
    def tested(self) -> bool:
        """Whether the test worked: GOOD or BAD."""
        return self in (Verdict.GOOD, Verdict.BAD)


@dataclass(frozen=True)
class Ruling:
    """A verdict, its reason in one line, the lines of the log that show it, the run's seconds.

    ``failure`` is how the run failed; None if it passed, if nothing was run, and if a pattern for
    the bug's signature matched. ``growth`` is by how many bytes HAProxy's memory grew from one
    measurement to the next, if the test measured it. ``samples`` are the values of a metric, one of
    each repetition, in its unit; empty if the test measures none.
    """

    verdict: Verdict
    reason: str
    evidence: tuple[str, ...] = ()
    seconds: float = 0.0
    failure: Failure | None = None
    growth: tuple[int, ...] = ()
    samples: tuple[float, ...] = ()


@dataclass(frozen=True)
class Result:
    """The result of a probe.

    ``key`` identifies what was asked (source, toolchain, test) and the tools of the machine that
    answered. ``binary`` is the digest of the built program, ``log`` the path of all output. Times
    are wall seconds; a build of 0 seconds came from the cache. ``remark`` is a note for the user on
    how the result was reached, '' for none.
    """

    ruling: Ruling
    key: str
    binary: str = ""
    build_seconds: float = 0.0
    test_seconds: float = 0.0
    log: str = ""
    remark: str = ""

    @property
    def verdict(self) -> Verdict:
        return self.ruling.verdict
