"""The oracle that repeats another test in one HAProxy, whose memory must not grow by that."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bisector.errors import UsageProblem
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.search import trend
from bisector.system import sizes
from bisector.system.files import digest
from bisector.testing import memory
from bisector.testing.oracle import Trial
from bisector.testing.own_file import OwnFile
from bisector.testing.wrapper import Wrapper

LEAST, MOST = 20, 2000  # repetitions: for fewer the test has no power, a log of more is too long
_WARM_UP = 4  # the first part of so many, in which HAProxy fills its pools
_SECONDS = 0.2  # of one repetition, for the time limit
_RULES = "2"  # part of the digest: changes with what a ruling says


@dataclass(frozen=True)
class LeakTest(Wrapper):
    """A binary is bad if HAProxy's memory grows with each of ``times`` repetitions."""

    option: ClassVar[str] = "leak"
    argument: ClassVar[str] = "N"
    summary: ClassVar[str] = (
        "with --vtc or --command: bad if HAProxy's memory grows with each of N repetitions, "
        f"{LEAST} to {MOST}"
    )

    measures_growth: ClassVar[bool] = True

    times: int = LEAST

    @classmethod
    def around(cls, inner: OwnFile, value: str) -> Self:
        """The oracle around *inner*, with *value* repetitions. Raises UsageProblem."""
        if not value.isdecimal() or not LEAST <= int(value) <= MOST:
            raise UsageProblem(f"--{cls.option} {value}", f"a number from {LEAST} to {MOST}")
        if inner.bad is not None:
            raise UsageProblem(f"--bad-if with --{cls.option}", "memory that grows is what is bad")
        return cls(
            cls.name_around(inner),
            digest(cls.option, _RULES, inner.digest, value),
            inner.repeated(int(value)),
            times=int(value),
            seconds=inner.seconds + _SECONDS * int(value),
        )

    @property
    def knows_its_bug(self) -> bool:
        """True: no failure of the inner test is the bug."""
        return True

    def run(self, trial: Trial) -> Ruling:
        """Run the repetitions once, and compare what memory HAProxy had after each."""
        ruling, log = self.run_inner(trial)
        return replace(judge(ruling, log, self.times), seconds=ruling.seconds)


def judge(ruling: Ruling, log: str, times: int) -> Ruling:
    """The ruling on *times* repetitions with this *log*, of which the inner test says *ruling*."""
    if ruling.verdict is not Verdict.GOOD:
        return replace(ruling, verdict=Verdict.UNTESTABLE)
    samples, every = memory.samples(log), memory.interval(times)
    # on a busy machine HAProxy may not be there yet in the first ones
    warm = samples[len(samples) // _WARM_UP :]
    if len(samples) != times // every or len(set(map(tuple, warm))) != 1 or not warm[0]:
        reason = "not the same HAProxy was there after each repetition: start it in the first one"
        failure = Failure(FailureClass.HARNESS, "no samples")
        return Ruling(Verdict.UNTESTABLE, reason, failure=failure)
    total = [sum(sample.values()) << 10 for sample in warm]
    growth = tuple(later - earlier for earlier, later in itertools.pairwise(total))
    first, last = sizes.show(total[0]), sizes.show(total[-1])
    said = (f"from {first} to {last} in the last {len(total) * every} of {times} repetitions",)
    if memory.grows(total):
        each = trend.slope(total) / every
        reason = f"HAProxy's memory grows by {each:,.0f} bytes with each repetition"
        failure = Failure(FailureClass.EXPECTATION, "HAProxy's memory grows")
        return Ruling(Verdict.BAD, reason, said, failure=failure, growth=growth)
    reason = "HAProxy's memory does not grow with each repetition"
    return Ruling(Verdict.GOOD, reason, said, growth=growth)
