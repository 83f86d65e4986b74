"""Find the revision at which the bug begins or ends: ask what the search wants to know."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from bisector.errors import NoTransitionSeen
from bisector.probing.prober import Prober
from bisector.probing.ticket import Ticket
from bisector.record.events import Found, Probed
from bisector.record.words import Change, Purpose
from bisector.search import priors
from bisector.search.bisection import Contradiction, NoTransition, Observation, Search
from bisector.search.costs import Costs
from bisector.search.noise import UNKNOWN, Noise, Rate
from bisector.search.priors import Evidence

CONFIDENCE = 0.99  # at which a search with a flaky test ends
BY_LUCK = 0.001  # P(the bug's signature on a good revision): it is not written by accident
ANY_FAILURE_BY_LUCK: Rate = (0.001, 0.01, 0.05)  # the same where any failed expectation is bad
MOST_AT_ONCE = 64  # probes; beyond it, asking for them takes longer than they save (bench/scale)


class TestIsFlaky(Exception):
    """The same binary passed and failed: whoever searches has to reckon with chance."""

    __test__ = False


@dataclass(frozen=True)
class SearchRange:
    """Where a change is looked for: *old* is not in it, *new* is its last revision."""

    what: Change
    old: str
    new: str


class Finder:
    """Finds transitions in a range of *commits*, of which *evidence* says which are likely."""

    def __init__(self, prober: Prober, commits: Sequence[str], evidence: Evidence) -> None:
        self._prober = prober
        self._history = prober.bench.history
        self._commits = commits
        self._evidence = evidence

    def find(self, span: SearchRange, suspect: str, flaky: bool) -> Found:
        """Search *span* to the end.

        Raises NoTransitionSeen when a flaky test makes it likelier that there is none here.
        """
        commits = self._history.between(span.old, span.new)
        weights = priors.weigh(commits, self._evidence, suspect=suspect)
        graph = self._history.graph(commits)
        noise = self._noise(span.what) if flaky else None
        search = Search(graph, span.new, weights, noise, span.old if flaky else None)
        _Pursuit(self._prober, search, span.what, flaky, self._costs(commits)).run()
        if reason := search.no_transition():
            raise _nothing_found(span, reason, search.confidence())
        found = tuple(self._history.commit(commit) for commit in search.candidates())
        return Found(
            what=span.what,
            revisions=tuple(commit.id for commit in found),
            subjects=tuple(commit.subject for commit in found),
            places=tuple(self._history.place(commit.id, self._commits) for commit in found),
            parents=found[-1].parents,
            confidence=round(search.confidence(), 6),
        )

    def _costs(self, commits: Sequence[str]) -> Costs:
        memory = self._prober.memory(commits)
        cost, jobs = self._prober.chains.search.cost, self._prober.executor.jobs
        return Costs(commits, self._evidence.rebuilding, memory, cost, jobs)

    def _noise(self, what: Change) -> Noise:
        """Passing by luck at any rate, failing by luck hardly ever."""
        alarm = BY_LUCK if self._prober.bench.oracle.knows_its_bug else ANY_FAILURE_BY_LUCK
        if what is Change.INTRODUCTION:
            return Noise(false_old=UNKNOWN, false_new=alarm, confidence=CONFIDENCE)
        return Noise(false_old=alarm, false_new=UNKNOWN, confidence=CONFIDENCE)


class _Pursuit:
    """One search in a dialogue with the machine.

    One probe more than the machine builds at once is asked for: it waits for its turn, so that it
    is built while others are tested.
    """

    def __init__(
        self, prober: Prober, search: Search, what: Change, flaky: bool, costs: Costs
    ) -> None:
        self._prober = prober
        self._search = search
        self._what = what
        self._flaky = flaky
        self._costs = costs
        self._pending: dict[str, Ticket] = {}

    def run(self) -> None:
        """Probe until the search has no question left."""
        self._recall()
        try:
            while self._ask():
                self._hear()
        finally:
            for ticket in self._pending.values():
                self._prober.cancel(ticket)

    def _recall(self) -> None:
        """Tell the search what is known from earlier questions."""
        for revision, runs in self._prober.verdicts().items():
            if revision in self._search:
                for told in runs if self._flaky else runs[:1]:
                    # what was probed for another reason may lie beyond another change
                    with suppress(Contradiction):
                        self._search.record(revision, observation(self._what, told))

    def _ask(self) -> bool:
        """Keep the machine busy; whether it is."""
        jobs = min(MOST_AT_ONCE, self._prober.executor.jobs)
        if len(self._pending) < jobs:
            free = jobs - len(self._pending)
            self._start(self._search.choose_many(free, self._costs.seconds, self._pending))
        if len(self._pending) == jobs:
            self._start(self._search.choose_many(1, self._costs.seconds, self._pending))
        return bool(self._pending)

    def _start(self, revisions: Sequence[str]) -> None:
        for revision in revisions:
            run = self._prober.next_run(revision) if self._flaky else 0
            self._pending[revision] = self._prober.start(revision, Purpose(self._what), run)

    def _hear(self) -> None:
        """Wait for an answer, and call off what it made needless."""
        ticket = self._prober.first(self._pending.values(), self._left)
        told = self._pending.pop(ticket.revision).answer
        assert told is not None
        if told.build_seconds:
            self._costs.built(told.revision)
        # It cannot contradict the others: what could is obsolete, and was called off.
        self._search.record(told.revision, observation(self._what, told))
        for revision in self._search.obsolete(list(self._pending)):
            self._prober.cancel(self._pending.pop(revision))

    def _left(self) -> str:
        """What is left to be done; to find out takes longer than to choose the next probe."""
        candidates, steps = len(self._search.candidates()), self._search.steps_left()
        return f"{candidates} candidates, about {steps} probes left"


def observation(what: Change, told: Probed) -> Observation:
    """The verdict as an observation of the search for *what*, an introduction or a fix."""
    if not told.verdict.tested:
        return Observation.SKIP
    return Observation.NEW if told.verdict is what.new_verdict else Observation.OLD


def _nothing_found(span: SearchRange, reason: NoTransition, confidence: float) -> NoTransitionSeen:
    end = span.old if reason is NoTransition.BEFORE else span.new
    good = (span.what is Change.INTRODUCTION) == (reason is NoTransition.NEVER)
    return NoTransitionSeen(
        f"no {span.what} between {span.old[:10]} and {span.new[:10]}: "
        f"with P = {confidence:.3f} {end[:10]} is {'good' if good else 'bad'} as well",
        "choose another end; a test that fails more often helps most",
    )
