"""The oracle that looks whether HAProxy keeps a processor busy in, or after, another test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bisector.errors import UsageProblem
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system.files import digest
from bisector.testing.burn import SHARE, BurnWatch
from bisector.testing.oracle import Trial
from bisector.testing.own_file import OwnFile
from bisector.testing.wrapper import Wrapper

LEAST, MOST = 0.5, 60.0  # seconds
# HAProxy is left running for this much longer, in parts and in seconds: a busy machine looks late
LONGER, MORE = 1.5, 1.0


@dataclass(frozen=True)
class SpinTest(Wrapper):
    """A binary is bad if HAProxy burns more than SHARE of a processor for ``wait`` seconds.

    It is good if the inner test passes and HAProxy was there for so long and did not.
    """

    option: ClassVar[str] = "spin"
    argument: ClassVar[str] = "SECONDS"
    summary: ClassVar[str] = (
        "with a test of your own: bad if HAProxy burns more than half a processor for so long, in "
        "the test or after it"
    )

    wait: float = LEAST

    @classmethod
    def around(cls, inner: OwnFile, value: str) -> Self:
        """The oracle around *inner*, with *value* seconds. Raises UsageProblem."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not LEAST <= seconds <= MOST:
            raise UsageProblem(f"--{cls.option} {value}", f"seconds, from {LEAST} to {MOST:g}")
        if inner.bad is not None:
            raise UsageProblem(f"--bad-if with --{cls.option}", "the burnt time is what is bad")
        return cls(
            cls.name_around(inner),
            digest(cls.option, inner.digest, repr(seconds)),
            inner.lingering(LONGER * seconds + MORE),
            wait=seconds,
            seconds=inner.seconds + LONGER * seconds + MORE,
        )

    @property
    def knows_its_bug(self) -> bool:
        """True: no failure of the inner test is the bug."""
        return True

    def run(self, trial: Trial) -> Ruling:
        """Run the inner test once, and look at HAProxy's processor time meanwhile."""
        watch = BurnWatch(trial.binary, self.wait)
        ruling = self.inner.run(replace(trial, watchers=(watch.look,)))
        judged = judge(ruling, watch, self.inner.stays)
        return replace(judged, seconds=ruling.seconds)


def judge(ruling: Ruling, watch: BurnWatch, stays: bool) -> Ruling:
    """The ruling on a test whose own is *ruling*, by what was seen of HAProxy meanwhile.

    *stays*: HAProxy goes on to run after the test.
    """
    most = f"{100 * watch.most:.0f} % of a processor in {watch.seconds:g} s"
    if watch.burns:
        reason = f"HAProxy burns {most}, more than {100 * SHARE:.0f} %"
        failure = Failure(FailureClass.EXPECTATION, "HAProxy burns a processor")
        return Ruling(Verdict.BAD, reason, (reason,), failure=failure)
    if ruling.verdict is not Verdict.GOOD:
        return replace(ruling, verdict=Verdict.UNTESTABLE)
    if stays and watch.seen < watch.seconds:
        reason = f"HAProxy was there for {watch.seen:.1f} s only: do not stop it in the test"
        failure = Failure(FailureClass.HARNESS, "HAProxy did not stay")
        return Ruling(Verdict.UNTESTABLE, reason, failure=failure)
    return Ruling(Verdict.GOOD, f"HAProxy is idle after the test: at most {most}")
