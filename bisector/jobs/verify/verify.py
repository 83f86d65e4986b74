"""The second job: does a patch fix what it is meant to, wherever needed, and break nothing?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bisector.errors import PatchProblem
from bisector.jobs import catalog, reg_tests, runner
from bisector.jobs.judge import Judge, Suite, find_suites, verdicts
from bisector.jobs.runner import Execution
from bisector.jobs.verify import coverage, revisions
from bisector.jobs.verify.hunk_ablation import HunkAblation
from bisector.patch.apply import AppliedSeries, apply_to
from bisector.patch.model import Series
from bisector.probing.executors import TESTS_A_CORE
from bisector.probing.prober import Prober
from bisector.probing.setup import Asked
from bisector.record.events import ANSWERED, Confirmed, Ended, Noted, Turned
from bisector.record.patch_events import Covered, Judged
from bisector.record.patch_outcome import Outcome
from bisector.record.words import Job, Turn
from bisector.system.slots import cores


@dataclass(frozen=True)
class ExtraChecks:
    """What is wanted beside the matrix: each hunk dropped, lines counted, reg-tests run."""

    hunks: bool = False
    coverage: bool = False
    reg_tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What is to be verified, where (full hashes), by what, and how closely."""

    series: Series
    revisions: tuple[str, ...]
    suites: tuple[Suite, ...]
    extra: ExtraChecks = ExtraChecks()


def verify(
    asked: Asked, on: Sequence[str], extra: ExtraChecks, execution: Execution
) -> runner.JobResult:
    """Verify the patches at the revisions that *on* names, or where they tell most.

    Raises UsageProblem, PatchProblem and what a probe raises.
    """
    test, history, series = asked.test, asked.history, asked.series
    if series is None:
        raise PatchProblem("no patch to verify", "name it with --patch")
    if on:
        commits = revisions.named(history, on)
    else:
        commits = revisions.around(
            history, *catalog.find_claims(asked.workspace, history, test.oracle.name, test.known)
        )
    suites = find_suites(asked.options, test)
    bench = asked.bench
    plan = Plan(series, tuple(commits), suites, extra)
    started = runner.started_job(
        Job.VERIFY, bench, series, execution, range=", ".join(on), commits=len(commits)
    )
    name = catalog.job_id(Job.VERIFY, bench, series, suites, commits, extra)
    execution = replace(execution, tests=TESTS_A_CORE * cores())
    return runner.carry_out(
        bench, name, started, execution, lambda prober: Verification(plan, prober).run()
    )


class Verification:
    """Verifies one plan. Its findings go to the prober's journal."""

    def __init__(self, plan: Plan, prober: Prober) -> None:
        self.plan = plan
        self.prober = prober
        self.journal = prober.journal
        if any(isinstance(event, Turned) for event in self.journal.events):
            prober.distrust_fast()

    def run(self) -> None:
        """Verify to the end.

        Raises UsageProblem for reg-tests that are nowhere, and what a probe raises; the journal
        keeps what was found out till then.
        """
        if remark := self.prober.chains.remark:
            self.journal.note(Noted(remark))
        with_tests = self._with_reg_tests()
        judged = self._matrix()
        if contradicted := self._contradicted(judged):
            self.prober.distrust_fast()
            text = f"a real build contradicts fast on {contradicted}: all is judged anew by it"
            self.journal.note(Turned(Turn.REAL, text))
            judged = self._matrix()
        self._look_closer(judged)
        for one in judged:
            if one.wanted and one.outcome is not Outcome.UNBUILDABLE and one.revision in with_tests:
                self._run_reg_tests(one.revision)
        self.journal.note(Ended(ANSWERED, ()))

    def _matrix(self) -> list[Judged]:
        judge = Judge(self.prober, self.plan.suites)
        found: list[Judged] = []
        for told in judge.judge_all(self.plan.revisions, self.plan.series):
            for event in told:
                self.journal.note(event)
            found += told
        return found

    def _contradicted(self, judged: Sequence[Judged]) -> str:
        """Where a real toolchain, asked again about what matters most, says something else."""
        proof = self.prober.chains.proof
        if proof is None or self.prober.chains.search.is_real:
            return ""
        judge = Judge(self.prober, self.plan.suites, proof)
        for revision in _weightiest(judged):
            again = judge.judge(revision, self.plan.series)
            said = [one for one in judged if one.revision == revision]
            if verdicts(again) != verdicts(said):
                return again[0].name
            sides = 2 * len(judge.cases)
            self.journal.note(Confirmed(again[0].name, True, sides, "", proof.name))
        return ""

    def _look_closer(self, judged: Sequence[Judged]) -> None:
        """At the newest revision that the patch fixes: what is each hunk and each line for?"""
        extra, journal = self.plan.extra, self.journal
        if not extra.hunks and not extra.coverage:
            return
        fixed = _fixed(judged)
        if not fixed:
            text = "neither hunks nor lines were looked at: the patch fixes none of the revisions"
            journal.note(Noted(text))
            return
        judge = Judge(self.prober, self.plan.suites)
        if extra.hunks:
            for dropped in HunkAblation(judge, fixed[-1]).drop_each(self.plan.series):
                journal.note(dropped)
        if extra.coverage and not any(isinstance(event, Covered) for event in journal.events):
            tree = self._patched(fixed[-1])
            for covered in coverage.measure(self.prober.bench, fixed[-1], tree, judge.cases):
                journal.note(covered)

    # -- the revisions' own reg-tests ------------------------------------------------------------

    def _with_reg_tests(self) -> list[str]:
        """The revisions that have the reg-tests that are wanted; found out before all the work."""
        dirs = self.plan.extra.reg_tests
        found, missing = reg_tests.having(self.prober, self.plan.revisions, dirs)
        for what in missing:
            self.journal.note(Noted(what))
        return found

    def _run_reg_tests(self, revision: str) -> None:
        tree = self._patched(revision)
        if not tree or tree == self.prober.bench.history.tree_id(revision):
            return
        for told in reg_tests.compare(self.prober, revision, tree, self.plan.extra.reg_tests):
            self.journal.note(told)

    def _patched(self, revision: str) -> str:
        """The tree of *revision* with the series; empty where it does not apply."""
        done = apply_to(self.prober.bench.history, revision, self.plan.series)
        return str(done.tree) if isinstance(done, AppliedSeries) else ""


def _weightiest(judged: Sequence[Judged]) -> Iterator[str]:
    """The newest revision for each kind of claim about the patch."""
    claims = (
        _fixed(judged),
        [one.revision for one in judged if one.wanted and one.outcome is Outcome.INEFFECTIVE],
        [one.revision for one in judged if one.outcome is Outcome.BREAKS],
    )
    return iter(dict.fromkeys(claim[-1] for claim in claims if claim))


def _fixed(judged: Sequence[Judged]) -> list[str]:
    """The revisions that the patch fixes; where the wanted bug is not, those with another one."""
    fixes = [one for one in judged if one.outcome is Outcome.FIXES]
    return [one.revision for one in fixes if one.wanted] or [one.revision for one in fixes]
