"""A verdict on each of a range's releases, each n-th of its commits, or all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bisector.build.toolchain import Toolchain
from bisector.errors import NoRelease, UsageProblem
from bisector.git.history import History, Range
from bisector.git.object_store import content_key
from bisector.jobs.hunt.proof import CONFIRM_RUNS, MOST_RUNS, ONCE, Passes, how_judged, passes_of
from bisector.jobs.runner import Execution, JobResult, carry_out, started_job
from bisector.jobs.survey.estimate import estimate
from bisector.probing.context import Bench
from bisector.probing.prober import Prober
from bisector.probing.setup import Asked
from bisector.probing.ticket import Ticket
from bisector.record.events import ANSWERED, Ended, Noted, Probed, Retested, Stretch
from bisector.record.verdict import Verdict
from bisector.record.words import Job, Purpose
from bisector.record.work_estimate import Estimate
from bisector.search import sweep_plan
from bisector.search.sweep_plan import Segment
from bisector.system.workspace import digest


@dataclass(frozen=True)
class Choice:
    """Which commits of a range: its releases (``tags``), or each so-many-th (``every``).

    Neither: as many as sweep_plan.DEFAULT_COUNT, evenly spaced.
    """

    tags: bool = False
    every: int = 0


@dataclass(frozen=True)
class Question:
    """What is asked about: ``commits`` is all of the range with its old end, parents first.

    ``places`` says which of them are to be probed, ``flaky`` that one pass does not say good.
    """

    range: Range
    commits: tuple[str, ...]
    places: tuple[int, ...]
    flaky: bool = False

    @property
    def revisions(self) -> tuple[str, ...]:
        return tuple(self.commits[place] for place in self.places)

    @property
    def order(self) -> tuple[str, ...]:
        """The revisions as they are best probed."""
        revisions = self.revisions
        return tuple(revisions[index] for index in sweep_plan.coarse_to_fine(len(revisions)))

    @property
    def runs(self) -> int:
        """How often a revision has to pass to be good, at least."""
        return CONFIRM_RUNS if self.flaky else 1


@dataclass(frozen=True)
class Plan:
    """A sweep that can begin, and what it would take."""

    question: Question
    bench: Bench
    name: str
    estimate: Estimate


def plan(asked: Asked, range_text: str, choice: Choice, fresh: bool = False) -> Plan:
    """What is to be done, and what of it earlier runs did. Raises NoRelease, other BisectorErrors.

    Nothing is written but to the caches.
    """
    if asked.options.patches:
        raise UsageProblem("sweep tests the revisions as they are", "leave --patch out")
    test, history = asked.test, asked.history
    span = history.range(range_text)
    commits = (span.old.id, *span.commits)
    question = Question(span, commits, choose(history, span, choice), test.flaky)
    bench = asked.bench
    name = sweep_id(question, bench)
    cost = estimate(bench, commits, question.order, question.runs, name, fresh)
    return Plan(question, bench, name, cost)


def choose(history: History, span: Range, choice: Choice) -> tuple[int, ...]:
    """The places of the commits that are to be probed; the old end's is 0. Raises NoRelease."""
    commits = (span.old.id, *span.commits)
    if not choice.tags:
        stride = choice.every or sweep_plan.stride_for(len(commits))
        return tuple(sweep_plan.every(len(commits), stride))
    if places := tuple(place for place, one in enumerate(commits) if one in history.tags):
        return places
    raise NoRelease(f"{span.text} has no release tag", "fetch the tags, or take --every N")


def sweep_id(question: Question, bench: Bench) -> str:
    """A name for the job: the same question on the same machine has the same one."""
    return digest(
        *(
            Job.SWEEP,
            bench.identity,
            str(question.flaky),
            question.range.old.id,
            *question.revisions,
        ),
    )[:12]


def run(plan: Plan, execution: Execution) -> JobResult:
    """Do what was planned, going on from where an earlier run stopped."""
    span = plan.question.range
    started = started_job(
        Job.SWEEP,
        plan.bench,
        None,
        execution,
        range=span.text,
        old=span.old.id,
        new=span.new.id,
        commits=len(plan.question.places),
    )
    return carry_out(
        plan.bench, plan.name, started, execution, lambda prober: Sweep(plan.question, prober).run()
    )


class Sweep:
    """Finds the verdicts; what it finds goes to the prober's journal."""

    def __init__(self, question: Question, prober: Prober) -> None:
        self.question = question
        self.prober = prober
        self.journal = prober.journal
        self._history = prober.bench.history
        self._graph = self._history.graph(question.commits).only(set(question.revisions))

    def run(self) -> None:
        """Probe every revision, the odd ones again, then write down the stretches.

        What the journal has already is not asked again: the same questions in the same order.
        """
        if remark := self.prober.chains.remark:
            self.journal.note(Noted(remark))
        self.prober.order(self.question.commits)
        run = 0
        while run < (needed := self._passes().needed):
            told = self.prober.verdicts() if run else {}
            runs = {revision: told.get(revision, ()) for revision in self.question.order}
            asked = [one for one, some in runs.items() if not sweep_plan.first_ruling(some, needed)]
            self._ask(asked, run, Purpose.SWEEP, None)
            run += 1
        # so many first runs there may be, whatever was learnt of how many are needed
        first = MOST_RUNS if self.question.flaky else 1
        while odd := self._doubtful():
            chain = self.prober.chains.proof or self.prober.chains.search
            for run in range(first, first + self._passes().needed):
                self._ask(odd, run, Purpose.RETEST, chain)
        self._write()

    def _passes(self) -> Passes:
        """How many passes call a revision good; re-tests tell nothing of that."""
        if not self.question.flaky:
            return ONCE
        told = self.prober.verdicts().values()
        return passes_of([run for run in runs if run.purpose != Purpose.RETEST] for runs in told)

    def _ask(
        self, revisions: Sequence[str], run: int, purpose: Purpose, chain: Toolchain | None
    ) -> None:
        """Keep the machine busy, one build beside the test of the last.

        Of those that build the same, one is probed, and the others know then.
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
                pending[self.prober.start(first, purpose, run, chain)] = others
            told = self.prober.first(pending, progress)
            for other in pending.pop(told):
                pending[self.prober.start(other, purpose, run, chain)] = []
            done += 1

    def _rows(self, told: Mapping[str, Sequence[Probed]]) -> list[Segment]:
        """The stretches as they stand, when each revision had its runs."""
        rulings, needed = [], self._passes().needed
        for revision in self._graph.revisions:
            ruling = sweep_plan.last_ruling(told[revision], needed)
            assert ruling
            rulings.append(ruling)
        return sweep_plan.segments(self._graph, rulings)

    def _doubtful(self) -> list[str]:
        """The odd revisions that were not tested again; what comes of that may make others odd."""
        told = self.prober.verdicts()
        odd = (index for row in self._rows(told) if row.odd for index in row.indexes)
        revisions, needed = (self._graph.revisions[index] for index in odd), self._passes().needed
        return [one for one in revisions if sweep_plan.retests(told[one]) < needed]

    def _write(self) -> None:
        """The stretches, what the re-tests said, what the reader should know, and the end."""
        told = self.prober.verdicts()
        rows = self._rows(told)
        bad: set[str] = set()
        for row in rows:
            revisions = tuple(self._graph.revisions[index] for index in row.indexes)
            verdict = row.ruling.verdict
            reason = "" if verdict.tested else row.ruling.reason
            ends = (self._place(revisions[0]), self._place(revisions[-1]))
            self.journal.note(Stretch(*ends, revisions, verdict, reason, row.odd))
            bad.update(revisions if verdict is Verdict.BAD else ())
        for revision in self._graph.revisions:
            if sweep_plan.retests(told[revision]):
                self.journal.note(self._retested(revision, told[revision]))
        for text in self._remarks(bad):
            self.journal.note(Noted(text))
        tags = (self._history.tags.get(one, []) for one in self._graph.revisions if one in bad)
        self.journal.note(Ended(ANSWERED, tuple(name for names in tags for name in names)))

    def _place(self, revision: str) -> str:
        place = self._history.place(revision, self.question.commits)
        return place or self._history.release(revision)

    def _retested(self, revision: str, runs: Sequence[Probed]) -> Retested:
        needed = self._passes().needed
        before, after = sweep_plan.first_ruling(runs, needed), sweep_plan.last_ruling(runs, needed)
        assert before and after  # both had their runs, or it was not re-tested
        chain = next(run.toolchain for run in runs if run.purpose == Purpose.RETEST)
        name = self._place(revision)
        return Retested(name, revision, before.verdict, after.verdict, chain, after.reason)

    def _remarks(self, bad: Collection[str]) -> Iterator[str]:
        if gap := sweep_plan.widest_gap(self.question.places):
            total = len(self.question.commits)
            yield (
                f"{len(self.question.places)} of {total} commits were asked about, up to {gap} "
                "between two of them were not: --all leaves none out"
            )
        yield from how_judged(self.prober.chains.search, self._passes())
