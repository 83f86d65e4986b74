"""The job of `affected`: a verdict on each release of a range, probed or inferred."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bisector.build.toolchains.release import Release
from bisector.git.history import Range
from bisector.jobs import maintained
from bisector.jobs.hunt.learning import note_other_failures
from bisector.jobs.hunt.proof import ONCE, Passes, caveats, passes_of
from bisector.jobs.runner import Execution, JobResult, carry_out, started_job
from bisector.jobs.survey.learning import RULES, SurveyLearner
from bisector.jobs.survey.located import Proven, located, proven_changes
from bisector.jobs.survey.releases import Releases
from bisector.patch import relevance
from bisector.patch.model import Series
from bisector.probing.context import Context
from bisector.probing.prober import Prober
from bisector.probing.setup import Asked
from bisector.probing.ticket import Ticket
from bisector.record.events import ANSWERED, Ended, Noted, Probed, Released
from bisector.record.verdict import Verdict
from bisector.record.words import Job, Purpose
from bisector.search.release_inference import inferred, longest_path, next_probe
from bisector.system.files import digest
from bisector.testing.scenario import Known

_RELATED = 8  # commits that change functions of the patch, whose releases are probed first


@dataclass(frozen=True)
class AffectedQuestion:
    """The releases to judge: those of a range, with its old end, that match a pattern ``tags``.

    ``every``: probe all of them; otherwise only as many as it takes to infer the others, those
    first that ``known`` and the ``series`` make likely to be bad. ``proven`` is what hunts by the
    same test have found.
    """

    range: Range
    tags: str = "*"
    every: bool = False
    known: Known = field(default_factory=Known)
    series: Series | None = None
    flaky: bool = False
    proven: tuple[Proven, ...] = ()


def run(
    asked: Asked,
    range_text: str,
    *,
    tags: str,
    every: bool,
    on_maintained: bool,
    execution: Execution,
) -> JobResult:
    """Judge the releases of *range_text*, or resume an interrupted job with the same options.

    With *on_maintained*, those of the maintained branches after its old end, too. Raises NoRelease
    and other BisectorErrors.
    """
    test, history, series = asked.test, asked.history, asked.series
    span = history.range(range_text)
    branches = maintained.after(asked, span) if on_maintained else {}
    if branches:
        span = replace(span, text=f"{span.text} and {', '.join(branches)}")
    releases = Releases.of_range(history, span, tags, branches)
    question = AffectedQuestion(span, tags, every, test.known, series, test.flaky)
    context = asked.context
    started = started_job(
        Job.AFFECTED,
        context,
        None,
        execution,
        span,
        len(releases.graph.revisions),
    )
    question = replace(question, proven=proven_changes(asked.workspace, started))
    name = affected_id(question, releases, context)
    return carry_out(
        context,
        name,
        started,
        execution,
        lambda prober: ReleaseSurvey(question, releases, prober).run(),
    )


def affected_id(question: AffectedQuestion, releases: Releases, context: Context) -> str:
    """The name of the job: 12 hex digits, equal for the same question on the same machine."""
    span, series = question.range, question.series
    return digest(
        *(
            Job.AFFECTED,
            span.old.id,
            span.new.id,
            context.identity,
            series.digest if series else "",
        ),
        *(RULES, str(question.flaky), question.tags, str(question.every)),
        *(word for one in question.proven for word in (one.what, one.revision)),
        # more of them after a fetch, or with another repository beside the clone
        *(name for names in releases.names.values() for name in names),
    )[:12]


class ReleaseSurvey:
    """Judges each release of a range. The results are appended to the prober's journal."""

    def __init__(self, question: AffectedQuestion, releases: Releases, prober: Prober) -> None:
        self.question = question
        self.prober = prober
        self.journal = prober.journal
        self._releases = releases
        self._graph = releases.graph
        self._learner = SurveyLearner(prober, self._graph, Purpose.RELEASE, question.flaky)
        self._pending: dict[str, Ticket] = {}

    def run(self) -> None:
        """Judge all releases, and record the end. Raises what a probe raises."""
        bad = self.judge()
        rows = (event for event in self.journal.events if isinstance(event, Released))
        verdicts = {row.revision: row.verdict for row in rows}
        history, proven = self.prober.context.history, self.question.proven
        for event in located(history, self._releases, verdicts, proven):
            self.journal.note(event)
        self.journal.note(Ended(ANSWERED, bad))

    def judge(self) -> tuple[str, ...]:
        """Probe until the verdict on each release is known, and record all of them.

        The names of the bad ones. Raises what a probe raises.
        """
        if remark := self.prober.toolchains.remark:
            self.journal.note(Noted(remark))
        hints = () if self.question.every else self._hints()
        self._learner.from_ends()
        self._probe(hints)
        while self._learner.from_all():
            self._probe(hints)
        return self._write()

    def _hints(self) -> list[int]:
        """The indexes of the releases that are likely to have the bug, the likeliest first.

        These are the first ones with the suspect and the last ones before the fix, then the first
        ones with each of the commits that change most of the patch's functions.
        """
        question, history = self.question, self.prober.context.history
        names = (question.known.suspect, question.known.fix)
        suspect, fix = ([history.resolve(n).id] if history.knows(n) else [] for n in names)
        evidence = relevance.of(history, question.range.commits, series=question.series)
        near = sorted(evidence.functions, key=lambda commit: -evidence.functions[commit])
        fixed = self._releases.first_with(fix)
        return [
            *self._releases.first_with(suspect),
            *(parent for release in fixed for parent in self._graph.parents[release]),
            *self._releases.first_with(near[:_RELATED]),
        ]

    def _probe(self, hints: Sequence[int]) -> None:
        while self._start_probes(hints):
            del self._pending[self.prober.first(self._pending.values(), self._progress).revision]

    def _start_probes(self, hints: Sequence[int]) -> bool:
        """Start probes while the executor has free jobs. Whether any probe is pending.

        One probe more is kept pending, so that it is built while others are tested.
        """
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
        """The index of the release to probe next; None if no more is needed now."""
        pending = (self._graph.index[revision] for revision in self._pending)
        verdicts = {**self._verdicts(), **dict.fromkeys(pending)}
        if self.question.every:
            every = range(len(self._graph.revisions))
            return next((index for index in every if index not in verdicts), None)
        return next_probe(self._graph, verdicts, hints, self._releases.branches)

    def _verdicts(self) -> dict[int, Verdict]:
        """The verdicts, by index, on the releases that have been probed often enough."""
        runs, needed = self._learner.verdicts(), self._passes().needed
        verdicts = {
            index: _verdict(runs.get(revision, ()), needed)
            for index, revision in enumerate(self._graph.revisions)
        }
        return {index: verdict for index, verdict in verdicts.items() if verdict}

    def _passes(self) -> Passes:
        """The number of passes needed to judge a release good."""
        return passes_of(self._learner.verdicts().values()) if self.question.flaky else ONCE

    def _write(self) -> tuple[str, ...]:
        """Record the verdict on each release, and the notes. The names of the bad ones."""
        probed = self._verdicts()
        verdicts = {**probed, **inferred(self._graph, probed)}
        runs = self._learner.verdicts()
        bad: list[str] = []
        for index, revision in enumerate(self._graph.revisions):
            verdict = verdicts[index]
            reason = _reason(runs[revision], verdict) if index in probed else ""
            for name in self._releases.names[revision]:
                line = self._releases.branch_of.get(revision, "")
                self.journal.note(Released(name, revision, verdict, index in probed, reason, line))
                bad += [name] if verdict is Verdict.BAD else []
        note_other_failures(self.prober)
        for text in self._remarks(verdicts, probed):
            self.journal.note(Noted(text))
        return tuple(bad)

    def _remarks(
        self, verdicts: Mapping[int, Verdict], probed: Mapping[int, Verdict]
    ) -> Iterator[str]:
        if length := longest_path(self._graph, verdicts.keys() - probed.keys()):
            yield (
                f"{len(probed)} of {len(verdicts)} releases were probed, the others lie between "
                f"two that agree; a stretch of up to {length} with another verdict could have "
                "been missed: --every probes all"
            )
        search = self.prober.toolchains.search
        yield from caveats(search, self._passes())
        if Verdict.BAD not in verdicts.values() and search.blind_to:
            yield f"none is bad: use --toolchain {Release.name} if the bug needs {search.blind_to}"


def _verdict(runs: Sequence[Probed], needed: int) -> Verdict | None:
    """The verdict from the *runs* of a release; None while there are too few to judge it good."""
    verdicts = [run.verdict for run in runs]
    if Verdict.BAD in verdicts:
        return Verdict.BAD
    if Verdict.GOOD in verdicts:
        return Verdict.GOOD if len(verdicts) >= needed else None
    return next(iter(verdicts), None)


def _reason(runs: Sequence[Probed], verdict: Verdict) -> str:
    """The reason of the first of *runs* with this *verdict*."""
    return next(run.reason for run in runs if run.verdict is verdict)
