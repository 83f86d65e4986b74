"""The job of `sweep`: a verdict on each release of a range, on each n-th commit, or on all."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bisector.build.toolchain import Toolchain
from bisector.errors import NoRelease, UsageProblem
from bisector.git.history import History, Range
from bisector.git.object_store import content_key
from bisector.jobs.hunt.learning import RUNS, note_other_failures
from bisector.jobs.hunt.proof import CONFIRM_RUNS, MOST_RUNS, ONCE, Passes, caveats, passes_of
from bisector.jobs.runner import Execution, JobResult, carry_out, started_job
from bisector.jobs.survey.estimate import estimate
from bisector.jobs.survey.learning import RULES, SurveyLearner
from bisector.probing.context import Context
from bisector.probing.prober import Prober
from bisector.probing.setup import Asked
from bisector.probing.ticket import Ticket
from bisector.record.events import ANSWERED, Ended, Noted, Probed, Retested, Stretch
from bisector.record.verdict import Verdict
from bisector.record.words import Job, Purpose
from bisector.record.work_estimate import Estimate
from bisector.search import sweep_plan
from bisector.search.sweep_plan import Segment
from bisector.system.files import digest


@dataclass(frozen=True)
class Choice:
    """The commits of a range to probe: its releases (``tags``), or each ``every``-th commit.

    With neither, at most sweep_plan.DEFAULT_COUNT commits at a constant stride.
    """

    tags: bool = False
    every: int = 0


@dataclass(frozen=True)
class SweepQuestion:
    """The commits to judge. ``commits`` are those of the range with its old end, parents first.

    ``places`` are the indexes of those to probe. ``flaky``: one pass is not enough for good.
    """

    range: Range
    commits: tuple[str, ...]
    places: tuple[int, ...]
    flaky: bool = False

    @property
    def revisions(self) -> tuple[str, ...]:
        """The commits to probe (full hashes), parents first."""
        return tuple(self.commits[place] for place in self.places)

    @property
    def order(self) -> tuple[str, ...]:
        """The revisions in the order in which they are probed."""
        revisions = self.revisions
        return tuple(revisions[index] for index in sweep_plan.coarse_to_fine(len(revisions)))

    @property
    def runs(self) -> int:
        """The least number of passes for a revision to be good."""
        return CONFIRM_RUNS if self.flaky else 1


@dataclass(frozen=True)
class SweepPlan:
    """A sweep that is ready to start, the name of its journal, and its estimated work."""

    question: SweepQuestion
    context: Context
    name: str
    estimate: Estimate


def plan(asked: Asked, range_text: str, choice: Choice, fresh: bool = False) -> SweepPlan:
    """Prepare the sweep of *range_text*; nothing is written except to caches.

    Raises NoRelease and other BisectorErrors.
    """
    if asked.options.patches:
        raise UsageProblem("sweep tests the revisions as they are", "leave --patch out")
    test, history = asked.test, asked.history
    span = history.range(range_text)
    commits = (span.old.id, *span.commits)
    question = SweepQuestion(span, commits, choose(history, span, choice), test.flaky)
    context = asked.context
    name = sweep_id(question, context)
    cost = estimate(context, commits, question.order, question.runs, name, fresh)
    return SweepPlan(question, context, name, cost)


def choose(history: History, span: Range, choice: Choice) -> tuple[int, ...]:
    """The indexes of the commits to probe; that of the old end is 0. Raises NoRelease."""
    commits = (span.old.id, *span.commits)
    if not choice.tags:
        stride = choice.every or sweep_plan.stride_for(len(commits))
        return tuple(sweep_plan.every(len(commits), stride))
    if places := tuple(place for place, commit in enumerate(commits) if commit in history.tags):
        return places
    raise NoRelease(f"{span.text} has no release tag", "fetch the tags, or use --every N")


def sweep_id(question: SweepQuestion, context: Context) -> str:
    """The name of the job: 12 hex digits, equal for the same question on the same machine."""
    return digest(
        *(
            Job.SWEEP,
            RULES,
            context.identity,
            str(question.flaky),
            question.range.old.id,
            *question.revisions,
        ),
    )[:12]


def run(plan: SweepPlan, execution: Execution) -> JobResult:
    """Carry out a plan, or resume it if an earlier run was interrupted."""
    started = started_job(
        Job.SWEEP,
        plan.context,
        None,
        execution,
        plan.question.range,
        len(plan.question.places),
    )
    return carry_out(
        plan.context,
        plan.name,
        started,
        execution,
        lambda prober: Sweep(plan.question, prober).run(),
    )


class Sweep:
    """Judges the commits of a question. The results are appended to the prober's journal."""

    def __init__(self, question: SweepQuestion, prober: Prober) -> None:
        self.question = question
        self.prober = prober
        self.journal = prober.journal
        self._history = prober.context.history
        self._graph = self._history.graph(question.commits).only(set(question.revisions))
        self._learner = SurveyLearner(prober, self._graph, Purpose.SWEEP, question.flaky)

    def run(self) -> None:
        """Probe every revision, re-test the odd ones, then record the stretches.

        A resumed sweep makes the same probes in the same order, so the journal answers those that
        an earlier session made.
        """
        if remark := self.prober.toolchains.remark:
            self.journal.note(Noted(remark))
        if self.prober.context.oracle.unit:  # values of two compilers cannot be compared
            self.prober.leave_nothing_to_fallback()
        self.prober.order(self.question.commits)
        runs = self._probe_undecided(0)
        self._learner.from_ends()
        self._learner.from_all()
        self._probe_undecided(runs)  # by what was learnt, more runs may be needed
        # re-tests are numbered after the highest possible number of first runs
        first = MOST_RUNS if self.question.flaky else RUNS
        while odd := self._odd_to_retest():
            toolchain = self.prober.toolchains.proof or self.prober.toolchains.search
            for run in range(first, first + self._passes().needed):
                self._probe(odd, run, Purpose.RETEST, toolchain)
        self._write()

    def _probe_undecided(self, run: int) -> int:
        """Probe the revisions until each has its first ruling; *run* is the number of the run.

        The number of runs.
        """
        while run < (needed := self._passes().needed):
            known = self._learner.verdicts() if run else {}
            undecided = [
                revision
                for revision in self.question.order
                if not sweep_plan.first_ruling(known.get(revision, ()), needed)
            ]
            self._probe(undecided, run, Purpose.SWEEP, None)
            run += 1
        return run

    def _passes(self) -> Passes:
        """The number of passes needed to judge a revision good, estimated without the re-tests."""
        if not self.question.flaky:
            return ONCE
        known = self._learner.verdicts().values()
        return passes_of([run for run in runs if run.purpose != Purpose.RETEST] for runs in known)

    def _probe(
        self, revisions: Sequence[str], run: int, purpose: Purpose, toolchain: Toolchain | None
    ) -> None:
        """Probe all *revisions* once; *run* is the number of the run.

        One probe more than the executor has jobs is kept pending, so that it is built while others
        are tested. Revisions with equal content wait for the first of them, whose result they get.
        """
        alike: dict[str, list[str]] = {}
        for revision in revisions:
            tree = self._history.tree_id(revision)
            alike.setdefault(content_key(self._history.store, tree), []).append(revision)
        waiting = deque(alike.values())
        pending: dict[Ticket, list[str]] = {}
        done = 0

        def progress() -> str:
            return f"{done} of {len(revisions)} done"

        while waiting or pending:
            while waiting and len(pending) <= self.prober.executor.jobs:
                first, *others = waiting.popleft()
                pending[self.prober.start(first, purpose, run, toolchain)] = others
            ticket = self.prober.first(pending, progress)
            for other in pending.pop(ticket):
                pending[self.prober.start(other, purpose, run, toolchain)] = []
            done += 1

    def _segments(self, runs_of: Mapping[str, Sequence[Probed]]) -> list[Segment]:
        """The segments of equal rulings; *runs_of* has all runs of each revision."""
        rulings, needed = [], self._passes().needed
        for revision in self._graph.revisions:
            ruling = sweep_plan.last_ruling(runs_of[revision], needed)
            assert ruling
            rulings.append(ruling)
        return sweep_plan.segments(self._graph, rulings)

    def _odd_to_retest(self) -> list[str]:
        """The odd revisions that lack re-tests; their re-tests may make further revisions odd."""
        runs_of = self._learner.verdicts()
        segments = self._segments(runs_of)
        odd = (index for segment in segments if segment.odd for index in segment.indexes)
        revisions, needed = (self._graph.revisions[index] for index in odd), self._passes().needed
        return [rev for rev in revisions if sweep_plan.retests(runs_of[rev]) < needed]

    def _write(self) -> None:
        """Record the stretches, the re-tests, the notes, and the end."""
        runs_of = self._learner.verdicts()
        bad: set[str] = set()
        for segment in self._segments(runs_of):
            revisions = tuple(self._graph.revisions[index] for index in segment.indexes)
            verdict = segment.ruling.verdict
            reason = "" if verdict.tested else segment.ruling.reason
            ends = (self._place(revisions[0]), self._place(revisions[-1]))
            self.journal.note(Stretch(*ends, revisions, verdict, reason, segment.odd))
            bad.update(revisions if verdict is Verdict.BAD else ())
        for revision in self._graph.revisions:
            if sweep_plan.retests(runs_of[revision]):
                self.journal.note(self._retested(revision, runs_of[revision]))
        note_other_failures(self.prober)
        for text in self._remarks(bad):
            self.journal.note(Noted(text))
        tags = (self._history.tags.get(rev, []) for rev in self._graph.revisions if rev in bad)
        self.journal.note(Ended(ANSWERED, tuple(name for names in tags for name in names)))

    def _place(self, revision: str) -> str:
        """The name of a revision as `git describe --contains` or else `git describe` gives it."""
        place = self._history.place(revision, self.question.commits)
        return place or self._history.release(revision)

    def _retested(self, revision: str, runs: Sequence[Probed]) -> Retested:
        needed = self._passes().needed
        before, after = sweep_plan.first_ruling(runs, needed), sweep_plan.last_ruling(runs, needed)
        assert before and after  # a re-tested revision has all its runs
        toolchain = next(run.toolchain for run in runs if run.purpose == Purpose.RETEST)
        name = self._place(revision)
        return Retested(name, revision, before.verdict, after.verdict, toolchain, after.reason)

    def _remarks(self, bad: Collection[str]) -> Iterator[str]:
        if gap := sweep_plan.widest_gap(self.question.places):
            total = len(self.question.commits)
            yield (
                f"{len(self.question.places)} of {total} commits were probed, up to {gap} between "
                "two of them were not: --all probes every commit"
            )
        yield from caveats(self.prober.toolchains.search, self._passes())
