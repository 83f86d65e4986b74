"""Conduct one hunt: gather what it needs, open its journal, run it, and hand out what it said."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bisector import __version__, session
from bisector.errors import BisectorError, NoTransitionSeen, NoWitness, UnusableEnds
from bisector.events import ANSWERED, Ended, Event, Noted, Started
from bisector.executors import Local, default_jobs
from bisector.hunt import Hunt, Question
from bisector.journal import Journal
from bisector.prober import Bench, Prober
from bisector.scenario import Known
from bisector.session import Options, Test
from bisector.workspace import Workspace


class Watcher(Protocol):
    """Somebody who wants to see how it goes."""

    def doing(self, what: str) -> None: ...

    def told(self, event: Event) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """A hunt's journal, and what kept it from an answer, if something did."""

    journal: Path
    events: tuple[Event, ...]
    problem: BisectorError | None


def conduct(
    workspace: Workspace,
    options: Options,
    range_text: str,
    *,
    blind: bool,
    fresh: bool,
    command: str,
    watcher: Watcher,
) -> Outcome:
    """Hunt over *range_text*, going on from where an earlier run of the same hunt stopped.

    That the range cannot be answered is part of the outcome; other BisectorErrors are raised.
    """
    test = session.find_test(options)
    history = session.find_history(options, workspace, watcher.doing)
    series = session.find_series(options.patches, test.known, history)
    span = history.range(range_text)
    bench = session.find_bench(options, workspace, history, test)
    question = Question(
        span,
        Known() if blind else test.known,
        series,
        blind,
        () if blind else test.tags,
        options.hint,
        options.flaky or test.flaky,
    )
    name = session.hunt_id(question, bench)
    with session.journal_of(workspace, name, fresh) as journal:
        journal.listeners.append(watcher.told)
        if not any(isinstance(event, Started) for event in journal.events):
            journal.append(_started(question, bench, test, command))
        if journal.damaged:
            said = f"{journal.damaged} damaged lines of the journal were left out and done again"
            journal.note(Noted(said))
        problem: BisectorError | None = None
        try:
            if journal.damaged or not _answered(journal):
                jobs = options.jobs or default_jobs()
                with Local(workspace, jobs) as executor:
                    prober = Prober(bench, journal, executor, watcher.doing, fresh)
                    Hunt(question, prober).run()
        except (UnusableEnds, NoWitness, NoTransitionSeen) as error:
            problem = error
        return Outcome(journal.path, tuple(journal.events), problem)


def _answered(journal: Journal) -> bool:
    """Did an earlier session get to the end?"""
    ends = [event.answer for event in journal.events if isinstance(event, Ended)]
    return ends[-1:] == [ANSWERED]


def _started(question: Question, bench: Bench, test: Test, command: str) -> Started:
    span, series = question.range, question.series
    return Started(
        command=command,
        repository=str(bench.history.path),
        range=span.text,
        old=span.old.id,
        new=span.new.id,
        commits=len(span.commits),
        scenario=test.oracle.name,
        variant=test.oracle.variant,
        toolchain=bench.chains.search.name,
        patches=tuple(patch.subject for patch in series.patches) if series else (),
        blind=question.blind,
        version=__version__,
        at=round(time.time(), 3),
    )
