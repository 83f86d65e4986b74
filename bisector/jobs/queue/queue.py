"""The job of `queue`: decide on the fixes for one or more branches, and deliver their series."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from bisector import __version__
from bisector.errors import WouldOverwrite
from bisector.git.history import History
from bisector.jobs import catalog, runner
from bisector.jobs.queue import own_tests, series_check, source
from bisector.jobs.queue.decisions import Decision, Decisions, original
from bisector.jobs.queue.delivery import Delivery, hand_over
from bisector.jobs.queue.known import Known
from bisector.jobs.queue.plan import Planner
from bisector.jobs.queue.public_names import named_publicly
from bisector.jobs.queue.source import Line, Source
from bisector.jobs.runner import Execution
from bisector.patch.model import Series as Patches
from bisector.probing.executors import TESTS_A_CORE
from bisector.probing.prober import Prober
from bisector.probing.setup import Asked
from bisector.record.events import ANSWERED, Ended, Event, Noted, Started
from bisector.record.journal import Journal
from bisector.record.queue_events import Queued, Series
from bisector.record.words import Job
from bisector.system.files import digest
from bisector.system.slots import cores

# Part of the job's name. Raise it when a change of the code gives another answer to the same
# question, so that a finished journal is not reused.
_RULES = 2


@dataclass(frozen=True)
class Wishes:
    """What the user asks of a queue.

    ``branches`` are names, of which each takes from the one above it and the first one from
    ``taken_from`` ('': see source.above). ``commits`` limit the fixes to these, ``since`` (a
    revision or a date) to those after. ``plan``: nothing is built or tested.
    """

    branches: tuple[str, ...]
    commits: tuple[str, ...] = ()
    taken_from: str = ""
    since: str = ""
    plan: bool = False
    delivery: Delivery = field(default_factory=Delivery)


def queue(asked: Asked, wishes: Wishes, execution: Execution) -> runner.JobResult:
    """Decide on the fixes that *wishes* mean, and deliver the series.

    WouldOverwrite is returned as the result's ``problem``. Raises UsageProblem, NoSuchRevision and
    what a probe raises; all errors of the user before anything is built.
    """
    history = asked.history.with_store()
    lines = source.newest_first([source.find_line(history, name) for name in wishes.branches])
    above = (
        source.find_line(history, wishes.taken_from)
        if wishes.taken_from
        else source.above(history, lines[0])
    )
    if above.name == above.tip:  # a whole hash, which reports name in many lines
        above = replace(above, name=above.tip[:10])
    first = source.find_source(history, lines[0], above, wishes.since, wishes.commits)
    for upper, lower in pairwise(lines):
        source.require_common(history, lower, upper)
    created = wishes.delivery.created([line.name for line in lines], history)
    decisions = Decisions(asked.workspace, history)
    job = _Queue(history, lines, first, wishes, created, decisions, execution.watcher.progress)
    result = job.run(asked, execution)
    try:
        hand_over(history, wishes.delivery, _series(result.events))
    except WouldOverwrite as problem:
        return replace(result, problem=problem)
    return result


def _series(events: Sequence[Event]) -> list[Series]:
    return list({event.branch: event for event in events if isinstance(event, Series)}.values())


class _Queue:
    """Goes down the branches, each with the series of the one above it."""

    def __init__(
        self,
        history: History,
        lines: Sequence[Line],
        first: Source,
        wishes: Wishes,
        created: Mapping[str, str],
        decisions: Decisions,
        progress: Callable[[str], None],
    ) -> None:
        self._history, self._lines, self._first = history, lines, first
        self._wishes, self._created = wishes, created
        self._decisions, self._progress = decisions, progress

    def run(self, asked: Asked, execution: Execution) -> runner.JobResult:
        names = ", ".join(line.name for line in self._lines)
        over = f"{names} from {self._first.line.name}"
        about = (_RULES, self._wishes, self._lines, self._first.line, self._decisions.text())
        if self._wishes.plan:
            started = self._started(execution, over)
            name = digest(str(self._history.path), *map(repr, about))[:12]
            return runner.without_probes(asked.workspace, name, started, execution, self._plan)
        context = replace(asked.context, history=self._history)
        execution = replace(execution, tests=TESTS_A_CORE * cores())
        started = runner.started_job(Job.QUEUE, context, None, execution, over, self._count)
        name = catalog.job_id(Job.QUEUE, context, Patches(()), (), *about)
        return runner.carry_out(context, name, started, execution, self._work)

    def _started(self, execution: Execution, over: str) -> Started:
        """The first event of a job that builds nothing."""
        return Started(
            command=execution.command,
            repository=str(self._history.path),
            range=over,
            old="",
            new="",
            commits=self._count,
            scenario="",
            variant="",
            toolchain="",
            patches=(),
            blind=False,
            version=__version__,
            at=round(time.time(), 3),
            job=Job.QUEUE,
        )

    @property
    def _count(self) -> int:
        return len(self._first.commits)

    def _plan(self, journal: Journal) -> None:
        self._go_down(journal, None)

    def _work(self, prober: Prober) -> None:
        self._go_down(prober.journal, prober)

    def _go_down(self, journal: Journal, prober: Prober | None) -> None:
        at: Source | None = self._first
        for line, lower in zip(self._lines, (*self._lines[1:], None), strict=True):
            if at is None:
                journal.note(Noted(f"nothing comes down to {line.name}"))
            else:
                rows, series = self._branch(at, prober)
                for event in (*rows, series):
                    journal.note(event)
                line = replace(line, tip=series.tip)
            at = self._below(line, lower) if lower else None
        journal.note(Ended(ANSWERED, ()))

    def _below(self, line: Line, lower: Line) -> Source | None:
        """What *lower* can take from *line* with its series; None for nothing."""
        commits = tuple(map(self._pick_of(line), self._wishes.commits))
        named = tuple(filter(None, commits))
        if self._wishes.commits and not named:
            return None
        return source.find_source(self._history, lower, line, "", named)

    def _pick_of(self, line: Line) -> Callable[[str], str]:
        """A function from a commit that the user named to its pick on *line*, '' without one."""
        picks = source.picks_on(self._history, self._first.base, line)
        return lambda name: picks.get(original(self._history, self._history.resolve(name).id), "")

    def _branch(self, at: Source, prober: Prober | None) -> tuple[list[Queued], Series]:
        """The rows and the series of one branch."""
        known, progress = Known(self._history, at), self._progress
        tested = own_tests.tested(prober, known, at.commits, progress) if prober else {}
        planner = Planner(known, self._decided(at), progress, tested)
        rows, picks, built = planner.rows(), planner.series.picks, False
        if prober:
            there = planner.series.there
            checked = series_check.check(prober, at, rows, picks, there, progress)
            rows, picks, built = list(checked.rows), dict(checked.picks), checked.built
        commits = tuple(picks.values())
        series = Series(
            branch=at.branch.name,
            source=at.line.name,
            base=at.branch.tip,
            tip=commits[-1] if commits else at.branch.tip,
            commits=commits,
            origins=tuple(picks),
            built=built,
            others=len(set(at.commits) - {row.revision for row in rows}),
            files=self._wishes.delivery.files(self._history, at.branch.name, commits),
            created=self._created.get(at.branch.name, "") if commits else "",
        )
        return named_publicly(self._history, rows), series

    def _decided(self, at: Source) -> Mapping[str, Decision]:
        """The decisions for a branch, by the commit of the line that it takes from."""
        decided = self._decisions.of(at.branch.name)
        return dict(self._by_commit(at, decided)) if decided else {}

    def _by_commit(
        self, at: Source, decided: Mapping[str, Decision]
    ) -> Iterator[tuple[str, Decision]]:
        for commit in at.commits:
            if one := decided.get(commit) or decided.get(original(self._history, commit)):
                yield commit, one
