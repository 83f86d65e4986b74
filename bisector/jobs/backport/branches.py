"""A fix on each of its branches: tried, judged, and what it needs first looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pygit2

from bisector.build.toolchain import Toolchain
from bisector.jobs import reg_tests
from bisector.jobs.backport import appraisal, qualify
from bisector.jobs.backport.attempt import Attempt, Branch, Plan
from bisector.jobs.backport.branch_row import Rows
from bisector.jobs.backport.fix import Needs
from bisector.jobs.backport.qualify import Qualified
from bisector.jobs.judge import Judge, Suite, verdicts
from bisector.patch.cherry_pick import Picked, Picker
from bisector.probing.prober import Prober
from bisector.record.events import ANSWERED, Confirmed, Ended, Noted, Turned
from bisector.record.patch_events import Judged
from bisector.record.patch_outcome import Outcome
from bisector.record.verdict import Verdict
from bisector.record.words import Turn

# who commits what is only built and tested; always the same, so that it has the same hash
_NOBODY = pygit2.Signature("bisector", "bisector@localhost", 0, 0)
_AT_HOME = "the tests where the fix was made"


class Backport:
    """Carries out one plan. Its findings go to the prober's journal."""

    def __init__(self, plan: Plan, prober: Prober, progress: Callable[[str], None]) -> None:
        self.plan = plan
        self.prober = prober
        self.history = prober.bench.history
        self.journal = prober.journal
        self._progress = progress
        self._picker = Picker(self.history.store, _NOBODY)
        revisions = [branch.revision for branch in plan.branches]
        self._homes = qualify.homes(plan.fix, self.history, revisions)
        self._tests = Qualified((), ())
        if any(isinstance(event, Turned) for event in self.journal.events):
            prober.distrust_fast()

    def run(self) -> None:
        """Try every branch. Raises what a probe raises; the journal keeps what was found out."""
        if remark := self.prober.chains.remark:
            self.journal.note(Noted(remark))
        revisions = [branch.revision for branch in self.plan.branches]
        with_tests, missing = reg_tests.having(self.prober, revisions, self.plan.reg_tests)
        for what in missing:
            self.journal.note(Noted(what))
        with qualify.own_tests(self.prober, self._homes) as own:
            attempts = self._try_all(own)
            if contradicted := self._contradicted(attempts):
                self._turn(f"a real build contradicts fast on {contradicted}")
                attempts = self._try_all(own)
        for text in self._tests.remarks:
            self.journal.note(Noted(text))
        rows = Rows(self.plan, self.history)
        for attempt in attempts:
            for event in (*attempt.judged, rows.ported(attempt)):
                self.journal.note(event)
        for attempt in attempts:
            if attempt.is_handed_over and attempt.branch.revision in with_tests:
                self._run_reg_tests(attempt)
        self.journal.note(Ended(ANSWERED, ()))

    def _try_all(self, own: Sequence[Suite]) -> list[Attempt]:
        """Find the tests that show the bug, then how the fix fares on each branch."""
        self._progress("looking for tests that show the bug")
        self._tests = self._qualified(own)
        return [self._try(branch) for branch in self.plan.branches]

    def _qualified(self, own: Sequence[Suite]) -> Qualified:
        suites, proof = self.plan.suites, self.prober.chains.proof
        shown = self._shown_by_own(own)
        if not shown and own and proof and not self.prober.chains.search.is_real:
            # the fast toolchain has no threads: a test that came with the fix deserves a real one
            shown = self._shown_by_own(own, proof)
            if shown:
                self._turn(f"{proof.name} shows the bug in the fix's own test, fast does not")
        if shown and not self.plan.named:
            suites = tuple(replace(suite, wanted=False) for suite in suites)
        return qualify.qualify(self.prober, self._homes, suites, own)

    def _shown_by_own(self, own: Sequence[Suite], chain: Toolchain | None = None) -> bool:
        """Whether one of the fix's own tests shows the bug."""
        return bool(qualify.qualify(self.prober, self._homes, (), own, chain).showing)

    def _turn(self, why: str) -> None:
        """Judge everything by a real toolchain from now on."""
        self.prober.distrust_fast()
        self.journal.note(Turned(Turn.REAL, f"{why}: all is judged anew by it"))

    def _try(self, branch: Branch) -> Attempt:
        """How the fix fares on one branch; it is left alone where it is not needed."""
        before = self._unpatched(branch)
        affected = appraisal.affected(before)
        if affected is Verdict.GOOD:
            return Attempt(branch, before)
        done = self.plan.fix.onto(self._picker, (), branch.revision)
        if isinstance(done, Picked):
            return Attempt(branch, self._tested(branch, done), done)
        judged = self._unpatched(branch, done.summary)
        if affected is not Verdict.BAD:
            return Attempt(branch, judged, None, done)
        self._progress(f"looking for what the fix needs first on {branch.name}")
        search = Needs(self.history, self._picker, self.plan.fix, branch.revision)
        needs = search.search(lambda picked: self._outcome(branch, picked) is Outcome.FIXES)
        picked = search.picked(needs)
        then = self._outcome(branch, picked) if picked else None
        return Attempt(branch, judged, picked, done, needs, then)

    def _outcome(self, branch: Branch, done: Picked) -> Outcome:
        return Attempt(branch, self._tested(branch, done)).outcome

    def _tested(
        self, branch: Branch, done: Picked, chain: Toolchain | None = None
    ) -> tuple[Judged, ...]:
        """All tests on a branch, before and after what was picked."""
        judge = Judge(self.prober, self._tests.suites, chain)
        tree = self._tree(branch, done)
        return tuple(judge.judge_tree(branch.revision, tree, done.how, branch.name))

    def _tree(self, branch: Branch, done: Picked) -> str:
        tip = done.commits[-1] if done.commits else branch.revision
        return str(self.history.store[tip].peel(pygit2.Tree).id)

    def _unpatched(
        self, branch: Branch, conflict: str = "", chain: Toolchain | None = None
    ) -> tuple[Judged, ...]:
        """The tests that show the bug, on a branch as it is."""
        if not self._tests.showing:
            return ()
        judge = Judge(self.prober, self._tests.showing, chain)
        return tuple(judge.judge_unpatched(branch.revision, branch.name, conflict))

    def _run_reg_tests(self, attempt: Attempt) -> None:
        """The branch's own reg-tests, before and after what was picked."""
        assert attempt.picked is not None  # it is handed over
        branch, dirs = attempt.branch, self.plan.reg_tests
        tree = self._tree(branch, attempt.picked)
        for told in reg_tests.compare(self.prober, branch.revision, tree, dirs):
            self.journal.note(replace(told, branch=branch.name))

    # -- proof -----------------------------------------------------------------------------------

    def _contradicted(self, attempts: Sequence[Attempt]) -> str:
        """Where a real toolchain, asked again about what matters most, says something else."""
        proof = self.prober.chains.proof
        if proof is None or self.prober.chains.search.is_real:
            return ""
        for attempt in _weightiest(attempts):
            name = attempt.branch.name
            again = verdicts(self._judged_again(attempt, proof))
            if again != verdicts(self._judged_again(attempt)):
                return name
            tests = sum(verdict is not None for pair in again for verdict in pair)
            self.journal.note(Confirmed(name, True, tests, "", proof.name))
        return "" if self._shown_by(proof) else _AT_HOME

    def _judged_again(self, attempt: Attempt, chain: Toolchain | None = None) -> Sequence[Judged]:
        """What was tested last on a branch, built by *chain*."""
        if attempt.picked is None:
            return self._unpatched(attempt.branch, chain=chain)
        return self._tested(attempt.branch, attempt.picked, chain)

    def _shown_by(self, proof: Toolchain) -> bool:
        """Whether what shows the bug where the fix was made does so if built by *proof*, too."""
        cases = [case for suite in self._tests.showing for case in suite.cases]
        seen = qualify.look(self.prober, self._homes, cases, proof)
        if cases and all(sight.shows for sight in seen.values()):
            self.journal.note(Confirmed(_AT_HOME, True, 2 * len(cases), "", proof.name))
        return all(sight.shows for sight in seen.values())


def _weightiest(attempts: Sequence[Attempt]) -> Iterator[Attempt]:
    """The first branch for each kind of claim about the fix, what it needs first included.

    That the fix is there already is no claim that rests on a test.
    """
    claims = (Outcome.FIXES, Outcome.BREAKS, Outcome.INEFFECTIVE, Outcome.NOT_NEEDED)
    tested = [one for one in attempts if not (one.is_there and one.affected is None)]
    for outcome in claims:
        yield from [one for one in tested if (one.then or one.outcome) is outcome][:1]
