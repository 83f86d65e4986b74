"""The fixed words of events, as enumerations. Journals and reports hold their values.

The verdicts are in verdict.py, what a patch comes to is in patch_outcome.py.
"""

from __future__ import annotations

from enum import StrEnum

from bisector.record.verdict import Verdict


class Job(StrEnum):
    """The commands that keep a journal."""

    RUN = "run"
    VERIFY = "verify"
    BACKPORT = "backport"
    AFFECTED = "affected"
    TRIAGE = "triage"
    SWEEP = "sweep"
    QUEUE = "queue"
    METRIC = "metric"


class Change(StrEnum):
    """The two changes of behaviour that a hunt looks for."""

    INTRODUCTION = "introduction"
    FIX = "fix"

    @property
    def new_verdict(self) -> Verdict:
        """The verdict on the commit that made the change; the one on its parents is the other."""
        return Verdict.BAD if self is Change.INTRODUCTION else Verdict.GOOD

    def search(self, bug: int = 0) -> str:
        """The purpose of a probe in the search for the change, of *bug* as in Found."""
        return Purpose.ANOTHER_BUG.about(self) if bug else Purpose(self)

    def confirmation(self, bug: int = 0) -> str:
        """The purpose of a probe that confirms the commit that made the change, of *bug*."""
        return Purpose.CONFIRM.about(self.search(bug) if bug else f"the {self}")


class Turn(StrEnum):
    """How a job goes on after its results contradicted each other."""

    REAL = "real"  # only real toolchains are believed
    RELEASE = "release"  # only the release toolchain is believed, since others do not show the bug
    CHANCE = "chance"  # the test is taken for a flaky one


class How(StrEnum):
    """How a patch applied. In events the label of the variant that applied may follow."""

    EXACT = "exact"
    THREE_WAY = "three-way"
    ALREADY = "already"  # nothing had to be done
    CONFLICT = "conflict"


class HunkState(StrEnum):
    """What happens when one hunk is left out of a patch."""

    NOTICED = "noticed"  # a test has another verdict
    UNCOVERED = "not covered"  # no test has
    COMMENT = "comment"  # the hunk changes no code
    NEEDED = "needed"  # the rest of the patch does not apply or does not compile


class RegTestChange(StrEnum):
    """What a patch does to one of the revision's own reg-tests."""

    SAME = "same"
    FAILS = "newly fails"
    PASSES = "newly passes"
    FLICKERS = "flickers"  # it differs between runs of the same tree


class Purpose(StrEnum):
    """What a probe is made for.

    The ``purpose`` of a probe is text that begins with one of these; details may follow. It begins
    with CONFIRM, followed by what is confirmed, if a real toolchain repeats a result as proof.
    """

    END = "end"
    END_AGAIN = "end again"
    WITNESS = "witness"
    INTRODUCTION = "introduction"
    FIX = "fix"
    CONFIRM = "confirm"
    ANOTHER_BUG = "another bug's"  # what follows is what END to CONFIRM are of the hunt's own bug
    HUNKS = "hunks"  # of the culprit; what precedes it says how many of them
    AFFECTED = "affected release"
    PATCHED = "patched release"
    BEFORE = "before"
    AFTER = "after"
    HUNK_DROPPED = "hunk dropped"
    QUALIFY = "qualify"
    REG_TEST = "reg-test"
    RELEASE = "release"
    SWEEP = "sweep"
    RETEST = "re-test"
    PROBE = "probe"
    ORIGIN = "origin of a pick"
    COMPLETED = "with what it may lack"
    STEP = "step of the series"
    MEASURE = "measure"
    COMPARE = "compare"

    def about(self, details: str) -> str:
        """A probe's purpose: this one with *details*, as in `witness (releases)`."""
        return f"{self} {details}"

    def begins(self, purpose: str) -> bool:
        """Whether a probe's *purpose* is this one, with or without details."""
        return purpose == self or purpose.startswith(f"{self} ")


def is_for_another_bug(purpose: str) -> bool:
    """Whether a probe's *purpose* is about another bug than the hunt's own."""
    return Purpose.ANOTHER_BUG.begins(purpose.removeprefix(Purpose.CONFIRM.about("")))
