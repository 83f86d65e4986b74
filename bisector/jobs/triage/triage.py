"""The job of `triage`: is a bug fixed already, since when is it there, does the patch help."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bisector.errors import UsageProblem
from bisector.git.history import Range
from bisector.jobs.hunt import job as hunts
from bisector.jobs.hunt.learning import may_be_the_bug
from bisector.jobs.runner import Execution, JobResult, carry_out, started_job
from bisector.jobs.survey.affected import AffectedQuestion, ReleaseSurvey
from bisector.jobs.survey.learning import RULES
from bisector.jobs.survey.releases import Releases
from bisector.jobs.triage import part, ranges
from bisector.jobs.triage.carriers import carriers
from bisector.jobs.triage.ranges import Span
from bisector.jobs.triage.repeatable import repeatable
from bisector.jobs.triage.revisions import Chosen, Named, choose
from bisector.jobs.verify.verify import ExtraChecks, verify
from bisector.patch.model import Series
from bisector.probing.executors import TESTS_A_CORE
from bisector.probing.prober import Prober
from bisector.probing.setup import Asked
from bisector.record.events import ANSWERED, Ended, Event, Noted, Released, Turned
from bisector.record.findings import all_found
from bisector.record.verdict import Verdict
from bisector.record.words import Job, Turn
from bisector.search.graph import Graph
from bisector.system.files import digest
from bisector.system.slots import cores

# Part of the job's name. Raise it when a change of the code gives another answer to the same
# question, so that a finished journal is not reused.
_RULES = 1


@dataclass(frozen=True)
class TriageQuestion:
    """The revisions to test, and the patch to try on the bad ones, with reg-tests of theirs."""

    chosen: Chosen
    series: Series | None = None
    reg_tests: tuple[str, ...] = ()
    flaky: bool = False


def triage(
    asked: Asked, words: Sequence[str], reg_tests: Sequence[str], execution: Execution
) -> JobResult:
    """Triage the bug over *words*, revisions and ranges, by default the maintained lines.

    Or resume an interrupted triage with the same options. Raises UsageProblem and what a probe
    raises.
    """
    series = asked.series if asked.options.patches else None
    if reg_tests and series is None:
        raise UsageProblem("--reg-tests without a patch", "name one with --patch")
    chosen = choose(asked, words)
    question = TriageQuestion(chosen, series, tuple(reg_tests), asked.test.flaky)
    execution = replace(execution, tests=TESTS_A_CORE * cores())
    context, tested = asked.context, chosen.revisions
    over = ", ".join(one.name for one in tested)
    started = started_job(Job.TRIAGE, context, series, execution, over, len(tested))
    started = replace(started, variant=context.oracle.variant)
    name = digest(
        *(Job.TRIAGE, context.identity, series.digest if series else ""),
        *(RULES, str(_RULES), repr(question.reg_tests), str(question.flaky)),
        *(word for one in tested for word in (one.name, one.commit)),
    )[:12]

    def work(prober: Prober) -> None:
        parts = replace(execution, part_of=name, executor=prober.executor)
        Triage(question, Parts(asked, parts), prober).run()

    return carry_out(context, name, started, execution, work)


class Parts:
    """The jobs that are parts of a triage, each done once in a session."""

    def __init__(self, asked: Asked, execution: Execution) -> None:
        self.asked = asked
        self._execution = execution
        self._hunts: dict[Span, JobResult] = {}

    def hunt(self, span: Span) -> JobResult:
        """A hunt over *span*."""
        if span not in self._hunts:
            self._hunts[span] = hunts.run(
                *(self.asked, span.text),
                blind=False,
                older=span.older,
                tries_patch=False,
                execution=self._execution_of(span.words),
            )
        return self._hunts[span]

    def verify(self, names: Sequence[str], reg_tests: tuple[str, ...]) -> JobResult:
        """A verification of the patch on the revisions *names*."""
        execution = self._execution_of(("verify", "--on", ",".join(names)))
        return verify(self.asked, names, ExtraChecks(reg_tests=reg_tests), execution)

    def _execution_of(self, words: Sequence[str]) -> Execution:
        return part.execution_of(self._execution, words, self.asked.options)


class Triage:
    """Carries out a triage. The results are appended to the prober's journal.

    It has what the *parts* find, which have journals of their own.
    """

    def __init__(self, question: TriageQuestion, parts: Parts, prober: Prober) -> None:
        self.question = question
        self.prober = prober
        self.journal = prober.journal
        self._parts = parts
        self._history = prober.context.history
        self._tested = question.chosen.revisions
        self._flaky = question.flaky
        for way in self._ways():
            self._turn(way)

    def run(self) -> None:
        """Do all parts. Raises what a probe raises; the journal keeps the results till then."""
        self._note(repeatable(self._parts.asked, self._tested))
        for text in self.question.chosen.notes:
            self._note(Noted(text))
        while True:  # again after each turn, of which each is taken once at most
            self._survey()
            turned = next(filter(None, map(self._taken_over, self._spans())), None)
            if turned is None:
                break
            self._turn(turned.way)
            self._note(turned)
        for found in all_found(self.journal.events):
            if not found.part:
                self._note_all(carriers(self._history, found, self._tested))
        bad = tuple(one.name for one in self._with(Verdict.BAD))
        if self.question.series is not None:
            self._try_patch(bad)
        self._note(Ended(ANSWERED, bad))

    # -- the verdicts ----------------------------------------------------------------------------

    def _survey(self) -> None:
        """Judge the tested revisions by the rules of `affected`."""
        commit = self._history.commit
        span = Range("", commit(self._tested[0].commit), commit(self._tested[-1].commit), ())
        question = AffectedQuestion(span, every=True, flaky=self._flaky)
        names = {one.commit: [one.name] for one in self._tested}
        ReleaseSurvey(question, Releases(self._graph(), names), self.prober).judge()

    def _graph(self) -> Graph:
        """The ancestry of the tested revisions among themselves."""
        commits = [one.commit for one in self._tested]
        return Graph.of(
            [
                (
                    one,
                    [other for other in commits[:place] if self._history.contains(one, other)],
                )
                for place, one in enumerate(commits)
            ]
        )

    def _with(self, verdict: Verdict) -> list[Named]:
        """The tested revisions with this verdict, in their order."""
        rows = (event for event in self.journal.events if isinstance(event, Released))
        verdicts = {row.revision: row.verdict for row in rows}
        return [one for one in self._tested if verdicts[one.commit] is verdict]

    def _failing(self) -> list[Named]:
        """The tested revisions that fail in a way that may be the bug's."""
        runs = self.prober.verdicts()
        return [one for one in self._tested if any(map(may_be_the_bug, runs.get(one.commit, ())))]

    # -- what fixed it, what introduced it -------------------------------------------------------

    def _spans(self) -> Iterator[Span]:
        """Where to hunt for the fix, then for what introduced the bug unless that was found."""
        bad, good = self._with(Verdict.BAD), self._with(Verdict.GOOD)
        if not bad and not good:
            bad = self._learnt_further_back()
        history = self._history
        if bad:
            fix = ranges.of_fix(history, self._tested, bad, good)
        else:
            fix = ranges.of_whole(history, good)
        if fix and not bad:
            text = f"no tested revision is bad: what came and went is looked for in {fix.text}"
            self._note(Noted(text))
        if fix:
            yield fix
        if not bad or (fix and part.has_introduction(self._parts.hunt(fix))):
            return
        if span := ranges.of_introduction(history, bad[0], good):
            yield span
        else:
            text = f"no release before {bad[0].name} is here, so what introduced it is unknown"
            self._note(Noted(text))

    def _learnt_further_back(self) -> list[Named]:
        """The bad revisions by what a hunt in older ones learns, if all fail and none says how."""
        failing = self._failing()
        span = ranges.of_introduction(self._history, failing[0], ()) if failing else None
        learnt = part.learnt(self._parts.hunt(span)) if span else None
        if learnt is None:
            return []
        self.prober.learn(learnt)
        self._survey()
        return self._with(Verdict.BAD)

    def _taken_over(self, span: Span) -> Turned | None:
        """A new turn of the hunt over *span*; without one, None, and its results are recorded."""
        hunt = self._parts.hunt(span)
        new = (turned for turned in part.turns(hunt) if turned.way not in self._ways())
        turned = next(new, None)
        if turned is None:
            self._note_all(part.of_hunt(hunt, span))
        return turned

    def _turn(self, way: Turn) -> None:
        """Go on as a hunt did: its *way* is right for the tested revisions, too."""
        if way is Turn.CHANCE:
            self._flaky = True
        elif way is Turn.RELEASE:
            self.prober.trust_release()
        else:
            self.prober.distrust_fast()

    def _ways(self) -> list[Turn]:
        return [event.way for event in self.journal.events if isinstance(event, Turned)]

    # -- the patch -------------------------------------------------------------------------------

    def _try_patch(self, bad: Sequence[str]) -> None:
        if bad:
            done = self._parts.verify(bad, self.question.reg_tests)
            self._note_all(part.of_verification(done, bad))
        else:
            self._note(Noted("no tested revision has the bug, so the patch was not tried"))

    # -- the journal -----------------------------------------------------------------------------

    def _note(self, event: Event) -> None:
        """Record *event* unless that was done since the last turn."""
        turned = [at for at, one in enumerate(self.journal.events) if isinstance(one, Turned)]
        if event not in self.journal.events[turned[-1] if turned else 0 :]:
            self.journal.append(event)

    def _note_all(self, events: Iterable[Event]) -> None:
        for event in events:
            self._note(event)
