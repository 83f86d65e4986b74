"""Answer another bug that a hunt between two good ends has seen: how it began and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bisector.build.toolchain import Toolchain
from bisector.git.history import Range
from bisector.jobs.hunt import releases
from bisector.jobs.hunt.learning import learnt_in, may_be_the_bug, repeat
from bisector.jobs.hunt.proof import CONFIRM_RUNS, FastContradicted, Prover
from bisector.jobs.hunt.transition import Finder, SearchRange, TestIsFlaky
from bisector.probing.prober import Prober
from bisector.record.events import Confirmed, Found, Probed
from bisector.record.failure import Failure
from bisector.record.findings import found_earlier
from bisector.record.learnt import Learnt
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Purpose, is_for_another_bug
from bisector.search.priors import Evidence

NUMBER = 1  # of the other bug, as in Found; no more than one is answered


@dataclass(frozen=True)
class Answer:
    """How another bug shows itself, and the releases (full hashes) that have it."""

    learnt: Learnt
    affected: Sequence[str]


class AnotherBug:
    """Looks for another bug in *span*, which has two good ends; *found* is the hunt's own answer.

    From its introduction to its fix the bug found first hides the other one: these revisions are
    not probed. What goes wrong here becomes a doubt about the other bug; it changes nothing of the
    hunt's own answer.
    """

    def __init__(
        self, prober: Prober, span: Range, evidence: Evidence, found: Sequence[Found]
    ) -> None:
        assert prober.learnt  # between two good ends, the failure of a test without a signature is
        self._prober = prober
        self._history = prober.context.history
        self._span = span
        self._own = prober.learnt
        own = {change.what: change.revisions for change in found}
        self._hidden = frozenset(
            releases.stretch(self._history, span, own[Change.INTRODUCTION][-1], own[Change.FIX])
        )
        self._finder = Finder(prober, span.commits, evidence, NUMBER, self._hidden)

    def answer(self) -> Answer | None:
        """Find and confirm both changes; None if no other failure was seen that may be a bug's."""
        learnt = self._learnt_earlier() or self._learn()
        if learnt is None:
            return None
        self._prober.learn(learnt)
        found = [self._find(where) for where in self._ranges(learnt.revision)]
        if toolchain := self._prober.toolchains.proof:
            for change in found:
                self._prober.journal.note(self._confirmed(change, toolchain))
        self._prober.learn(self._own)  # the journal has it; what follows is about this one again
        bounds = {change.what: change.revisions[-1] for change in found}
        return Answer(learnt, releases.affected(self._history, self._span, bounds))

    # -- the failure -----------------------------------------------------------------------------

    def _learnt_earlier(self) -> Learnt | None:
        """What an interrupted session learnt."""
        events = self._prober.journal.events
        return next((e for e in events if isinstance(e, Learnt) and e.bug == NUMBER), None)

    def _learn(self) -> Learnt | None:
        """The first of the other failures that is the same in each run."""
        purpose = Purpose.ANOTHER_BUG.about("failure")
        for seen in self._seen():
            first = self._prober.ask(seen.revision, purpose)  # the fast toolchain may be wrong
            if not may_be_the_bug(first):
                continue
            runs = [first, *repeat(self._prober, replace(first, purpose=purpose))]
            learnt = replace(learnt_in(runs), bug=NUMBER)
            one_kind = len({kind.anywhere for kind in learnt.failures}) == 1
            if one_kind and all(map(may_be_the_bug, runs)) and self._is_apart(learnt):
                return learnt
        return None

    def _seen(self) -> list[Probed]:
        """The first run of each other kind of failure; those that speak for themselves first."""
        seen: dict[Failure, Probed] = {}
        runs = list(map(self._prober.judged, self._runs()))
        own = {run.revision for run in runs if run.verdict is Verdict.BAD}
        for run in runs:
            if run.failure and may_be_the_bug(run) and run.revision not in own:
                seen.setdefault(run.failure, run)
        return sorted(seen.values(), key=_does_not_speak_for_itself)

    def _runs(self) -> list[Probed]:
        """The first runs that the hunt made where the bug found first does not hide others."""
        inside = set(self._span.commits) - self._hidden
        return [
            event
            for event in self._prober.journal.events
            if isinstance(event, Probed)
            and event.revision in inside
            and not (event.run or event.patched or is_for_another_bug(event.purpose))
        ]

    def _is_apart(self, learnt: Learnt) -> bool:
        """Whether no failure is of both bugs."""
        own = self._own
        return not any([*map(own.covers, learnt.failures), *map(learnt.covers, own.failures)])

    # -- the changes -----------------------------------------------------------------------------

    def _ranges(self, bad: str) -> Iterator[SearchRange]:
        yield SearchRange(Change.INTRODUCTION, self._span.old.id, bad)
        yield SearchRange(Change.FIX, bad, self._span.new.id)

    def _find(self, where: SearchRange) -> Found:
        """The result of the search, or what an interrupted session found.

        After the proofs, of which a search would take note, it could find something else.
        """
        if earlier := found_earlier(self._prober.journal.events, where.what, bug=NUMBER):
            return earlier
        found = self._finder.find(where, suspect="", flaky=False)
        self._prober.journal.append(found)
        return found

    def _confirmed(self, change: Found, toolchain: Toolchain) -> Confirmed:
        try:
            return Prover(self._prober, toolchain, self._hidden).confirm(change, flaky=False)
        except FastContradicted as name:
            fast = self._prober.toolchains.search.name
            doubt = f"a real build contradicts {fast} on {name}"
        except TestIsFlaky as name:
            doubt = f"{name} passes in some runs only"
        return Confirmed(change.what, False, CONFIRM_RUNS, doubt, toolchain.name, bug=NUMBER)


def _does_not_speak_for_itself(probed: Probed) -> bool:
    return probed.failure is None or not probed.failure.kind.speaks_for_itself
