"""Verdicts by revision, each question asked once: the journal, the cache, then the machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bisector.apply import AppliedSeries, Conflict, apply_series
from bisector.events import Probed
from bisector.history import History
from bisector.journal import Journal
from bisector.oracle import Oracle
from bisector.patches import Series
from bisector.probe import Probe, key_of, probe, recall
from bisector.toolchain import Toolchain
from bisector.tools import Tool
from bisector.verdict import Result, Ruling
from bisector.workspace import Workspace

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Bench:
    """What every probe of a hunt has in common."""

    workspace: Workspace
    history: History
    chain: Toolchain
    oracle: Oracle
    vtest: Tool

    def request(self, tree: str, run: int = 0) -> Probe:
        """The question that a probe of *tree* answers."""
        store = str(self.history.store_path)
        vtest = self.vtest
        return Probe(store, tree, self.chain, self.oracle, str(vtest.path), vtest.identity, run)


class Prober:
    """Verdicts by revision, every one of them in the journal before it is used."""

    def __init__(self, bench: Bench, journal: Journal, progress: Progress, fresh: bool) -> None:
        self.bench = bench
        self.journal = journal
        self._progress = progress
        self._fresh = fresh

    def ask(self, revision: str, purpose: str, run: int = 0) -> Probed:
        """The verdict on *revision* as it is. *run* tells repetitions apart."""
        return self._ask(revision, self.bench.history.tree_id(revision), purpose, run, False)

    def ask_patched(
        self, revision: str, series: Series, purpose: str
    ) -> tuple[AppliedSeries | Conflict, Probed | None]:
        """How *series* applies to *revision*, and the verdict afterwards if it does."""
        store, tree = self.bench.history.store, self.bench.history.tree_id(revision)
        done = apply_series(store, store[tree].id, series)
        if isinstance(done, Conflict):
            return done, None
        return done, self._ask(revision, str(done.tree), purpose, 0, True)

    def _ask(self, revision: str, tree: str, purpose: str, run: int, patched: bool) -> Probed:
        request = self.bench.request(tree, run)
        key = key_of(request)
        if told := self.journal.asked(key, run, revision, patched):
            return told
        if told := self.journal.recall(key, run):
            return self._record(_again(told), revision, purpose, run, patched, known=True)
        known = None if self._fresh else recall(self.bench.workspace, key)
        if known is None:
            name = self.bench.history.release(revision)
            self._progress(f"{purpose}: {name}{' + patch' if patched else ''}")
        result = known or probe(self.bench.workspace, request)
        return self._record(result, revision, purpose, run, patched, known=known is not None)

    def _record(
        self, result: Result, revision: str, purpose: str, run: int, patched: bool, known: bool
    ) -> Probed:
        event = event_of(self.bench.history, result, revision, purpose, run, patched, known)
        self.journal.append(event)
        return event


def event_of(
    history: History,
    result: Result,
    revision: str,
    purpose: str,
    run: int,
    patched: bool,
    known: bool,
) -> Probed:
    """A probe's result as the journal and the reports have it."""
    return Probed(
        purpose=purpose,
        revision=revision,
        name=history.release(revision),
        subject=history.commit(revision).subject,
        patched=patched,
        run=run,
        key=result.key,
        verdict=result.verdict,
        reason=result.ruling.reason,
        evidence=result.ruling.evidence,
        binary=result.binary,
        build_seconds=0.0 if known else round(result.build_seconds, 3),
        test_seconds=0.0 if known else round(result.test_seconds, 3),
        log=result.log,
        known=known,
        at=round(time.time(), 3),
    )


def _again(told: Probed) -> Result:
    """The result behind an event, for another revision that builds the same."""
    ruling = Ruling(told.verdict, told.reason, told.evidence)
    return Result(ruling, told.key, told.binary, log=told.log)
