"""The stages of a hunt: ends, witness, introduction and fix, proof, patch check, another bug.

A hunt is deterministic: the same verdicts lead to the same next probe. To resume one, it is run
again with a journal that already has the results.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bisector.build.toolchains.release import Release
from bisector.errors import NoTransitionSeen, NoWitness, UnusableEnds
from bisector.git.history import Range
from bisector.jobs.hunt import culprit, older, releases
from bisector.jobs.hunt.another_bug import AnotherBug, Answer
from bisector.jobs.hunt.ends import END_RUNS, Ends, EndsFinder
from bisector.jobs.hunt.every_change import EveryChange
from bisector.jobs.hunt.hint import check_hint
from bisector.jobs.hunt.learning import learn, note_other_failures, runs_of
from bisector.jobs.hunt.misfits import note_misfits
from bisector.jobs.hunt.new_warning import note_new_warning
from bisector.jobs.hunt.proof import FastContradicted, Prover
from bisector.jobs.hunt.question import HuntQuestion
from bisector.jobs.hunt.release_trial import FastIsBlind, ReleaseTrial
from bisector.jobs.hunt.run_evidence import weighed
from bisector.jobs.hunt.transition import Finder, SearchRange, TestIsFlaky
from bisector.jobs.hunt.witness_finder import WitnessFinder, is_good
from bisector.patch import relevance
from bisector.probing.prober import Prober
from bisector.record.events import ANSWERED, Ended, Found, Noted, Probed, Turned
from bisector.record.findings import found_earlier
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Purpose, Turn
from bisector.search.priors import Evidence


class Hunt:
    """A hunt over one range. The results are appended to the prober's journal.

    Raises UselessHint if the hint matches no commit of the range.
    """

    def __init__(self, question: HuntQuestion, prober: Prober) -> None:
        self.question = question
        self.prober = prober
        self.history = prober.context.history
        self.journal = prober.journal
        self._flaky = question.flaky or self._has_turned(Turn.CHANCE)
        if self._has_turned(Turn.RELEASE):
            prober.trust_release()
        elif self._has_turned(Turn.REAL):
            prober.distrust_fast()
        self._range = question.range
        self._commits = question.range.commits
        widest = older.widest(self.history, question.range) if question.older else question.range
        prober.order((widest.old.id, *widest.commits))
        self._suspects = {
            Change.INTRODUCTION: self._full(question.known.suspect),
            Change.FIX: self._full(question.known.fix),
        }
        self._evidence = self._relevance()
        check_hint(self.journal, question.hint, question.range, self._evidence)

    def run(self) -> None:
        """Run all stages.

        Raises UnusableEnds, NoWitness and NoTransitionSeen if the range has no answer, ProbeFailed
        and other EnvironmentProblems if the machine fails; the journal keeps the results till then.
        """
        if remark := self.prober.toolchains.remark:
            self.journal.note(Noted(remark))
        while True:  # each exception is raised once at most
            try:
                return self._run()
            except FastContradicted as contradicted:
                fast = self.prober.toolchains.search.name
                self.prober.distrust_fast()
                real = self.prober.toolchains.search.name
                text = (
                    f"a real build contradicts {fast} on {contradicted}: the verdicts of {fast} "
                    f"are dropped, the hunt goes on with {real}"
                )
                self.journal.note(Turned(Turn.REAL, text))
            except FastIsBlind as blind:
                if blind.flaky:
                    self._turn_to_chance(blind.seen.name)
                if blind.way is Turn.RELEASE:
                    self.prober.trust_release()
                else:
                    self.prober.distrust_fast()
                self.journal.note(Turned(blind.way, str(blind), blind.seen.revision))
            except TestIsFlaky as flaky:
                self._turn_to_chance(str(flaky))

    def _turn_to_chance(self, name: str) -> None:
        """Take the test for a flaky one from here on; *name* is the revision that shows it."""
        self._flaky = True
        text = f"{name} passes in some runs only: from here on the test counts as flaky"
        self.journal.note(Turned(Turn.CHANCE, text))

    def _run(self) -> None:
        if self.question.older:
            self._extend()
        ends = self._ends()
        span = ends.within(self._range, self.history)
        before, after = self._verdict_of_end(ends.old), self._verdict_of_end(ends.new)
        found = self._changes(ends, span, before, after)
        self._confirm(found)
        times = releases.occurrences(found)
        affected = [releases.affected(self.history, span, bounds) for bounds in times]
        every = list(dict.fromkeys(commit for some in affected for commit in some))
        if self.question.series is not None and self.question.tries_patch:
            releases.check_patch(self.prober, every, self.question.series)
        if self.question.hunks:
            self.journal.note(culprit.reduce(self.prober, found, self._flaky))
        if not self._flaky:
            note_misfits(self.prober, span, times)
        both_good = before is after is Verdict.GOOD
        other = self._another_bug(span, found) if both_good else None
        note_other_failures(self.prober, other.learnt if other else None)
        others = (self._names(other.affected),) if other else ()
        several = tuple(map(self._names, affected)) if len(times) > 1 else ()
        self.journal.note(Ended(ANSWERED, self._names(every), others, several))

    def _changes(self, ends: Ends, span: Range, before: Verdict, after: Verdict) -> list[Found]:
        """The changes between two ends with these verdicts, oldest first."""
        if self.question.every:
            return self._every_change(ends, span, before, after)
        if before is after is Verdict.BAD:
            older.verify_bad(self.prober, span)
            raise self._both_bad(ends)
        if before is after:
            bad = self._witness(ends, span)
        else:
            bad = span.old.id if before is Verdict.BAD else span.new.id
        evidence = self._by_run(bad, span, [before, after].count(Verdict.GOOD))
        found: list[Found] = []
        if before is Verdict.GOOD:
            found.append(self._find(SearchRange(Change.INTRODUCTION, span.old.id, bad), evidence))
        if after is Verdict.GOOD:
            found.append(self._find(SearchRange(Change.FIX, bad, span.new.id), evidence))
        return found

    def _every_change(
        self, ends: Ends, span: Range, before: Verdict, after: Verdict
    ) -> list[Found]:
        """Each change of the verdict. Raises NoWitness or UnusableEnds if there is none."""
        if before is after is Verdict.GOOD:
            self._witness(ends, span)
        found = EveryChange(self.prober, span, self._evidence, self._flaky).find()
        if not found:
            raise self._both_bad(ends)
        return found

    def _extend(self) -> None:
        """Go back to a good release if both ends are bad."""
        try:
            self._range = older.extended(self.prober, self.question.range)
        except UnusableEnds as error:
            self._end_with(error.what)
            raise
        self._commits = self._range.commits
        self._evidence = self._relevance()

    def _relevance(self) -> Evidence:
        """What is known of the commits before anything is tested."""
        question = self.question
        series = None if question.blind else question.series
        return relevance.of(
            self.history, self._commits, series=series, tags=question.tags, hint=question.hint
        )

    # -- the ends, and a witness between them ----------------------------------------------------

    def _ends(self) -> Ends:
        try:
            return EndsFinder(self.prober, self._range, self._flaky).find()
        except UnusableEnds as error:
            self._end_with(error.what)
            raise

    def _verdict_of_end(self, end: Probed) -> Verdict:
        """The verdict on an end. If the test is flaky, GOOD takes END_RUNS passes."""
        revision = end.revision
        runs = self.prober.verdicts().get(revision, [end])
        if self._flaky and is_good(runs):
            runs = runs_of(self.prober, revision, Purpose.END, END_RUNS)
        return Verdict.GOOD if is_good(runs) else Verdict.BAD

    def _both_bad(self, ends: Ends) -> UnusableEnds:
        problem = older.both_bad(self.history, self._range, ends.new.reason)
        self._end_with(problem.what)
        return problem

    def _witness(self, ends: Ends, span: Range) -> str:
        """A bad revision inside *span*, which has two good ends, as a full hash.

        Raises NoWitness if none is found within the budget, FastIsBlind if the search's toolchain
        does not show the bug.
        """
        note_new_warning(self.prober, ends.old, ends.new)
        finder = WitnessFinder(self.prober, span.commits, self._evidence, self._flaky)
        trial = ReleaseTrial(self.prober, span)
        bad = trial.run() if self._may_need_threads(ends) else None
        if bad := bad or finder.find(self._likely_bad()) or trial.run():
            if not self.prober.context.oracle.knows_its_bug:
                learn(self.prober, bad, self._flaky)
            return bad.revision
        note_other_failures(self.prober)
        reason = finder.failure() + trial.remark
        self._end_with(reason)
        hint = "name a narrower range or a bad end, and see with 'bisector probe' that it is bad"
        if missed := self.prober.toolchains.search.blind_to:
            hint += f"; --toolchain {Release.name} if the bug needs {missed}"
        raise NoWitness(reason, hint)

    def _may_need_threads(self, ends: Ends) -> bool:
        """Whether the test asks for threads and the ends were judged without them."""
        judged_by_fast = not (ends.old.real and ends.new.real)
        return judged_by_fast and self.prober.context.oracle.wants_threads

    def _likely_bad(self) -> list[str]:
        """Where a bad revision was seen or is known, the known suspect, the known fix's parents."""
        seen = [e.revision for e in self.journal.events if isinstance(e, Turned) and e.revision]
        fix = self._suspects[Change.FIX]
        before_fix = self.history.commit(fix).parents if fix else ()
        seen.append(self._full(self.question.known.bad))
        return [*seen, self._suspects[Change.INTRODUCTION], *before_fix]

    # -- introduction and fix --------------------------------------------------------------------

    def _by_run(self, bad: str, span: Range, searches: int) -> Evidence:
        """The evidence for so many *searches* in *span*, with that of the run at *bad*."""
        if any(self._suspects.values()):
            return self._evidence
        return weighed(self.prober, bad, span.commits, searches, self._evidence)

    def _find(self, where: SearchRange, evidence: Evidence) -> Found:
        """Search *where* and record the result, unless the journal has it already."""
        finder = Finder(self.prober, self._commits, evidence)
        try:
            found = finder.find(where, self._suspects[where.what], self._flaky)
        except NoTransitionSeen as error:
            self._end_with(error.what)
            raise
        earlier = found_earlier(self.journal.events, found.what)
        if earlier and _is_same(earlier, found):
            return earlier
        self.journal.append(found)
        return found

    def _confirm(self, found: Sequence[Found]) -> None:
        toolchain = self.prober.toolchains.proof
        if toolchain is None:
            return
        for change in found:
            self.journal.note(Prover(self.prober, toolchain).confirm(change, self._flaky))

    def _another_bug(self, span: Range, found: Sequence[Found]) -> Answer | None:
        """The answer to another bug in *span*, whose ends are good, if its failure was seen."""
        if self._flaky or self.prober.context.oracle.knows_its_bug:
            return None
        return AnotherBug(self.prober, span, self._evidence, found).answer()

    # -- the rest --------------------------------------------------------------------------------

    def _full(self, name: str) -> str:
        """The full hash of a revision that the scenario names; '' if it is not in the range."""
        if not name or not self.history.knows(name):
            return ""
        commit = self.history.resolve(name).id
        return commit if commit in self._commits else ""

    def _has_turned(self, way: Turn) -> bool:
        """Whether the journal has this turn, from an earlier session."""
        return any(isinstance(event, Turned) and event.way == way for event in self.journal.events)

    def _names(self, commits: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.history.release(commit) for commit in commits)

    def _end_with(
        self,
        answer: str,
        affected: tuple[str, ...] = (),
        others: tuple[tuple[str, ...], ...] = (),
    ) -> None:
        self.journal.note(Ended(answer, affected, others))


def _is_same(earlier: Found, found: Found) -> bool:
    """Whether they differ in nothing but the confidence, which rises as a flaky test is rerun."""
    both_flaky_or_none = (earlier.confidence < 1) == (found.confidence < 1)
    return both_flaky_or_none and replace(earlier, confidence=found.confidence) == found
