"""The plan of a backport and the result on each branch, as data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bisector.jobs.backport import appraisal
from bisector.jobs.backport.advice import Version
from bisector.jobs.backport.fix import Fix
from bisector.jobs.judge import Suite
from bisector.jobs.queue.mentions import Mention
from bisector.jobs.queue.source import Line
from bisector.patch import deliver
from bisector.patch.cherry_pick import Picked
from bisector.patch.conflict import PickConflict
from bisector.record.patch_events import Judged
from bisector.record.patch_outcome import Outcome, of_branch
from bisector.record.verdict import Verdict
from bisector.search.prerequisites import Prerequisites


@dataclass(frozen=True)
class BackportPlan:
    """The fix, the target branches, the tests that judge it, and the output.

    ``home`` is the series for which the fix was made. The wanted ones of ``suites`` are checked for
    whether they show the bug; unless ``named`` by the user, only if none of the fix's own tests
    does. ``claims`` are (scenario, introducing commit, fix) with full hashes, '' for unknown ones;
    without a scenario the claim is the fix's message's. ``out`` is the folder for patch files;
    ``created`` are pairs (branch, name of the branch to create for it). ``repairs`` are what later
    commits say that repair the fix.
    """

    fix: Fix
    home: Version | None
    branches: tuple[Line, ...]
    suites: tuple[Suite, ...]
    claims: tuple[tuple[str, str, str], ...] = ()
    out: Path | None = None
    created: tuple[tuple[str, str], ...] = ()
    reg_tests: tuple[str, ...] = ()
    named: bool = True
    repairs: tuple[Mention, ...] = ()

    def package_folder(self, branch: str) -> Path:
        """The folder for the files of the package *branch*: ``out``, or of several one in it."""
        assert self.out is not None
        return self.out if len(self.branches) == 1 else deliver.folder(self.out, branch)


@dataclass(frozen=True)
class Attempt:
    """The fix on one branch: judged alone and, if it conflicts, with its prerequisites.

    ``judged`` are the results of the fix alone. ``picked`` are the commits that were tested last.
    ``needs`` is the result of the search for prerequisites and ``then`` the outcome with them.
    ``lacks`` says why a fix that applies and does not compile takes other commits.
    """

    branch: Line
    judged: tuple[Judged, ...]
    picked: Picked | None = None
    conflict: PickConflict | None = None
    needs: Prerequisites | None = None
    then: Outcome | None = None
    lacks: tuple[str, ...] = ()

    @property
    def affected(self) -> Verdict | None:
        """The verdict on the unpatched branch; None if no test shows the bug."""
        return appraisal.affected(self.judged)

    @property
    def is_there(self) -> bool:
        """Whether the branch already has the fix's change."""
        return self.picked is not None and not self.picked.commits

    @property
    def outcome(self) -> Outcome:
        """The outcome of the fix alone."""
        outcome = of_branch([(row.outcome, row.wanted) for row in self.judged])
        if outcome is not Outcome.UNKNOWN:
            return outcome
        if self.is_there:
            return Outcome.NOT_NEEDED
        return Outcome.UNTESTABLE if appraisal.has_spoiled(self.judged) else Outcome.UNKNOWN

    @property
    def is_handed_over(self) -> bool:
        """Whether the fix is delivered: it works, or is UNKNOWN, that is without a test or harm."""
        if Outcome.FIXES in (self.outcome, self.then):
            return True
        return self.outcome is Outcome.UNKNOWN and self.picked is not None
