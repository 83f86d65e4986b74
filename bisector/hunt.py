"""The main job: both ends, a witness, introduction and fix, their proof, and the patch's.

A hunt is deterministic: the same verdicts lead to the same next question. So resuming one is to run
it again with a journal that already knows the answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from bisector import priors, witness
from bisector.apply import Conflict
from bisector.errors import NoWitness, UnusableEnds
from bisector.events import Confirmed, Ended, Found, Noted, PatchChecked, Probed
from bisector.history import Commit, Range
from bisector.patches import Series
from bisector.prober import Prober
from bisector.scenario import Known
from bisector.search import Contradiction, Outcome, Search, widest_gap
from bisector.verdict import Verdict

CONFIRM_RUNS = 5  # of each side

INTRODUCTION, FIX = "introduction", "fix"
_NEW = {INTRODUCTION: Verdict.BAD, FIX: Verdict.GOOD}


@dataclass(frozen=True)
class Question:
    """What is asked: a range, what is known beforehand (nothing when blind), and the fix."""

    range: Range
    known: Known = field(default_factory=Known)
    series: Series | None = None
    blind: bool = False


class Hunt:
    """One hunt over one range. Its findings go to the prober's journal."""

    def __init__(self, question: Question, prober: Prober) -> None:
        self.question = question
        self.prober = prober
        self.history = prober.bench.history
        self.journal = prober.journal
        self._commits = question.range.commits
        self._suspects = {
            INTRODUCTION: self._full(question.known.suspect),
            FIX: self._full(question.known.fix),
        }
        self._related = self._touching_the_patch()
        self._inert = self.history.inert(self._commits)

    def run(self) -> None:
        """Hunt to the end.

        Raises UnusableEnds and NoWitness when the range cannot be answered, ProbeFailed and other
        EnvironmentProblems when the machine fails; the journal keeps what was found out till then.
        """
        span = self.question.range
        before, after = self._end(span.old), self._end(span.new)
        if before is after is Verdict.BAD:
            raise self._both_bad()
        if before is after:
            bad = self._witness()
        else:
            bad = span.old.id if before is Verdict.BAD else span.new.id
        introduction = (
            self._find(INTRODUCTION, span.old.id, bad) if before is Verdict.GOOD else None
        )
        fix = self._find(FIX, bad, span.new.id) if after is Verdict.GOOD else None
        self._confirm(introduction)
        self._confirm(fix)
        affected = self._affected(introduction, fix)
        if self.question.series is not None:
            for commit in affected:
                self._check_patch(commit, self.question.series)
        self._note_differing_reasons()
        self._end_with("answered", tuple(self.history.release(commit) for commit in affected))

    # -- the ends, and a witness between them ----------------------------------------------------

    def _end(self, end: Commit) -> Verdict:
        told = self.prober.ask(end.id, "end")
        if told.verdict.tested:
            return told.verdict
        name = self.history.release(end.id)
        reason = f"the range's end {name} is {told.verdict}: {told.reason}"
        self._end_with(reason)
        raise UnusableEnds(reason, f"choose an end at which the test works (log: {told.log})")

    def _both_bad(self) -> UnusableEnds:
        span = self.question.range
        reason = f"both ends of {span.text} are bad"
        older = self.history.older_release(span.old.id)
        self._end_with(reason)
        hint = f"begin further down: {older}..{span.new.short}" if older else "begin further down"
        return UnusableEnds(reason, hint)

    def _witness(self) -> str:
        """A bad revision inside a range with two good ends."""
        index = {commit: place for place, commit in enumerate(self._commits)}
        total = len(self._commits) - 1  # the last one is the end, which is good

        def places(commits: Iterable[str]) -> set[int]:
            return {index[commit] for commit in commits if index.get(commit, total) < total}

        known = places([self._suspects[INTRODUCTION], *self._parents([self._suspects[FIX]])])
        near = places(self._parents(self._related))
        releases = places(self.history.tags)
        good: set[int] = set()
        for place, stage in witness.order(total, witness.stages(known, near, releases)):
            told = self.prober.ask(self._commits[place], f"witness ({stage})")
            if told.verdict is Verdict.BAD:
                return told.revision
            if told.verdict is Verdict.GOOD:
                good.add(place)
        reason = (
            f"no bad revision among {len(good)} tested between the good ends; "
            f"a bad stretch of up to {widest_gap(total, good)} commits could have been missed"
        )
        self._end_with(reason)
        raise NoWitness(reason, "name a narrower range, or a bad revision as one end")

    # -- introduction and fix --------------------------------------------------------------------

    def _find(self, what: str, old: str, new: str) -> Found:
        """Search the first revision after *old*, up to *new*, that is as *new* is."""
        commits = self.history.between(old, new)
        suspect = self._suspects[what]
        weights = priors.weigh(commits, inert=self._inert, related=self._related, suspect=suspect)
        search = Search(self.history.graph(commits), new, weights)
        for told in self.journal.events:
            if isinstance(told, Probed) and not (told.patched or told.run):
                # what was probed for another reason may lie beyond another change
                with suppress(Contradiction):
                    if told.revision in search:
                        search.record(told.revision, self._outcome(what, told))
        while (revision := search.choose()) is not None:
            left = f"{len(search.candidates())} candidates, about {search.steps_left()} probes left"
            told = self.prober.ask(revision, f"{what} ({left})")
            search.record(revision, self._outcome(what, told))
        found = tuple(self.history.commit(c) for c in search.candidates())
        event = Found(
            what=what,
            revisions=tuple(commit.id for commit in found),
            subjects=tuple(commit.subject for commit in found),
            places=tuple(self.history.place(commit.id, self._commits) for commit in found),
            parents=found[-1].parents,
        )
        self.journal.note(event)
        return event

    def _outcome(self, what: str, told: Probed) -> Outcome:
        if not told.verdict.tested:
            return Outcome.SKIP
        return Outcome.NEW if told.verdict is _NEW[what] else Outcome.OLD

    def _confirm(self, found: Found | None) -> None:
        """No answer without proof: the revision and each of its parents, several times."""
        if found is None:
            return
        doubts = []
        if len(found.revisions) > 1:
            doubts.append("the others before it cannot be tested")
        elif not found.parents:
            doubts.append("it has no parent to compare with")
        new = _NEW[found.what]
        old = Verdict.GOOD if new is Verdict.BAD else Verdict.BAD
        sides = [(found.revisions[-1], new)]
        if len(found.revisions) == 1:
            sides += [(parent, old) for parent in found.parents]
        binaries = []
        for revision, expected in sides:
            for run in range(CONFIRM_RUNS):
                told = self.prober.ask(revision, f"confirm the {found.what}", run)
                if told.verdict is not expected:
                    doubts.append(f"run {run + 1} of {told.name} is {told.verdict}: {told.reason}")
            binaries.append(told.binary)
        if binaries[0] and binaries[0] in binaries[1:]:
            doubts.append("its binary is identical to its parent's: this can't be it")
        doubt = "; ".join(doubts)
        self.journal.note(Confirmed(found.what, not doubts, CONFIRM_RUNS, doubt))

    # -- releases and the patch ------------------------------------------------------------------

    def _affected(self, introduction: Found | None, fix: Found | None) -> list[str]:
        """The commits with a release tag, from the introduction on, up to the fix."""
        bad = {introduction.revisions[-1]} if introduction else {self.question.range.old.id}
        good = {fix.revisions[-1]} if fix else set()
        for commit in self._commits:
            parents = self.history.commit(commit).parents
            if any(parent in bad for parent in parents):
                bad.add(commit)
            if any(parent in good for parent in parents):
                good.add(commit)
        span = (self.question.range.old.id, *self._commits)
        return [c for c in span if c in bad and c not in good and c in self.history.tags]

    def _check_patch(self, commit: str, series: Series) -> None:
        """The release as it is, then with the patch series."""
        before = self.prober.ask(commit, "affected release")
        release = self.history.release(commit)
        done, after = self.prober.ask_patched(commit, series, "patched release")
        if isinstance(done, Conflict):
            problem = f"{done.patch} conflicts: {done.text}"
            event = PatchChecked(release, commit, before.verdict, (), None, problem)
        else:
            how = tuple(f"{s.how} ({s.variant})" if s.variant else s.how for s in done.steps)
            problem = "" if after and after.verdict.tested else (after.reason if after else "")
            verdict = after.verdict if after else None
            event = PatchChecked(release, commit, before.verdict, how, verdict, problem)
        self.journal.note(event)

    # -- the rest --------------------------------------------------------------------------------

    def _full(self, name: str) -> str:
        """The full hash of a known revision, or '' when it is not in the range."""
        if not name or not self.history.knows(name):
            return ""
        commit = self.history.resolve(name).id
        return commit if commit in self._commits else ""

    def _parents(self, commits: Iterable[str]) -> list[str]:
        return [p for commit in commits if commit for p in self.history.commit(commit).parents]

    def _touching_the_patch(self) -> list[str]:
        if self.question.blind or self.question.series is None:
            return []
        return self.history.touching(self._commits, sorted(self.question.series.touched))

    def _note_differing_reasons(self) -> None:
        """Without a signature, two kinds of failure may be two bugs: say so."""
        if self.prober.bench.oracle.bad is not None:
            return
        reasons = {
            re.sub(r"\d+", "#", event.reason): event.reason
            for event in self.journal.events
            if isinstance(event, Probed) and event.verdict is Verdict.BAD
        }
        if len(reasons) > 1:
            listed = " | ".join(reasons.values())
            self.journal.note(
                Noted(f"bad verdicts differ in their reason, --bad-if can pin one: {listed}")
            )

    def _end_with(self, answer: str, affected: tuple[str, ...] = ()) -> None:
        self.journal.note(Ended(answer, affected))
