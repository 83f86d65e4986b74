"""Jobs that are parts of a triage, and what it takes over from their journals."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bisector.jobs.runner import Execution, JobResult, Watcher
from bisector.jobs.triage.ranges import Span
from bisector.jobs.triage.repeatable import words_of
from bisector.probing.options import Options
from bisector.record.events import Confirmed, Event, Noted, Probed, Turned
from bisector.record.findings import all_found
from bisector.record.fork_events import Forked, OtherLine
from bisector.record.learnt import Learnt
from bisector.record.patch_events import Judged, RegTested
from bisector.record.summary import summarize
from bisector.record.triage_events import Part
from bisector.record.words import Change, Job


def execution_of(whole: Execution, words: Sequence[str], options: Options) -> Execution:
    """How to execute a part of the job *whole*; *words* and *options* are its command line."""
    command = shlex.join(["bisector", *words, *words_of(options)])
    return replace(whole, command=command, watcher=_Progress(whole.watcher))


class _Progress:
    """Displays the probes of a part; what it finds is displayed when it is taken over."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self.interactive = watcher.interactive

    def progress(self, text: str) -> None:
        self._watcher.progress(text)

    def handle(self, event: Event) -> None:
        if isinstance(event, Probed | Learnt):
            self._watcher.handle(event)


def turns(part: JobResult) -> list[Turned]:
    """The turns that a part took."""
    return [event for event in part.events if isinstance(event, Turned)]


def learnt(part: JobResult) -> Learnt | None:
    """What a part learnt of the bug; None if it learnt nothing."""
    found = [event for event in part.events if isinstance(event, Learnt) and not event.bug]
    return found[-1] if found else None


def has_introduction(hunt: JobResult) -> bool:
    """Whether a hunt found what introduced the bug."""
    return any(found.what is Change.INTRODUCTION for found in all_found(hunt.events))


def of_hunt(part: JobResult, span: Span) -> Iterator[Event]:
    """What a triage takes over from a hunt over *span*."""
    yield _done(part, span.text, span.words)
    confirmed = {
        (event.what, event.part): event
        for event in part.events
        if isinstance(event, Confirmed) and not event.bug
    }
    for found in all_found(part.events):
        yield found
        yield from filter(None, [confirmed.get((found.what, found.part))])
    yield from (event for event in part.events if isinstance(event, Forked | OtherLine))
    for event in part.events:
        if isinstance(event, Learnt) and event.bug:
            text = f"another bug was seen in {span.text}: {event.what}"
            yield Noted(f"{text}; 'bisector report {part.journal.parent.name}' has it")
    yield from _notes(part)


def of_verification(part: JobResult, revisions: Sequence[str]) -> Iterator[Event]:
    """What a triage takes over from a verification on *revisions*."""
    yield _done(part, ", ".join(revisions), ("verify", "--on", ",".join(revisions)))
    kinds = Judged | Confirmed | RegTested
    yield from (event for event in part.events if isinstance(event, kinds))
    yield from (Noted(turned.text) for turned in turns(part))
    yield from _notes(part)


def _done(part: JobResult, about: str, words: tuple[str, ...]) -> Part:
    summary = summarize(part.events)
    assert summary is not None  # carry_out() writes a Started event first
    ended = summary.ended
    answer = str(part.problem) if part.problem else ended.answer if ended else "unfinished"
    affected = ended.affected if ended and summary.started.job is Job.RUN else ()
    name = part.journal.parent.name
    return Part(summary.started.job, about, words, name, answer, affected, *summary.work)


def _notes(part: JobResult) -> Iterator[Noted]:
    yield from (event for event in part.events if isinstance(event, Noted))
