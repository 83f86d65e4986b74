"""Run a job with its journal: record what was asked, do the work, return the events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bisector import __version__
from bisector.errors import BisectorError, NoTransitionSeen, NoWitness, UnusableEnds, UsageProblem
from bisector.git.history import Range
from bisector.jobs.catalog import journal_of
from bisector.patch.model import Series
from bisector.probing.context import Context
from bisector.probing.dask.client import Cluster
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.executors import Executor, Local, default_jobs
from bisector.probing.prober import Prober
from bisector.record.events import ANSWERED, Ended, Event, Noted, Probed, Started
from bisector.record.journal import Journal
from bisector.record.words import Job
from bisector.system.workspace import Workspace


class Watcher(Protocol):
    """Displays a job: its events, and its progress, which is visible only on a terminal."""

    @property
    def interactive(self) -> bool:
        """Whether progress is visible."""
        ...

    def progress(self, text: str) -> None:
        """Display what is in progress."""

    def handle(self, event: Event) -> None:
        """Display an event of the journal."""


@dataclass(frozen=True)
class JobResult:
    """The path of a job's journal, its events, and the problem that prevented an answer, if any."""

    journal: Path
    events: tuple[Event, ...]
    problem: BisectorError | None


@dataclass(frozen=True)
class Execution:
    """How to execute a job.

    ``command`` is the command line, for the journal. ``jobs`` is the number of parallel builds (0:
    default_jobs()), ``tests`` that of parallel tests (0: as many as builds). ``fresh``: use no
    results of earlier jobs. Probes run on this machine unless there is a ``cluster``. A job that is
    ``part_of`` another one, whose name that is, uses its ``executor``.
    """

    command: str
    watcher: Watcher
    jobs: int = 0
    tests: int = 0
    fresh: bool = False
    cluster: Scheduler | None = None
    part_of: str = ""
    executor: Executor | None = None


def notifier(watcher: Watcher) -> Callable[[str], None]:
    """A function that displays a note which is not recorded in a journal."""
    return lambda text: watcher.handle(Noted(text))


def started_job(
    job: Job,
    context: Context,
    series: Series | None,
    execution: Execution,
    over: Range | str,
    commits: int,
    *,
    blind: bool = False,
) -> Started:
    """The first event of a *job*'s journal; see Started for *commits*.

    A job is *over* a range, or over revisions that are named in a text. The scenario's variant is
    that of all probes of a range; otherwise each test has its own.
    """
    span = over if isinstance(over, Range) else None
    return Started(
        command=execution.command,
        repository=str(context.history.path),
        range=span.text if span else str(over),
        old=span.old.id if span else "",
        new=span.new.id if span else "",
        commits=commits,
        scenario=context.oracle.name,
        variant=context.oracle.variant if span else "",
        toolchain=context.toolchains.search.name,
        patches=tuple(patch.subject for patch in series.patches) if series else (),
        blind=blind,
        version=__version__,
        at=round(time.time(), 3),
        job=job,
        sandbox=context.sandbox.said if context.sandbox else "",
        test=context.oracle.own_test,
        options=context.options,
        part_of=execution.part_of,
    )


def carry_out(
    context: Context,
    name: str,
    started: Started,
    execution: Execution,
    work: Callable[[Prober], None],
    last: type[Event] = Ended,
) -> JobResult:
    """Do *work* with the journal called *name*, unless an earlier session finished it.

    It is finished if the journal has an answer and an event of the type *last*. UnusableEnds,
    NoWitness and NoTransitionSeen are returned as the result's ``problem``; other BisectorErrors
    are raised.
    """
    with journal_of(context.workspace, name, execution.fresh) as journal:
        if execution.cluster and execution.cluster.same:
            _refuse_foreign(journal)
        journal.listeners.append(execution.watcher.handle)
        if not any(isinstance(event, Started) for event in journal.events):
            journal.append(started)
        remarks = (*context.history.remarks, context.sandbox_remark)
        for text in _notes(journal, remarks):
            journal.note(Noted(text))
        problem: BisectorError | None = None
        try:
            if journal.damaged or not _is_finished(journal, last):
                progress = execution.watcher.progress if execution.watcher.interactive else None
                with _executor(context.workspace, execution) as executor:
                    work(Prober(context, journal, executor, progress, execution.fresh))
        except (UnusableEnds, NoWitness, NoTransitionSeen) as error:
            problem = error
        return JobResult(journal.path, tuple(journal.events), problem)


def without_probes(
    workspace: Workspace,
    name: str,
    started: Started,
    execution: Execution,
    work: Callable[[Journal], None],
) -> JobResult:
    """Do *work*, which builds and tests nothing, with the journal called *name*, made anew."""
    with journal_of(workspace, name, fresh=True) as journal:
        journal.listeners.append(execution.watcher.handle)
        journal.append(started)
        work(journal)
        return JobResult(journal.path, tuple(journal.events), None)


def _notes(journal: Journal, remarks: Iterable[str]) -> Iterator[str]:
    """Notes on the state of the journal, and the *remarks* of this session."""
    if journal.replaced:
        yield f"the journal of another version of bisector was set aside: {journal.replaced}"
    if journal.damaged:
        yield f"{journal.damaged} damaged lines of the journal were ignored, their work is repeated"
    yield from filter(None, remarks)


def _executor(workspace: Workspace, execution: Execution) -> AbstractContextManager[Executor]:
    if execution.executor:
        return nullcontext(execution.executor)
    if execution.cluster:
        return Cluster(workspace, execution.cluster, notifier(execution.watcher), execution.jobs)
    return Local(workspace, execution.jobs or default_jobs(), execution.tests)


def _refuse_foreign(journal: Journal) -> None:
    """Raise UsageProblem if *journal* has results of workers with other tools."""
    if any(isinstance(event, Probed) and event.foreign for event in journal.events):
        what = "some results of this job are from workers with other tools"
        raise UsageProblem(what, "add --fresh to start again, or leave --same-toolchain out")


def _is_finished(journal: Journal, last: type[Event]) -> bool:
    """Whether an earlier session ended with an answer and recorded an event of the type *last*."""
    ends = [event.answer for event in journal.events if isinstance(event, Ended)]
    return ends[-1:] == [ANSWERED] and any(isinstance(event, last) for event in journal.events)
