"""What is to be ported where, and what came of it on each branch, as data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bisector.jobs.backport import appraisal
from bisector.jobs.backport.advice import Version
from bisector.jobs.backport.fix import Fix
from bisector.jobs.judge import Suite
from bisector.patch.cherry_pick import Picked
from bisector.patch.conflict import PickConflict
from bisector.record.patch_events import Judged
from bisector.record.patch_outcome import Outcome, of_branch
from bisector.record.verdict import Verdict
from bisector.search.prerequisites import Prerequisites


@dataclass(frozen=True)
class Branch:
    """Where the fix is to go: a revision under the *name* that the user gave it."""

    name: str
    revision: str
    version: Version | None


@dataclass(frozen=True)
class Plan:
    """What is to be ported where, how it is judged, and where it is handed over.

    ``home`` is the series that the fix was made for. Of the ``suites`` those wanted are asked
    whether they show the bug; unless they are ``named`` by the user, only if none of the fix's own
    tests does. ``claims`` are (scenario, introducing commit, fix) by full hashes, ''
    for what nobody knows; without a scenario it is the fix's message that says so. ``created`` has
    (branch, name of the branch to be made for it).
    """

    fix: Fix
    home: Version | None
    branches: tuple[Branch, ...]
    suites: tuple[Suite, ...]
    claims: tuple[tuple[str, str, str], ...] = ()
    out: Path | None = None
    created: tuple[tuple[str, str], ...] = ()
    reg_tests: tuple[str, ...] = ()
    named: bool = True


@dataclass(frozen=True)
class Attempt:
    """The fix on one branch: judged alone, and, where it conflicts, with what it needs first.

    ``picked`` is what was tested last, ``then`` the outcome with what it needs first.
    """

    branch: Branch
    judged: tuple[Judged, ...]
    picked: Picked | None = None
    conflict: PickConflict | None = None
    needs: Prerequisites | None = None
    then: Outcome | None = None

    @property
    def affected(self) -> Verdict | None:
        """The verdict on the branch as it is; None if no test shows the bug."""
        return appraisal.affected(self.judged)

    @property
    def is_there(self) -> bool:
        """Whether the branch has the fix's change already."""
        return self.picked is not None and not self.picked.commits

    @property
    def outcome(self) -> Outcome:
        outcome = of_branch([(one.outcome, one.wanted) for one in self.judged])
        if outcome is not Outcome.UNKNOWN:
            return outcome
        if self.is_there:
            return Outcome.NOT_NEEDED
        return Outcome.UNTESTABLE if appraisal.has_spoiled(self.judged) else Outcome.UNKNOWN

    @property
    def is_handed_over(self) -> bool:
        """Whether the fix works, alone or with what it needs first, or may and does no harm."""
        if Outcome.FIXES in (self.outcome, self.then):
            return True
        return self.outcome is Outcome.UNKNOWN and self.picked is not None
