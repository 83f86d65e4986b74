"""A hunt between ends that part: on which line the change lies, what the other one has of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pygit2

from bisector.errors import NoWitness
from bisector.git.history import Range
from bisector.git.lines import Fork
from bisector.git.picks import Picks, origins
from bisector.jobs.hunt import releases
from bisector.jobs.hunt.hunt import Hunt
from bisector.jobs.hunt.learning import fails
from bisector.jobs.hunt.missing_picks import missing
from bisector.jobs.hunt.proof import Prover
from bisector.jobs.hunt.question import HuntQuestion
from bisector.jobs.hunt.transition import Finder, SearchRange
from bisector.patch import relevance
from bisector.probing.prober import Prober
from bisector.record.events import Found, Probed
from bisector.record.findings import all_found, found_earlier
from bisector.record.fork_events import Forked, OnOther, OtherLine
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Purpose

PART = 1  # of what is found on the other line, as in Found


@dataclass(frozen=True)
class _Counterpart:
    """The commit of the other line that is the same change, and what says so."""

    commit: str
    by: str


class ForkedHunt:
    """A hunt over a *fork*; *question* has its ends. The results go to the prober's journal."""

    def __init__(self, question: HuntQuestion, fork: Fork, prober: Prober) -> None:
        self._question = question
        self._fork = fork
        self._prober = prober
        self._history = prober.context.history

    def run(self) -> None:
        """Hunt on the line that changed, then look on the other one. Raises as Hunt.run() does."""
        fork = self._fork
        ends = (fork.base, fork.new.new, fork.old.new)
        base, new, old = self._prober.ask_all(
            [self._prober.start(commit.id, Purpose.END) for commit in ends]
        )
        line, other = fork.new, fork.old
        if self._is_first(old, new, base):
            line, other = other, line
        try:
            self._hunt(line, other)
        except NoWitness:
            line, other = other, line
            self._hunt(line, other)
        for change in (one for one in all_found(self._prober.journal.events) if not one.part):
            for event in self._other_line(change, line, other):
                self._prober.journal.note(event)

    def _is_first(self, old: Probed, new: Probed, base: Probed) -> bool:
        """Whether the line of the old end is the one to hunt on.

        If both changed, it is the one from which the other picks.
        """
        old_changed, new_changed = (fails(tip) is not fails(base) for tip in (old, new))
        if old_changed and new_changed:
            return self._picks(self._fork.old.commits) < self._picks(self._fork.new.commits)
        return old_changed

    def _picks(self, commits: Sequence[str]) -> float:
        """The share of *commits* that are picks."""
        picked = sum(bool(origins(self._commit(commit).raw_message)) for commit in commits)
        return picked / max(1, len(commits))

    def _hunt(self, line: Range, other: Range) -> None:
        hunt = Hunt(replace(self._question, range=line), self._prober)
        self._prober.order((line.old.id, *line.commits, *other.commits))
        self._prober.journal.note(
            Forked(
                line.old.id,
                line.new.id,
                other.new.id,
                self._history.release(line.old.id),
                _name(line),
                _name(other),
            )
        )
        hunt.run()

    # -- the other line --------------------------------------------------------------------------

    def _other_line(self, found: Found, line: Range, other: Range) -> Iterator[OtherLine]:
        """What the *other* line has of what was *found* on *line*."""
        event = self._with_counterpart(
            OtherLine(found.what, found.revisions[-1], _name(other), OnOther.UNKNOWN), other
        )
        tip, base = (self._prober.ask(end.id, Purpose.END) for end in (other.new, other.old))
        if not tip.verdict.tested:
            yield replace(event, reason=tip.reason)
        elif tip.verdict is found.what.new_verdict and base.verdict is not tip.verdict:
            yield self._changed_too(event, other)
        elif found.what is Change.FIX:
            bad = releases.affected(self._history, other, {})
            state = OnOther.IN_VAIN if event.counterpart else OnOther.LACKS
            yield replace(event, state=state, affected=self._names(bad))
        elif event.counterpart:
            yield from self._good_there(event, line, other)
        else:
            yield replace(event, state=OnOther.LACKS)

    def _with_counterpart(self, event: OtherLine, other: Range) -> OtherLine:
        """*event* with the commit of the *other* line that is the same change, if there is one."""
        same = self._counterpart(event.revision, other)
        if same is None:
            return event
        commit = self._history.commit(same.commit)
        place = self._history.place(commit.id, other.commits)
        return replace(
            event, counterpart=commit.id, subject=commit.subject, place=place, by=same.by
        )

    def _counterpart(self, revision: str, other: Range) -> _Counterpart | None:
        """The commit of *other* that is a pick of *revision*, or of which that is one."""
        known = set(other.commits)
        for origin in origins(self._commit(revision).raw_message):
            if origin in known:
                return _Counterpart(origin, "its message")
        pick = Picks(self._history.objects, other.commits).of(revision)
        return _Counterpart(pick.commit, str(pick.by)) if pick else None

    def _changed_too(self, event: OtherLine, other: Range) -> OtherLine:
        """Search the same change on the *other* line, and prove it."""
        where = SearchRange(event.what, other.old.id, other.new.id)
        found = self._found(PART, where, other, event.counterpart)
        bounds = {event.what: found.revisions[-1]}
        affected = self._names(releases.affected(self._history, other, bounds))
        return replace(event, state=OnOther.HAS, affected=affected)

    def _good_there(self, event: OtherLine, line: Range, other: Range) -> Iterator[OtherLine]:
        """Why the *other* line is good, though it has what is bad on *line*."""
        origin = self._prober.ask(event.counterpart, Purpose.ORIGIN)
        if origin.verdict is Verdict.BAD:
            where = SearchRange(Change.FIX, event.counterpart, other.new.id)
            cure = self._found(PART + 1, where, other, "")
            yield replace(event, state=OnOther.HAD)
            name, revision = _name(line), cure.revisions[-1]
            yield self._with_counterpart(OtherLine(Change.FIX, revision, name, OnOther.LACKS), line)
        elif origin.verdict is Verdict.GOOD:
            names = (event.revision, event.counterpart)
            lacks, healed = missing(self._prober, *names, line, other)
            yield replace(event, state=OnOther.LACKS, lacks=lacks, healed=healed)
        else:
            yield replace(event, reason=f"{origin.name} is {origin.verdict}: {origin.reason}")

    def _found(self, part: int, where: SearchRange, other: Range, suspect: str) -> Found:
        """What a search on the *other* line finds, or an earlier session found; and its proof."""
        found = found_earlier(self._prober.journal.events, where.what, part=part)
        if found is None:
            evidence = relevance.of(self._history, other.commits, series=self._question.series)
            finder = Finder(self._prober, other.commits, evidence)
            found = finder.find(where, suspect, self._question.flaky)
            found = replace(found, part=part, line=_name(other))
            self._prober.journal.append(found)
        if toolchain := self._prober.toolchains.proof:
            prover = Prover(self._prober, toolchain)
            self._prober.journal.note(prover.confirm(found, self._question.flaky))
        return found

    def _commit(self, revision: str) -> pygit2.Commit:
        return self._history.read(revision)

    def _names(self, commits: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._history.release(commit) for commit in commits)


def _name(line: Range) -> str:
    """What the user calls the end of *line*."""
    return line.text.partition("..")[2]
