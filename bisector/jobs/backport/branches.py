"""Try and judge a fix on each target branch, and search for prerequisites where it conflicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pygit2

from bisector.build.missing_names import missing_names
from bisector.build.toolchain import Toolchain
from bisector.jobs import reg_tests
from bisector.jobs.backport import appraisal, lacking, qualify
from bisector.jobs.backport.attempt import Attempt, BackportPlan
from bisector.jobs.backport.branch_row import RowBuilder
from bisector.jobs.backport.fix import Needs
from bisector.jobs.backport.qualify import Qualified
from bisector.jobs.judge import Judge, Suite, verdicts
from bisector.jobs.queue.source import Line
from bisector.patch.cherry_pick import Picked, Picker
from bisector.probing.prober import Prober
from bisector.record.events import ANSWERED, Confirmed, Ended, Noted, Turned
from bisector.record.missing_name import MissingName
from bisector.record.patch_events import Judged
from bisector.record.patch_outcome import Outcome
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose, Turn

# the committer of what is only built and tested; constant, so that the hashes are, too
_COMMITTER = pygit2.Signature("bisector", "bisector@localhost", 0, 0)
_AT_HOME = "the tests where the fix was made"


class Backport:
    """Carries out a plan. The results are appended to the prober's journal."""

    def __init__(self, plan: BackportPlan, prober: Prober, progress: Callable[[str], None]) -> None:
        self.plan = plan
        self.prober = prober
        self.history = prober.context.history
        self.journal = prober.journal
        self._progress = progress
        self._picker = Picker(self.history.store, _COMMITTER)
        revisions = [branch.tip for branch in plan.branches]
        self._homes = qualify.homes(plan.fix, self.history, revisions)
        self._tests = Qualified((), ())
        if any(isinstance(event, Turned) for event in self.journal.events):
            prober.distrust_fast()

    def run(self) -> None:
        """Try every branch. Raises what a probe raises; the journal keeps the results till then."""
        if remark := self.prober.toolchains.remark:
            self.journal.note(Noted(remark))
        revisions = [branch.tip for branch in self.plan.branches]
        with_tests, missing = reg_tests.revisions_with(self.prober, revisions, self.plan.reg_tests)
        for what in missing:
            self.journal.note(Noted(what))
        with qualify.own_tests(self.prober, self._homes) as own:
            attempts = self._try_all(own)
            if contradicted := self._contradicted(attempts):
                self._turn(f"a real build contradicts fast on {contradicted}")
                attempts = self._try_all(own)
        for text in self._tests.remarks:
            self.journal.note(Noted(text))
        rows = RowBuilder(self.plan, self.history)
        for attempt in attempts:
            for event in (*attempt.judged, rows.ported(attempt)):
                self.journal.note(event)
        for attempt in attempts:
            if attempt.is_handed_over and attempt.branch.tip in with_tests:
                self._run_reg_tests(attempt)
        self.journal.note(Ended(ANSWERED, ()))

    def _try_all(self, own: Sequence[Suite]) -> list[Attempt]:
        """Find the tests that show the bug, then try the fix on each branch."""
        self._progress("finding the tests that show the bug")
        self._tests = self._qualified(own)
        return [self._try(branch) for branch in self.plan.branches]

    def _qualified(self, own: Sequence[Suite]) -> Qualified:
        """The tests to use; *own* are those that the fix adds or changes."""
        suites, proof = self.plan.suites, self.prober.toolchains.proof
        shown = self._shown_by_own(own)
        if not shown and own and proof and not self.prober.toolchains.search.is_real:
            # the fast toolchain has no threads, which the fix's own test may need
            shown = self._shown_by_own(own, proof)
            if shown:
                self._turn(f"{proof.name} shows the bug in the fix's own test, fast does not")
        if shown and not self.plan.named:
            suites = tuple(replace(suite, wanted=False) for suite in suites)
        return qualify.qualify(self.prober, self._homes, suites, own)

    def _shown_by_own(self, own: Sequence[Suite], toolchain: Toolchain | None = None) -> bool:
        """Whether one of the fix's own tests shows the bug."""
        return bool(qualify.qualify(self.prober, self._homes, (), own, toolchain).showing)

    def _turn(self, why: str) -> None:
        """Judge everything with a real toolchain from now on; *why* is for the user."""
        self.prober.distrust_fast()
        self.journal.note(Turned(Turn.REAL, f"{why}: all is judged again by it"))

    def _try(self, branch: Line) -> Attempt:
        """Try the fix on one branch, unless the tests show that it is not needed there."""
        before = self._unpatched(branch)
        affected = appraisal.affected(before)
        if affected is Verdict.GOOD:
            return Attempt(branch, before)
        applied = self.plan.fix.onto(self._picker, (), branch.tip)
        if isinstance(applied, Picked):
            return self._completed(Attempt(branch, self._tested(branch, applied), applied))
        judged = self._unpatched(branch, applied.summary)
        if affected is not Verdict.BAD:
            return Attempt(branch, judged, None, applied)
        self._progress(f"finding the prerequisites of the fix on {branch.name}")
        search = Needs.of(self.history, self._picker, self.plan.fix, branch.tip)
        needs = search.search(lambda picked: self._outcome(branch, picked) is Outcome.FIXES)
        picked = search.picked(needs)
        then = self._outcome(branch, picked) if picked else None
        return Attempt(branch, judged, picked, applied, needs, then)

    def _completed(self, attempt: Attempt) -> Attempt:
        """*attempt*; if it does not compile, with the commits that brought what it lacks there."""
        if attempt.outcome is not Outcome.UNBUILDABLE:
            return attempt
        branch, fix = attempt.branch, self.plan.fix
        self._progress(f"finding what the fix uses and {branch.name} lacks")
        found = lacking.find(
            self.history, self._picker, fix, branch, lambda picked: self._missing(branch, picked)
        )
        attempt = replace(attempt, lacks=found.why)
        first = found.needs.commits if found.needs else None
        picked = fix.onto(self._picker, first, branch.tip) if first else None
        if not isinstance(picked, Picked):
            return attempt
        then = self._outcome(branch, picked)
        return replace(attempt, picked=picked, needs=found.needs, then=then)

    def _missing(self, branch: Line, picked: Picked) -> tuple[MissingName, ...]:
        """The names that the build of a branch with the picked commits misses."""
        judge = Judge(self.prober, self._tests.suites)
        tree = self._tree(branch, picked)
        first, *_ = judge.try_tree(branch.tip, tree, Purpose.AFTER)
        if first.verdict is not Verdict.UNBUILDABLE:
            return ()
        try:
            output = Path(first.log).read_text(encoding="utf-8", errors="replace")
        except OSError:
            output = first.reason  # the log of a cluster's worker, or one that was evicted
        return missing_names(output)

    def _outcome(self, branch: Line, picked: Picked) -> Outcome:
        return Attempt(branch, self._tested(branch, picked)).outcome

    def _tested(
        self, branch: Line, picked: Picked, toolchain: Toolchain | None = None
    ) -> tuple[Judged, ...]:
        """The results of all tests on a branch without and with the picked commits."""
        judge = Judge(self.prober, self._tests.suites, toolchain)
        tree = self._tree(branch, picked)
        return tuple(judge.judge_tree(branch.tip, tree, picked.how, branch.name))

    def _tree(self, branch: Line, picked: Picked) -> str:
        """The id of the branch's tree with the picked commits."""
        tip = picked.commits[-1] if picked.commits else branch.tip
        return str(self.history.store[tip].peel(pygit2.Tree).id)

    def _unpatched(
        self, branch: Line, conflict: str = "", toolchain: Toolchain | None = None
    ) -> tuple[Judged, ...]:
        """The results of the tests that show the bug, on the unpatched branch."""
        if not self._tests.showing:
            return ()
        judge = Judge(self.prober, self._tests.showing, toolchain)
        return tuple(judge.judge_unpatched(branch.tip, branch.name, conflict))

    def _run_reg_tests(self, attempt: Attempt) -> None:
        """Run the branch's own reg-tests without and with the picked commits."""
        assert attempt.picked is not None  # it is handed over
        branch, dirs = attempt.branch, self.plan.reg_tests
        tree = self._tree(branch, attempt.picked)
        for event in reg_tests.compare(self.prober, branch.tip, tree, dirs):
            self.journal.note(replace(event, branch=branch.name))

    # -- proof -----------------------------------------------------------------------------------

    def _contradicted(self, attempts: Sequence[Attempt]) -> str:
        """Repeat the decisive attempts, and the tests at the fix, with a real toolchain.

        The name of the first branch with other verdicts, _AT_HOME for the tests at the fix, '' if
        all are confirmed.
        """
        proof = self.prober.toolchains.proof
        if proof is None or self.prober.toolchains.search.is_real:
            return ""
        for attempt in _decisive(attempts):
            name = attempt.branch.name
            again = verdicts(self._judged_again(attempt, proof))
            if again != verdicts(self._judged_again(attempt)):
                return name
            tests = sum(verdict is not None for pair in again for verdict in pair)
            self.journal.note(Confirmed(name, True, tests, "", proof.name))
        return "" if self._shown_by(proof) else _AT_HOME

    def _judged_again(
        self, attempt: Attempt, toolchain: Toolchain | None = None
    ) -> Sequence[Judged]:
        """Repeat the last test on a branch, built by *toolchain*."""
        if attempt.picked is None:
            return self._unpatched(attempt.branch, toolchain=toolchain)
        return self._tested(attempt.branch, attempt.picked, toolchain)

    def _shown_by(self, proof: Toolchain) -> bool:
        """Whether the tests that show the bug at the fix also do so if built by *proof*."""
        cases = [case for suite in self._tests.showing for case in suite.cases]
        results = qualify.try_cases(self.prober, self._homes, cases, proof)
        shown = all(result.shows for result in results.values())
        if cases and shown:
            self.journal.note(Confirmed(_AT_HOME, True, 2 * len(cases), "", proof.name))
        return shown


def _decisive(attempts: Sequence[Attempt]) -> Iterator[Attempt]:
    """The first attempt with each outcome that is reported as a claim about the fix.

    Attempts are left out that rest on no test, since the branch already has the fix's change.
    """
    claims = (Outcome.FIXES, Outcome.BREAKS, Outcome.INEFFECTIVE, Outcome.NOT_NEEDED)
    tested = [attempt for attempt in attempts if not _is_untested(attempt)]
    for outcome in claims:
        having = [attempt for attempt in tested if (attempt.then or attempt.outcome) is outcome]
        yield from having[:1]


def _is_untested(attempt: Attempt) -> bool:
    return attempt.is_there and attempt.affected is None
