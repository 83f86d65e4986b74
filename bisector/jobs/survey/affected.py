"""Which releases have the bug: a verdict on each, probed or told by its neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from bisector.build.toolchains.release import Release
from bisector.errors import NoRelease
from bisector.git.history import History, Range
from bisector.jobs.hunt.proof import ONCE, Passes, how_judged, passes_of
from bisector.jobs.runner import Execution, JobResult, carry_out, started_job
from bisector.patch import relevance
from bisector.patch.model import Series
from bisector.probing.context import Bench
from bisector.probing.prober import Prober
from bisector.probing.setup import Asked
from bisector.probing.ticket import Ticket
from bisector.record.events import ANSWERED, Ended, Noted, Probed, Released
from bisector.record.verdict import Verdict
from bisector.record.words import Job, Purpose
from bisector.search.release_inference import inferred, longest_path, next_probe
from bisector.system.workspace import digest
from bisector.testing.scenario import Known

_RELATED = 8  # commits that touch what the patch touches, after which a release is looked at first


@dataclass(frozen=True)
class Question:
    """Which releases of a range (its old end included) are asked about, and what may help.

    ``tags`` is a pattern for their names. ``every`` one is to be probed, or only as many as it
    takes to tell the others; then what is ``known`` and the ``series`` say where to look.
    """

    range: Range
    tags: str = "*"
    every: bool = False
    known: Known = field(default_factory=Known)
    series: Series | None = None
    flaky: bool = False


def run(
    asked: Asked, range_text: str, *, tags: str, every: bool, execution: Execution
) -> JobResult:
    """Judge the releases of *range_text*, going on from where an earlier run stopped.

    Raises NoRelease and other BisectorErrors.
    """
    test, history, series = asked.test, asked.history, asked.series
    span = history.range(range_text)
    releases = Releases(history, span, tags)
    question = Question(span, tags, every, test.known, series, test.flaky)
    bench = asked.bench
    started = started_job(
        Job.AFFECTED,
        bench,
        None,
        execution,
        range=span.text,
        old=span.old.id,
        new=span.new.id,
        commits=len(releases.graph.revisions),
    )
    name = affected_id(question, bench)
    return carry_out(
        bench,
        name,
        started,
        execution,
        lambda prober: ReleaseSurvey(question, releases, prober).run(),
    )


def affected_id(question: Question, bench: Bench) -> str:
    """A name for the job: the same question on the same machine has the same one."""
    span, series = question.range, question.series
    return digest(
        *(Job.AFFECTED, span.old.id, span.new.id, bench.identity, series.digest if series else ""),
        *(str(question.flaky), question.tags, str(question.every)),
    )[:12]


class Releases:
    """The releases of a range, its old end included, whose tags match a pattern.

    ``graph`` has their commits; the parents of one are the nearest ones before it. Raises
    NoRelease.
    """

    def __init__(self, history: History, span: Range, pattern: str) -> None:
        commits = (span.old.id, *span.commits)
        tagged = [commit for commit in commits if commit in history.tags]
        if not tagged:
            raise NoRelease(f"{span.text} has no release tag", "fetch the tags, or widen the range")
        self.names = {
            commit: [name for name in history.tags[commit] if fnmatchcase(name, pattern)]
            for commit in tagged
        }
        wanted = {commit for commit, names in self.names.items() if names}
        if not wanted:
            raise NoRelease(
                f"--tags {pattern} matches none of the {len(tagged)} releases of {span.text}",
                f"their names are like {history.release(tagged[-1])}",
            )
        whole = history.graph(commits)
        self.graph = whole.only(wanted)
        others = {place for place, commit in enumerate(commits) if commit not in wanted}
        self._first = {
            commits[place]: [commits[release] for release in sorted(first)]
            for place, first in whole.nearest_descendants(range(len(commits)), others).items()
        }

    def first_with(self, commits: Iterable[str]) -> list[int]:
        """The first releases that have each of *commits*, by their indexes in ``graph``.

        Commits outside of the range are left out.
        """
        known = [
            commit for commit in commits if commit in self._first or commit in self.graph.index
        ]
        return [self.graph.index[one] for c in known for one in self._first.get(c, [c])]


class ReleaseSurvey:
    """Finds the verdict on each release of a range; what it finds goes to the prober's journal."""

    def __init__(self, question: Question, releases: Releases, prober: Prober) -> None:
        self.question = question
        self.prober = prober
        self.journal = prober.journal
        self._releases = releases
        self._graph = releases.graph
        self._pending: dict[str, Ticket] = {}

    def run(self) -> None:
        """Probe until each release is probed or told by others; then write down all of them."""
        if remark := self.prober.chains.remark:
            self.journal.note(Noted(remark))
        hints = () if self.question.every else self._hints()
        while self._ask(hints):
            del self._pending[self.prober.first(self._pending.values(), self._progress).revision]
        self._write()

    def _hints(self) -> list[int]:
        """Releases where the bug is likely, if it is anywhere; the likeliest come first.

        They are the first ones with the suspect and the last ones before the fix, then the first
        ones with the commits that change most of the functions that the patch changes.
        """
        question, history = self.question, self.prober.bench.history
        names = (question.known.suspect, question.known.fix)
        suspect, fix = ([history.resolve(n).id] if history.knows(n) else [] for n in names)
        evidence = relevance.of(history, question.range.commits, series=question.series)
        near = sorted(evidence.functions, key=lambda commit: -evidence.functions[commit])
        healed = self._releases.first_with(fix)
        return [
            *self._releases.first_with(suspect),
            *(parent for release in healed for parent in self._graph.parents[release]),
            *self._releases.first_with(near[:_RELATED]),
        ]

    def _ask(self, hints: Sequence[int]) -> bool:
        """Keep the machine busy, one build beside the test of the last; whether it is."""
        while len(self._pending) <= self.prober.executor.jobs:
            index = self._next(hints)
            if index is None:
                break
            revision = self._graph.revisions[index]
            run = self.prober.next_run(revision) if self.question.flaky else 0
            self._pending[revision] = self.prober.start(revision, Purpose.RELEASE, run)
        return bool(self._pending)

    def _progress(self) -> str:
        return f"{len(self._verdicts())} of {len(self._graph.revisions)} releases probed"

    def _next(self, hints: Sequence[int]) -> int | None:
        pending = (self._graph.index[revision] for revision in self._pending)
        verdicts = {**self._verdicts(), **dict.fromkeys(pending)}
        if self.question.every:
            every = range(len(self._graph.revisions))
            return next((index for index in every if index not in verdicts), None)
        return next_probe(self._graph, verdicts, hints)

    def _verdicts(self) -> dict[int, Verdict]:
        """The verdicts on the releases that were probed, as often as it takes."""
        runs, needed = self.prober.verdicts(), self._passes().needed
        told = {
            index: _verdict(runs.get(revision, ()), needed)
            for index, revision in enumerate(self._graph.revisions)
        }
        return {index: verdict for index, verdict in told.items() if verdict}

    def _passes(self) -> Passes:
        """How many passes call a release good."""
        return passes_of(self.prober.verdicts().values()) if self.question.flaky else ONCE

    def _write(self) -> None:
        """Each release with its verdict, what the reader should know of them, and the end."""
        probed = self._verdicts()
        verdicts = {**probed, **inferred(self._graph, probed)}
        runs = self.prober.verdicts()
        bad = []
        for index, revision in enumerate(self._graph.revisions):
            verdict = verdicts[index]
            reason = runs[revision][0].reason if index in probed else ""
            for name in self._releases.names[revision]:
                self.journal.note(Released(name, revision, verdict, index in probed, reason))
                bad += [name] if verdict is Verdict.BAD else []
        for text in self._remarks(verdicts, probed):
            self.journal.note(Noted(text))
        self.journal.note(Ended(ANSWERED, tuple(bad)))

    def _remarks(
        self, verdicts: Mapping[int, Verdict], probed: Mapping[int, Verdict]
    ) -> Iterator[str]:
        if length := longest_path(self._graph, verdicts.keys() - probed.keys()):
            yield (
                f"{len(probed)} of {len(verdicts)} releases were probed, each other one lies "
                f"between two that agree; a stretch of up to {length} with another verdict could "
                "have been missed: --every leaves none out"
            )
        search = self.prober.chains.search
        yield from how_judged(search, self._passes())
        if Verdict.BAD not in verdicts.values() and search.blind_to:
            yield f"none is bad: --toolchain {Release.name} if the bug needs {search.blind_to}"


def _verdict(runs: Sequence[Probed], needed: int) -> Verdict | None:
    """What the runs of a release come to, None as long as they are too few to call it good."""
    said = [run.verdict for run in runs]
    if Verdict.BAD in said:
        return Verdict.BAD
    if Verdict.GOOD in said:
        return Verdict.GOOD if len(said) >= needed else None
    return next(iter(said), None)
