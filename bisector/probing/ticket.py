"""A verdict that was asked for, from the request to the journal's event."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from bisector.build.toolchain import Toolchain
from bisector.git.history import History
from bisector.record.events import Probed
from bisector.record.verdict import Result
from bisector.testing.oracle import Oracle


@dataclass(eq=False)
class Ticket:
    """A request for the verdict on a revision, and its ``answer`` once there is one.

    ``tree`` is what is built: the revision's own tree, or another one (``patched``). ``run`` counts
    repetitions from 0. ``key`` identifies the verdict; it is set when the probe is requested.
    ``doubted`` is a failure of the fast toolchain that is not believed: ``toolchain`` is then the
    fallback. ``fixup`` names what is picked onto the revision, '' for nothing; if others than the
    caller choose it, ``plain`` is the verdict without and ``tried`` names those tried so far.
    """

    revision: str
    tree: str
    purpose: str
    run: int
    patched: bool
    toolchain: Toolchain
    oracle: Oracle
    key: str = ""
    doubted: Probed | None = None
    answer: Probed | None = None
    fixup: str = ""
    plain: Probed | None = None
    tried: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.asked = self.toolchain  # the one that the caller asked for

    def event(
        self, history: History, result: Result, known: bool, place: int | None = None
    ) -> Probed:
        """The journal's event for *result*; *known* if no probe was run for it.

        *place* is the revision's index among the job's commits.
        """
        return Probed(
            purpose=self.purpose,
            revision=self.revision,
            name=history.release(self.revision),
            subject=history.commit(self.revision).subject,
            patched=self.patched,
            run=self.run,
            key=self.key,
            verdict=result.verdict,
            reason=result.ruling.reason,
            evidence=result.ruling.evidence,
            binary=result.binary,
            build_seconds=0.0 if known else round(result.build_seconds, 3),
            test_seconds=0.0 if known else round(result.test_seconds, 3),
            log=result.log,
            known=known,
            at=round(time.time(), 3),
            toolchain=self.toolchain.name,
            real=self.toolchain.is_real,
            scenario=self.oracle.name,
            variant=self.oracle.variant,
            place=place,
            foreign="" if result.key == self.key else result.key,
            failure=result.ruling.failure,
            growth=result.ruling.growth,
            samples=result.ruling.samples,
            fixup=self.fixup,
        )
