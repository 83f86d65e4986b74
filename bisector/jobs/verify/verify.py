"""The job of `verify`: judge a patch at each revision, and examine its hunks and lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bisector.errors import PatchProblem
from bisector.jobs import catalog, reg_tests, runner
from bisector.jobs.judge import Judge, Suite, find_suites, verdicts
from bisector.jobs.runner import Execution
from bisector.jobs.verify import coverage, revisions
from bisector.jobs.verify.hunk_ablation import HunkAblation
from bisector.jobs.verify.learning import learn_before
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

# Part of the job's name. Raise it when a change of the code gives another answer to the same
# question, so that a finished journal is not reused.
_RULES = 2


@dataclass(frozen=True)
class ExtraChecks:
    """Checks beside the matrix: drop each hunk, measure the coverage, run folders of reg-tests."""

    hunks: bool = False
    coverage: bool = False
    reg_tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class VerificationPlan:
    """The patches to verify, the revisions (full hashes), the tests and the extra checks."""

    series: Series
    revisions: tuple[str, ...]
    suites: tuple[Suite, ...]
    extra: ExtraChecks = ExtraChecks()


def verify(
    asked: Asked, on: Sequence[str], extra: ExtraChecks, execution: Execution
) -> runner.JobResult:
    """Verify the patches at the revisions and ranges *on*, or by default around the bug.

    Raises UsageProblem, PatchProblem and what a probe raises.
    """
    test, history, series = asked.test, asked.history, asked.series
    if series is None:
        raise PatchProblem("no patch to verify", "name it with --patch")
    if on:
        commits = revisions.named(history, on)
    else:
        name, own_test = test.oracle.name, test.oracle.own_test
        claims = catalog.find_claims(asked.workspace, history, name, test.known, own_test)
        commits = revisions.around(history, *claims)
    suites = find_suites(asked.options, test)
    context = asked.context
    plan = VerificationPlan(series, tuple(commits), suites, extra)
    started = runner.started_job(
        Job.VERIFY, context, series, execution, ", ".join(on), len(commits)
    )
    name = catalog.job_id(Job.VERIFY, context, series, suites, _RULES, commits, extra)
    execution = replace(execution, tests=TESTS_A_CORE * cores())
    return runner.carry_out(
        context, name, started, execution, lambda prober: Verification(plan, prober).run()
    )


class Verification:
    """Carries out a plan. The results are appended to the prober's journal."""

    def __init__(self, plan: VerificationPlan, prober: Prober) -> None:
        self.plan = plan
        self.prober = prober
        self.journal = prober.journal
        if any(isinstance(event, Turned) for event in self.journal.events):
            prober.distrust_fast()

    def run(self) -> None:
        """Run all checks.

        Raises UsageProblem if no revision has the reg-tests, and what a probe raises; the journal
        keeps the results till then.
        """
        if remark := self.prober.toolchains.remark:
            self.journal.note(Noted(remark))
        with_tests = self._with_reg_tests()
        judged = self._matrix()
        if contradicted := self._contradicted(judged):
            self.prober.distrust_fast()
            text = f"a real build contradicts fast on {contradicted}: all is judged again by it"
            self.journal.note(Turned(Turn.REAL, text))
            judged = self._matrix()
        self._run_extra_checks(judged)
        for row in judged:
            if row.wanted and row.outcome is not Outcome.UNBUILDABLE and row.revision in with_tests:
                self._run_reg_tests(row.revision)
        self.journal.note(Ended(ANSWERED, ()))

    def _matrix(self) -> list[Judged]:
        """Judge the patches at all revisions."""
        learn_before(self.prober, self.plan.revisions, self.plan.series)
        judge = Judge(self.prober, self.plan.suites)
        matrix: list[Judged] = []
        for judged in judge.judge_all(self.plan.revisions, self.plan.series):
            for event in judged:
                self.journal.note(event)
            matrix += judged
        return matrix

    def _contradicted(self, judged: Sequence[Judged]) -> str:
        """Repeat the decisive revisions with a real toolchain.

        The name of the first revision with other verdicts, '' if all are confirmed.
        """
        proof = self.prober.toolchains.proof
        if proof is None or self.prober.toolchains.search.is_real:
            return ""
        judge = Judge(self.prober, self.plan.suites, proof)
        for revision in _decisive(judged):
            again = judge.judge(revision, self.plan.series)
            first = [row for row in judged if row.revision == revision]
            if verdicts(again) != verdicts(first):
                return again[0].name
            sides = 2 * len(judge.cases)
            self.journal.note(Confirmed(again[0].name, True, sides, "", proof.name))
        return ""

    def _run_extra_checks(self, judged: Sequence[Judged]) -> None:
        """Drop hunks and measure the coverage, at the newest revision that the patch fixes."""
        extra, journal = self.plan.extra, self.journal
        if not extra.hunks and not extra.coverage:
            return
        fixed = _fixed(judged)
        if not fixed:
            text = "neither hunks nor lines were checked: the patch fixes none of the revisions"
            journal.note(Noted(text))
            return
        judge = Judge(self.prober, self.plan.suites)
        if extra.hunks:
            for dropped in HunkAblation(judge, fixed[-1]).drop_each(self.plan.series):
                journal.note(dropped)
        if extra.coverage and not any(isinstance(event, Covered) for event in journal.events):
            tree = self._patched(fixed[-1])
            for covered in coverage.measure(self.prober.context, fixed[-1], tree, judge.cases):
                journal.note(covered)

    # -- the revisions' own reg-tests ------------------------------------------------------------

    def _with_reg_tests(self) -> list[str]:
        """The revisions that have the reg-tests to run; determined before anything is built."""
        dirs = self.plan.extra.reg_tests
        having, missing = reg_tests.revisions_with(self.prober, self.plan.revisions, dirs)
        for what in missing:
            self.journal.note(Noted(what))
        return having

    def _run_reg_tests(self, revision: str) -> None:
        tree = self._patched(revision)
        if not tree or tree == self.prober.context.history.tree_id(revision):
            return
        for event in reg_tests.compare(self.prober, revision, tree, self.plan.extra.reg_tests):
            self.journal.note(event)

    def _patched(self, revision: str) -> str:
        """The id of the tree of *revision* with the series; '' if it does not apply."""
        applied = apply_to(self.prober.context.history, revision, self.plan.series)
        return str(applied.tree) if isinstance(applied, AppliedSeries) else ""


def _decisive(judged: Sequence[Judged]) -> Iterator[str]:
    """The newest revision with each outcome that is reported as a claim about the patch."""
    claims = (
        _fixed(judged),
        [row.revision for row in judged if row.wanted and row.outcome is Outcome.INEFFECTIVE],
        [row.revision for row in judged if row.outcome is Outcome.BREAKS],
    )
    return iter(dict.fromkeys(claim[-1] for claim in claims if claim))


def _fixed(judged: Sequence[Judged]) -> list[str]:
    """The revisions where the patch fixes its bug; without any, those where it fixes another."""
    fixes = [row for row in judged if row.outcome is Outcome.FIXES]
    return [row.revision for row in fixes if row.wanted] or [row.revision for row in fixes]
