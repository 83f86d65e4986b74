"""Decide on each commit of a source line, in their order, and pick what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from bisector.jobs.backport import advice
from bisector.jobs.queue import rules
from bisector.jobs.queue.decisions import Decision
from bisector.jobs.queue.known import Known
from bisector.jobs.queue.mentions import Mention, Relation
from bisector.jobs.queue.prerequisites import BROUGHT
from bisector.jobs.queue.rules import Facts, Wanted, Wish
from bisector.jobs.queue.series import Refused, SeriesMaker
from bisector.record.queue_events import (
    Decided,
    Evidence,
    Queued,
    Repair,
    RepairState,
    Says,
    Statement,
    Word,
)
from bisector.record.verdict import Verdict
from bisector.record.words import How

Tested = Mapping[str, tuple[Verdict, str]]
"""The verdict on the branch by a test that shows a fix's bug, and what test that is, by fix."""


class Planner:
    """Makes the rows of a queue and its series."""

    def __init__(
        self,
        known: Known,
        decisions: Mapping[str, Decision],
        progress: Callable[[str], None],
        tested: Tested | None = None,
    ) -> None:
        history, source = known.history, known.source
        self._known, self._source = known, source
        self._decisions = decisions
        self._progress = progress
        # the time of the newest commit: the same repositories give the same answer
        self._now = history.read(source.line.tip).commit_time
        self._tested = tested or {}
        self.series = SeriesMaker(history, source, known.picked, self._refuses)
        self._held: dict[str, str] = {}

    def rows(self) -> list[Queued]:
        """The rows: what fixes something or is asked for, or what is picked for such a commit.

        Who picks a fix without its repair ships a known bug. Whether the repair can be picked shows
        only after the fix was; so all is done once more without the fixes that have to wait.
        """
        while True:
            rows = self._pass()
            waiting = {
                row.revision: f"{one.revision[:10]}, which repairs it, cannot be picked"
                for row in rows
                for one in row.repairs
                if row.word.is_picked and one.state is RepairState.MISSING and not row.decided
            }
            if not waiting:
                return rows
            self._held |= waiting

    def _pass(self) -> list[Queued]:
        self._needed_by: dict[str, list[str]] = {}
        self._rows: dict[str, Queued] = {}
        self.series.restart()
        for number, commit in enumerate(self._source.commits):
            if number % 50 == 0:
                self._progress(f"{self._source.branch.name}: {number} of {self.total} commits")
            self._decide(commit)
        while self._follow_up():
            pass
        return [self._finished(row) for row in self._in_order()]

    @property
    def total(self) -> int:
        """The number of commits to look at."""
        return len(self._source.commits)

    # -- one commit ----------------------------------------------------------------------------

    def _decide(self, commit: str) -> None:
        """Make the row of *commit*, and pick it if it is wanted."""
        if commit in self.series.there and commit in self.series.picks:
            self._rows[commit] = self._as_needed(commit)
            return
        row = self._row(commit)
        if there := self._there(commit):
            self.series.there.add(commit)
            row = replace(row, word=Word.THERE, why=there.text, there=there)
        elif (wanted := self._wanted(commit, row)).wish is Wish.YES:
            row = self._picked(commit, _with(row, wanted))
        else:
            row = replace(_with(row, wanted), word=_WORDS[wanted.wish], why=wanted.why)
        if self._is_of_interest(commit, row):
            self._rows[commit] = row

    def _there(self, commit: str) -> Statement | None:
        if not self._may_matter(commit):
            return None
        return self._known.is_there(commit)

    def _may_matter(self, commit: str) -> bool:
        """Whether it is worth the time to compare *commit* with those of the branch."""
        return commit in self.series.there or self._known.is_bug(commit) or self._source.named

    def _row(self, commit: str) -> Queued:
        row = self._known.row(commit)
        decision = self._decisions.get(commit)
        if decision is None:
            return row
        return replace(row, decided=decision.decided, because=decision.because)

    def _wanted(self, commit: str, row: Queued) -> Wanted:
        """Whether *commit* is wanted: by a person's decision, else by the rules."""
        found = rules.wanted(self._facts(commit, row))
        if row.decided is None and commit in self._held:
            return replace(found, wish=Wish.WAIT, why=self._held[commit])
        if row.decided is None:
            return found
        wish = {Decided.YES: Wish.YES, Decided.NO: Wish.NO, Decided.WAIT: Wish.WAIT}[row.decided]
        because = f": {row.because}" if row.because else ""
        by_rules = f"by the rules {_WORDS[found.wish]}, {found.why}"
        return replace(found, wish=wish, why=f"decided{because}; {by_rules}")

    def _refuses(self, commit: str) -> bool:
        """Whether a person or the message of *commit* refuses it."""
        decision = self._decisions.get(commit)
        if decision is not None:
            return decision.decided is not Decided.YES
        if commit in self._held:
            return True
        return self._known.says(commit)[0] is Says.NO

    def _facts(self, commit: str, row: Queued) -> Facts:
        known, there = self._known, self.series.there
        named = known.named_by(commit)
        culprits = [one for one in named if one.relation is Relation.REPAIRS]
        followed = [one for one in named if self._is_followed(one, row.says)]
        verdict, test = self._tested.get(commit, (None, ""))
        return Facts(
            is_bug=known.is_bug(commit),
            is_fix=known.is_fix(commit),
            says=row.says,
            said=row.said,
            lines=known.by_lines(commit, there),
            tested=verdict,
            test=test,
            culprits=tuple(one.named[:10] for one in culprits),
            has_culprit=any(self._has(one.named) for one in culprits),
            follows=followed[0].named[:10] if followed else "",
            has_followed=any(self._has(one.named) for one in followed),
            refuses_followed=any(known.says(one.named)[0] is Says.NO for one in followed),
            reverted=known.reverted_by(commit)[:10],
            age=self._now - row.at,
        )

    def _is_followed(self, one: Mention, says: Says) -> bool:
        """Whether the message says to backport its commit with the one that it names."""
        asks = says is Says.FOLLOWS and advice.mentions_backport(one.text)
        return asks and one.relation is not Relation.MENTIONS

    def _has(self, commit: str) -> bool:
        """Whether the branch has *commit*, or gets it by the series."""
        return commit in self.series.there or self._known.is_there(commit) is not None

    # -- picks ---------------------------------------------------------------------------------

    def _picked(self, commit: str, row: Queued) -> Queued:
        first = {
            one.named: f"the message says: {one.text}"
            for one in self._known.named_by(commit)
            if one.relation is Relation.NEEDS and not self._has(one.named)
        }
        step = self.series.add(commit, first)
        if isinstance(step, Refused):
            return self._refused(row, step)
        if step.how is How.ALREADY:
            there = Statement("its change is there", Evidence.HISTORY)
            return replace(row, word=Word.THERE, why=there.text, there=there, how=step.how)
        for one in step.needs:
            self._needed_by.setdefault(one.revision, []).append(commit)
            self._rows[one.revision] = self._as_needed(one.revision)
        word = Word.PICK_WITH if step.needs else Word.PICK
        return replace(
            row,
            word=word,
            how=step.how,
            left_out=step.left_out,
            needs=step.needs,
            picked=step.commit,
        )

    def _refused(self, row: Queued, refused: Refused) -> Queued:
        lacks = refused.lacks
        if refused.conflict is None:
            name = lacks[0].why.removeprefix(BROUGHT)
            why = f"{row.why}, but it uses what the branch lacks: {name}"
            return replace(row, word=Word.CONFLICT, why=why, needs=lacks)
        return replace(
            row,
            word=Word.CONFLICT,
            why=f"{row.why}, but {refused.conflict.summary}",
            how=How.CONFLICT,
            conflict=refused.conflict.text,
            needs=lacks,
        )

    def _as_needed(self, commit: str) -> Queued:
        """The row of a commit that was picked because others need it."""
        row = self._rows.get(commit) or self._row(commit)
        needing = tuple(self._needed_by.get(commit, ()))
        why = rules.needed_by(needing)
        picked = self.series.picks.get(commit, "")
        if row.word.is_picked:
            return replace(row, needed_by=needing)
        return replace(row, word=Word.PICK, why=why, needed_by=needing, picked=picked)

    def _follow_up(self) -> bool:
        """Look again at commits that go with what was picked after them; whether one was picked."""
        changed = False
        for commit in self._source.commits:
            row = self._rows.get(commit)
            if row is None and not self._known.named_by(commit):
                continue  # it neither asks for anything nor belongs to another commit
            if (row is None or row.word in _AGAIN) and commit not in self.series.there:
                wanted = self._wanted(commit, row or self._row(commit))
                if wanted.wish is Wish.YES:
                    self._rows[commit] = self._picked(
                        commit, _with(row or self._row(commit), wanted)
                    )
                    changed = changed or self._rows[commit].word.is_picked
        return changed

    # -- rows ----------------------------------------------------------------------------------

    def _is_of_interest(self, commit: str, row: Queued) -> bool:
        asked = row.says in (Says.YES, Says.WAIT, Says.ANYWHERE, Says.FOLLOWS)
        fixes = self._known.is_bug(commit) or asked or row.decided is not None
        return self._source.named or fixes or row.word.is_picked

    def _in_order(self) -> Iterator[Queued]:
        place = {commit: number for number, commit in enumerate(self._source.before)}
        for commit in sorted(self._rows, key=place.__getitem__):
            yield self._rows[commit]

    def _finished(self, row: Queued) -> Queued:
        """*row* with its repairs, which are known when all are decided."""
        if row.word.is_picked or row.word is Word.THERE or row.revision in self._held:
            return replace(row, repairs=tuple(self._repairs(row.revision)))
        return row

    def _repairs(self, commit: str) -> Iterator[Repair]:
        for one in self._known.naming(commit):
            if one.relation in (Relation.REPAIRS, Relation.REVERTS):
                subject = self._known.subject(one.commit)
                why = f"its message says: {one.text}"
                yield Repair(one.commit, subject, why, self._state(one.commit))

    def _state(self, commit: str) -> RepairState:
        if commit in self.series.picks:
            return RepairState.QUEUED
        if self._has(commit):
            return RepairState.THERE
        by_message = commit not in self._decisions and self._known.says(commit)[0] is Says.NO
        return RepairState.REFUSED if by_message else RepairState.MISSING


_WORDS = {
    Wish.NO: Word.NOT_NEEDED,
    Wish.WAIT: Word.WAIT,
    Wish.UNCLEAR: Word.UNCLEAR,
    Wish.YES: Word.PICK,
}
_AGAIN = (Word.NOT_NEEDED, Word.UNCLEAR)


def _with(row: Queued, wanted: Wanted) -> Queued:
    return replace(row, why=wanted.why, affected=wanted.affected, differs=wanted.differs)
