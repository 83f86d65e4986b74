"""Conduct a job: open its journal, say what was asked, do the work, and hand out what was found."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bisector import __version__
from bisector.errors import BisectorError, NoTransitionSeen, NoWitness, UnusableEnds, UsageProblem
from bisector.jobs.catalog import journal_of
from bisector.patch.model import Series
from bisector.probing.context import Bench
from bisector.probing.dask.client import Cluster
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.executors import Executor, Local, default_jobs
from bisector.probing.prober import Prober
from bisector.record.events import ANSWERED, Ended, Event, Noted, Probed, Started
from bisector.record.journal import Journal
from bisector.record.words import Job
from bisector.system.workspace import Workspace


class Watcher(Protocol):
    """Somebody who wants to see how it goes; what is ``doing`` is seen only by who is ``there``."""

    @property
    def interactive(self) -> bool: ...

    def progress(self, text: str) -> None: ...

    def handle(self, event: Event) -> None: ...


@dataclass(frozen=True)
class JobResult:
    """A job's journal with its events, and what prevented an answer, if something did."""

    journal: Path
    events: tuple[Event, ...]
    problem: BisectorError | None


@dataclass(frozen=True)
class Execution:
    """How a job is to be done, whatever it is about.

    ``tests`` is how many tests may run beside the builds (0: as many as those), ``fresh`` that
    nothing is to be taken from earlier ones. Probes run here unless there is a ``cluster``.
    """

    command: str
    watcher: Watcher
    jobs: int = 0
    tests: int = 0
    fresh: bool = False
    cluster: Scheduler | None = None


def notifier(watcher: Watcher) -> Callable[[str], None]:
    """How to let *watcher* know of what is no part of the answer, on a terminal or not."""
    return lambda text: watcher.handle(Noted(text))


def started_job(
    job: Job,
    bench: Bench,
    series: Series | None,
    execution: Execution,
    *,
    range: str,
    old: str = "",
    new: str = "",
    commits: int,
    blind: bool = False,
) -> Started:
    """How the journal of a *job* begins; *range* and *commits* are what it is about, how many."""
    return Started(
        command=execution.command,
        repository=str(bench.history.path),
        range=range,
        old=old,
        new=new,
        commits=commits,
        scenario=bench.oracle.name,
        variant=bench.oracle.variant if job in (Job.RUN, Job.AFFECTED, Job.SWEEP) else "",
        toolchain=bench.chains.search.name,
        patches=tuple(patch.subject for patch in series.patches) if series else (),
        blind=blind,
        version=__version__,
        at=round(time.time(), 3),
        job=job,
        sandbox=bench.sandbox.said if bench.sandbox else "",
    )


def carry_out(
    bench: Bench,
    name: str,
    started: Started,
    execution: Execution,
    work: Callable[[Prober], None],
    wanted: type[Event] = Ended,
) -> JobResult:
    """Do *work* with the journal called *name*, unless an earlier session brought it to its end.

    An end without a *wanted* event is none: then the work goes on from there.
    That there is no answer is part of the outcome; other BisectorErrors are raised.
    """
    with journal_of(bench.workspace, name, execution.fresh) as journal:
        if execution.cluster and execution.cluster.same:
            _refuse_foreign(journal)
        journal.listeners.append(execution.watcher.handle)
        if not any(isinstance(event, Started) for event in journal.events):
            journal.append(started)
        if journal.replaced:
            said = f"the journal of another version of bisector was set aside: {journal.replaced}"
            journal.note(Noted(said))
        if journal.damaged:
            said = f"{journal.damaged} damaged lines of the journal were left out and done again"
            journal.note(Noted(said))
        if bench.unboxed:  # perhaps in this session only
            journal.note(Noted(f"not sandboxed: {bench.unboxed}"))
        problem: BisectorError | None = None
        try:
            if journal.damaged or not _answered(journal, wanted):
                progress = execution.watcher.progress if execution.watcher.interactive else None
                with _executor(bench.workspace, execution) as executor:
                    work(Prober(bench, journal, executor, progress, execution.fresh))
        except (UnusableEnds, NoWitness, NoTransitionSeen) as error:
            problem = error
        return JobResult(journal.path, tuple(journal.events), problem)


def _executor(workspace: Workspace, execution: Execution) -> AbstractContextManager[Executor]:
    if execution.cluster:
        return Cluster(workspace, execution.cluster, notifier(execution.watcher), execution.jobs)
    return Local(workspace, execution.jobs or default_jobs(), execution.tests)


def _refuse_foreign(journal: Journal) -> None:
    """Raise UsageProblem if workers with other tools gave some of the answers in *journal*."""
    if any(isinstance(event, Probed) and event.foreign for event in journal.events):
        what = "workers with other tools gave some of the answers that this job has so far"
        raise UsageProblem(what, "add --fresh to begin anew, or leave --same-toolchain out")


def _answered(journal: Journal, wanted: type[Event]) -> bool:
    """Did an earlier session get to the end, and bring what is wanted?"""
    ends = [event.answer for event in journal.events if isinstance(event, Ended)]
    return ends[-1:] == [ANSWERED] and any(isinstance(event, wanted) for event in journal.events)
