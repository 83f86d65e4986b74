"""The event that a bug's own failure was learnt, and the verdicts that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from bisector.record.events import Event, Probed
from bisector.record.failure import Failure
from bisector.record.growth import Growth
from bisector.record.verdict import Verdict

OTHERWISE = "it fails in another way than the bug: "  # how such a reason begins


@dataclass(frozen=True)
class Learnt(Event):
    """The bug's own failure, of which ``failures`` are the kinds.

    The test called ``scenario`` ('' for the job's only one) failed so at ``revision``, in ``runs``
    runs. From then on no other failure of it is bad. ``name`` is what the revision is called; if
    several revisions failed, it names all of them, and ``revision`` is the first. ``bug`` is 0 for
    the job's own bug, 1 for another one that a hunt has seen. ``usual`` is how memory grows without
    the bug, None if it does not.
    """

    kind: ClassVar[str] = "learnt"
    revision: str
    name: str
    failures: tuple[Failure, ...]
    runs: int
    scenario: str = ""
    bug: int = 0
    usual: Growth | None = None

    @property
    def text(self) -> str:
        """The event in one sentence."""
        whose = "another bug's" if self.bug else "the bug's"
        return f"{whose} failure, learnt at {self.name} in {self.runs} runs: {self.what}"

    @property
    def what(self) -> str:
        """The kinds of failure."""
        hang = "; a hang: what the test waits for does not come in time" * self.is_hang
        more = f", more than at {self.usual.name}" if self.usual else ""
        return ", or ".join(map(str, self.failures)) + more + hang

    @property
    def is_hang(self) -> bool:
        """Whether each of the failures is a test that waited in vain."""
        return all(failure.kind.is_hang for failure in self.failures)

    def covers(self, failure: Failure) -> bool:
        """Whether *failure* is the bug's."""
        return any(kind.covers(failure) for kind in self.failures)

    def judge(self, probed: Probed) -> Probed:
        """*probed* with the verdict by what was learnt: bad is what fails as the bug does."""
        if probed.failure is None or self.scenario not in ("", probed.scenario):
            return probed
        if self.usual and probed.growth and not self.usual.is_exceeded_by(probed.growth):
            reason = f"{probed.reason}, no more than at {self.usual.name}"
            return replace(probed, verdict=Verdict.GOOD, reason=reason, failure=None)
        if self.covers(probed.failure):
            return replace(probed, verdict=Verdict.BAD)
        if not probed.failure.kind.learnable:  # nor does it say anything of HAProxy
            return replace(probed, verdict=Verdict.UNTESTABLE)
        return replace(probed, verdict=Verdict.UNTESTABLE, reason=f"{OTHERWISE}{probed.reason}")
