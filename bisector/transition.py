"""Find the revision at which the bug begins or ends: ask what the search wants to know."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from bisector import priors
from bisector.costs import Costs
from bisector.errors import NoTransitionSeen
from bisector.events import Found, Probed
from bisector.noise import UNKNOWN, Noise, Rate
from bisector.priors import Evidence
from bisector.prober import Prober, Ticket
from bisector.search import Contradiction, NoTransition, Outcome, Search
from bisector.verdict import Verdict

INTRODUCTION, FIX = "introduction", "fix"
NEW_VERDICT = {INTRODUCTION: Verdict.BAD, FIX: Verdict.GOOD}

CONFIDENCE = 0.99  # at which a search with a flaky test ends
BY_LUCK = 0.001  # P(the bug's signature on a good revision): it is not written by accident
ANY_FAILURE_BY_LUCK: Rate = (0.001, 0.01, 0.05)  # the same where any failed expectation is bad
REPEATS = 2  # of a verdict that does not fit the others, to see whether it stays


class TestIsFlaky(Exception):
    """The same binary passed and failed: whoever searches has to reckon with chance."""

    __test__ = False


@dataclass(frozen=True)
class Stretch:
    """Where a transition is looked for: *old* is not in it, *new* is its last revision."""

    what: str
    old: str
    new: str


class Finder:
    """Finds transitions in a range of *commits*, of which *evidence* says which are likely."""

    def __init__(self, prober: Prober, commits: Sequence[str], evidence: Evidence) -> None:
        self._prober = prober
        self._history = prober.bench.history
        self._commits = commits
        self._evidence = evidence

    def find(self, stretch: Stretch, suspect: str, flaky: bool) -> Found:
        """Search *stretch* to the end.

        Raises TestIsFlaky when a verdict repeats differently, NoTransitionSeen when a flaky test
        makes it likelier that there is no transition here.
        """
        commits = self._history.between(stretch.old, stretch.new)
        weights = priors.weigh(commits, self._evidence, suspect=suspect)
        graph = self._history.graph(commits)
        noise = self._noise(stretch.what) if flaky else None
        search = Search(graph, stretch.new, weights, noise, stretch.old if flaky else None)
        self._recall(search, stretch, flaky)
        self._pursue(search, stretch, flaky, self._costs(commits))
        if reason := search.no_transition():
            raise _nothing_found(stretch, reason, search.confidence())
        found = tuple(self._history.commit(commit) for commit in search.candidates())
        return Found(
            what=stretch.what,
            revisions=tuple(commit.id for commit in found),
            subjects=tuple(commit.subject for commit in found),
            places=tuple(self._history.place(commit.id, self._commits) for commit in found),
            parents=found[-1].parents,
            confidence=round(search.confidence(), 6),
        )

    def _pursue(self, search: Search, stretch: Stretch, flaky: bool, costs: Costs) -> None:
        """Probe until the search has no question left; one probe more than the machine builds at
        once waits for its turn, so that it is built while others are tested.
        """
        pending: dict[str, Ticket] = {}
        try:
            self._until_settled(search, stretch, flaky, costs, pending)
        finally:
            for ticket in pending.values():
                self._prober.cancel(ticket)

    def _until_settled(
        self,
        search: Search,
        stretch: Stretch,
        flaky: bool,
        costs: Costs,
        pending: dict[str, Ticket],
    ) -> None:
        while True:
            for revision in self._next(search, list(pending), costs):
                left = f"{len(search.candidates())} candidates" if not flaky else "flaky"
                purpose = f"{stretch.what} ({left}, about {search.steps_left()} probes left)"
                run = self._prober.next_run(revision) if flaky else 0
                pending[revision] = self._prober.start(revision, purpose, run)
            if not pending:
                return
            ticket = self._prober.first(pending.values())
            told = pending.pop(ticket.revision).told
            assert told is not None
            if told.build_seconds:
                costs.built(told.revision)
            self._record(search, stretch, told)
            for revision in search.moot(list(pending)):
                self._prober.cancel(pending.pop(revision))

    def _next(self, search: Search, pending: list[str], costs: Costs) -> list[str]:
        jobs = self._prober.executor.jobs
        chosen: list[str] = []
        if len(pending) < jobs:
            chosen += search.choose_many(jobs - len(pending), costs.seconds, pending)
        if len(pending) + len(chosen) == jobs:
            ahead = search.choose(costs.seconds, [*pending, *chosen])
            chosen += [ahead] if ahead else []
        return chosen

    def _record(self, search: Search, stretch: Stretch, told: Probed) -> None:
        try:
            search.record(told.revision, outcome(stretch.what, told))
        except Contradiction:
            # the bug came and went, and this verdict belongs to another stretch; or it was luck
            for run in range(1, REPEATS + 1):
                ticket = self._prober.start(told.revision, "does it stay so?", run)
                (again,) = self._prober.ask_all([ticket])
                same = again.toolchain == told.toolchain  # else the compilers differ, not the runs
                if same and again.verdict.tested and again.verdict is not told.verdict:
                    raise TestIsFlaky(told.name) from None

    def _recall(self, search: Search, stretch: Stretch, flaky: bool) -> None:
        """Tell the search what is known from earlier questions."""
        for revision, runs in self._prober.verdicts().items():
            for told in runs if flaky else runs[:1]:
                if revision in search:
                    # what was probed for another reason may lie beyond another change
                    with suppress(Contradiction):
                        search.record(revision, outcome(stretch.what, told))

    def _costs(self, commits: Sequence[str]) -> Costs:
        memory = self._prober.memory(commits)
        chain, jobs = self._prober.chains.search.name, self._prober.executor.jobs
        return Costs(commits, self._evidence.rebuilding, memory, chain, jobs)

    def _noise(self, what: str) -> Noise:
        """Passing by luck at any rate, failing by luck hardly ever."""
        alarm = BY_LUCK if self._prober.bench.oracle.bad else ANY_FAILURE_BY_LUCK
        if what == INTRODUCTION:
            return Noise(false_old=UNKNOWN, false_new=alarm, confidence=CONFIDENCE)
        return Noise(false_old=alarm, false_new=UNKNOWN, confidence=CONFIDENCE)


def outcome(what: str, told: Probed) -> Outcome:
    """A verdict as the search for an introduction or a fix takes it."""
    if not told.verdict.tested:
        return Outcome.SKIP
    return Outcome.NEW if told.verdict is NEW_VERDICT[what] else Outcome.OLD


def _nothing_found(stretch: Stretch, reason: NoTransition, confidence: float) -> NoTransitionSeen:
    end = stretch.old if reason is NoTransition.BEFORE else stretch.new
    good = (stretch.what == INTRODUCTION) == (reason is NoTransition.NEVER)
    return NoTransitionSeen(
        f"no {stretch.what} between {stretch.old[:10]} and {stretch.new[:10]}: "
        f"with P = {confidence:.3f} {end[:10]} is {'good' if good else 'bad'} as well",
        "choose another end; a test that fails more often helps most",
    )
