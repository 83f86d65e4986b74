"""What a probe can say, and what it says it with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The five answers. Only GOOD and BAD are knowledge about the bug; ERROR stops the hunt."""

    GOOD = "good"
    BAD = "bad"
    UNBUILDABLE = "unbuildable"
    UNTESTABLE = "untestable"
    ERROR = "error"

    @property
    def tested(self) -> bool:
        return self in (Verdict.GOOD, Verdict.BAD)


@dataclass(frozen=True)
class Ruling:
    """A verdict, why, the log's lines that show it, and the seconds that the run took."""

    verdict: Verdict
    reason: str
    evidence: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Result:
    """What a probe found.

    ``key`` names what was asked (source, toolchain, test), with the tools of the machine that
    answered; ``binary`` is the built program's content, ``log`` the file with all the output. Times
    are wall seconds; a build of 0 came from the cache.
    ``remark`` is what the user should know of how it came about, once.
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
