"""The main job: both ends, a witness, introduction and fix, their proof, and the patch's.

A hunt is deterministic: the same verdicts lead to the same next question. So resuming one is to run
it again with a journal that already knows the answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from bisector.build.toolchains.release import Release
from bisector.errors import NoTransitionSeen, NoWitness, UnusableEnds, UselessHint
from bisector.git.history import Commit, Range
from bisector.jobs.hunt import culprit, releases
from bisector.jobs.hunt.proof import CONFIRM_RUNS, FastContradicted, Prover
from bisector.jobs.hunt.transition import Finder, SearchRange, TestIsFlaky
from bisector.patch import relevance
from bisector.patch.model import Series
from bisector.probing.prober import Prober
from bisector.probing.ticket import Ticket
from bisector.record.events import ANSWERED, Ended, Found, Noted, Probed, Turned
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Purpose, Turn
from bisector.search import witness
from bisector.testing.scenario import Known


@dataclass(frozen=True)
class Question:
    """What is asked: a range, what is known beforehand (nothing when blind), and the fix.

    ``tags`` are the scenario's subsystems and ``hint`` is the user's guess, see relevance.of.
    ``hunks``: the introducing commit is to be reduced to those that bring the bug.
    """

    range: Range
    known: Known = field(default_factory=Known)
    series: Series | None = None
    blind: bool = False
    tags: tuple[str, ...] = ()
    hint: str = ""
    flaky: bool = False
    hunks: bool = False


class Hunt:
    """One hunt over one range. Its findings go to the prober's journal."""

    def __init__(self, question: Question, prober: Prober) -> None:
        self.question = question
        self.prober = prober
        self.history = prober.bench.history
        self.journal = prober.journal
        self._flaky = question.flaky or self._turned(Turn.CHANCE)
        if self._turned(Turn.REAL):
            prober.distrust_fast()
        self._commits = question.range.commits
        prober.order((question.range.old.id, *self._commits))
        self._suspects = {
            Change.INTRODUCTION: self._full(question.known.suspect),
            Change.FIX: self._full(question.known.fix),
        }
        self._evidence = relevance.of(
            self.history,
            self._commits,
            series=None if question.blind else question.series,
            tags=question.tags,
            hint=question.hint,
        )
        if question.hint and not self._evidence.hinted:
            reason = f"--hint {question.hint} means no commit of {question.range.text}"
            self._end_with(reason)
            raise UselessHint(
                reason, "give a path, a function or a subsystem as the subject lines name it"
            )
        self._finder = Finder(prober, self._commits, self._evidence)

    def run(self) -> None:
        """Hunt to the end.

        Raises UnusableEnds and NoWitness when the range cannot be answered, ProbeFailed and other
        EnvironmentProblems when the machine fails; the journal keeps what was found out till then.
        """
        if remark := self.prober.chains.remark:
            self.journal.note(Noted(remark))
        while True:  # each of these happens once at most
            try:
                return self._run()
            except FastContradicted as said:
                fast = self.prober.chains.search.name
                self.prober.distrust_fast()
                real = self.prober.chains.search.name
                text = f"a real build contradicts {fast} on {said}: its verdicts are dropped, "
                self.journal.note(Turned(Turn.REAL, f"{text}the hunt goes on with {real}"))
            except TestIsFlaky as said:
                self._flaky = True
                text = f"{said} passes and fails by turns: from here on chance is reckoned with"
                self.journal.note(Turned(Turn.CHANCE, text))

    def _run(self) -> None:
        span = self.question.range
        before, after = self._ends()
        if before is after is Verdict.BAD:
            self._ask_both_again(Verdict.BAD)
            raise self._both_bad()
        if before is after:
            bad = self._witness()
        else:
            bad = span.old.id if before is Verdict.BAD else span.new.id
        found: list[Found] = []
        if before is Verdict.GOOD:
            found.append(self._find(SearchRange(Change.INTRODUCTION, span.old.id, bad)))
        if after is Verdict.GOOD:
            found.append(self._find(SearchRange(Change.FIX, bad, span.new.id)))
        self._confirm(found)
        bounds = {one.what: one.revisions[-1] for one in found}
        affected = releases.affected(self.history, span, bounds)
        if self.question.series is not None:
            releases.check_patch(self.prober, affected, self.question.series)
        self._note_differing_reasons()
        if self.question.hunks:
            self.journal.note(culprit.reduce(self.prober, found, self._flaky))
        self._end_with(ANSWERED, tuple(self.history.release(commit) for commit in affected))

    # -- the ends, and a witness between them ----------------------------------------------------

    def _ends(self) -> tuple[Verdict, Verdict]:
        span = self.question.range
        tickets = [self.prober.start(end.id, Purpose.END) for end in (span.old, span.new)]
        for end, ticket in zip((span.old, span.new), tickets, strict=True):
            (told,) = self.prober.ask_all([ticket])
            if not told.verdict.tested:
                raise self._unusable(end, told)
        return self._said(span.old), self._said(span.new)

    def _said(self, end: Commit) -> Verdict:
        """The verdict on an end. With a flaky test it takes several passes to be a good one."""
        runs = self.prober.verdicts()[end.id]
        while self._flaky and len(runs) < CONFIRM_RUNS and _is_good(runs):
            run = self.prober.next_run(end.id)
            self.prober.ask_all([self.prober.start(end.id, Purpose.END, run)])
            runs = self.prober.verdicts()[end.id]
        return Verdict.GOOD if _is_good(runs) else Verdict.BAD

    def _unusable(self, end: Commit, told: Probed) -> UnusableEnds:
        name = self.history.release(end.id)
        reason = f"the range's end {name} is {told.verdict}: {told.reason}"
        self._end_with(reason)
        return UnusableEnds(reason, f"choose an end at which the test works (log: {told.log})")

    def _ask_both_again(self, said: Verdict) -> None:
        """What the fast toolchain alone *said* is no reason to give up on a range."""
        if chain := self.prober.chains.fallback:
            span = self.question.range
            both = (span.old, span.new)
            tickets = [self.prober.start(end.id, Purpose.END_AGAIN, 0, chain) for end in both]
            for told in self.prober.ask_all(tickets):
                if told.verdict is not said:
                    raise FastContradicted(told.name)

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

        known = places(
            [self._suspects[Change.INTRODUCTION], *self._parents([self._suspects[Change.FIX]])]
        )
        near = places(self._parents(self._evidence.functions or self._evidence.files))
        tagged = places(self.history.tags)
        plan = witness.order(total, witness.stages(known, near, tagged))
        told = self._first_bad((self._commits[place], stage) for place, stage in plan)
        if told:
            return told.revision
        self._ask_both_again(Verdict.GOOD)
        verdicts = self.prober.verdicts()
        good = places(commit for commit, runs in verdicts.items() if _is_good(runs))
        gap = witness.widest_gap(total, good)
        reason = (
            f"no bad revision among {len(good)} tested between the good ends; "
            f"a bad stretch of up to {gap} commits could have been missed"
        )
        self._end_with(reason)
        hint = "name a narrower range, or a bad revision as one end"
        if missed := self.prober.chains.search.blind_to:
            hint += f"; --toolchain {Release.name} if the bug needs {missed}"
        raise NoWitness(reason, hint)

    def _first_bad(self, places: Iterator[tuple[str, str]]) -> Probed | None:
        """Probe one place after the other, the next one's build beside the test of the last."""
        waiting: list[Ticket] = []
        for commit, stage in places:
            waiting.append(self.prober.start(commit, Purpose.WITNESS.about(f"({stage})")))
            if len(waiting) > self.prober.executor.jobs and (told := self._bad_one(waiting)):
                return told
        while waiting:
            if told := self._bad_one(waiting):
                return told
        return None

    def _bad_one(self, waiting: list[Ticket]) -> Probed | None:
        """The oldest of the tickets, if it is bad; the others are not wanted any more then."""
        (told,) = self.prober.ask_all([waiting.pop(0)])
        if told.verdict is not Verdict.BAD:
            return None
        for ticket in waiting:
            self.prober.cancel(ticket)
        return told

    # -- introduction and fix --------------------------------------------------------------------

    def _find(self, where: SearchRange) -> Found:
        try:
            found = self._finder.find(where, self._suspects[where.what], self._flaky)
        except NoTransitionSeen as error:
            self._end_with(error.what)
            raise
        earlier = [e for e in self.journal.events if isinstance(e, Found) and e.what == found.what]
        if earlier and _is_same(earlier[-1], found):
            return earlier[-1]
        self.journal.append(found)
        return found

    def _confirm(self, found: Sequence[Found]) -> None:
        chain = self.prober.chains.proof
        if chain is None:
            return
        for one in found:
            self.journal.note(Prover(self.prober, chain).confirm(one, self._flaky))

    # -- the rest --------------------------------------------------------------------------------

    def _full(self, name: str) -> str:
        """The full hash of a known revision, or '' when it is not in the range."""
        if not name or not self.history.knows(name):
            return ""
        commit = self.history.resolve(name).id
        return commit if commit in self._commits else ""

    def _parents(self, commits: Iterable[str]) -> list[str]:
        return [p for commit in commits if commit for p in self.history.commit(commit).parents]

    def _note_differing_reasons(self) -> None:
        """Without a signature, two kinds of failure may be two bugs: say so."""
        if self.prober.bench.oracle.knows_its_bug:
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

    def _turned(self, way: Turn) -> bool:
        """Did an earlier session go on in another way?"""
        return any(isinstance(event, Turned) and event.way == way for event in self.journal.events)

    def _end_with(self, answer: str, affected: tuple[str, ...] = ()) -> None:
        self.journal.note(Ended(answer, affected))


def _is_good(runs: Sequence[Probed]) -> bool:
    """Was it tested, and never bad?"""
    verdicts = {one.verdict for one in runs}
    return Verdict.GOOD in verdicts and Verdict.BAD not in verdicts


def _is_same(told: Found, found: Found) -> bool:
    """Is it no news? A later session knows a flaky test better and is a little surer of it."""
    alike = (told.confidence < 1) == (found.confidence < 1)
    return alike and replace(told, confidence=found.confidence) == found
