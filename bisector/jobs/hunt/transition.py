"""Find the revision at which the bug begins or ends, by probing what the search chooses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bisector.errors import NoTransitionSeen
from bisector.git.picks import origins
from bisector.jobs.hunt.fixups import StretchFixups
from bisector.probing.prober import Prober
from bisector.probing.ticket import Ticket
from bisector.record.events import Found, Probed
from bisector.record.verdict import Verdict
from bisector.record.words import Change
from bisector.search import priors
from bisector.search.bisection import Contradiction, NoTransition, Observation, Search
from bisector.search.costs import Costs
from bisector.search.noise import UNKNOWN, Noise, Rate
from bisector.search.priors import Evidence
from bisector.system.slots import cores

CONFIDENCE = 0.99  # a search with a flaky test ends when it reaches this
FALSE_ALARM = 0.001  # P(the bug's signature on a good revision)
ANY_FALSE_ALARM: Rate = (0.001, 0.01, 0.05)  # the same if any failed expectation is bad
PROBES_A_CORE = 2  # where nothing is to be built: linking and testing one takes 0.3 s of it
MOST_AT_ONCE = 64  # probes; choosing more takes longer than they save (bench/scale)


class TestIsFlaky(Exception):
    """The same binary passed and failed; the argument is the revision's name."""

    __test__ = False


@dataclass(frozen=True)
class SearchRange:
    """Where a change is searched: the commits after *old*, up to *new* (full hashes)."""

    what: Change
    old: str
    new: str


class Finder:
    """Finds transitions in *commits* (full hashes), weighted by *evidence*.

    *hidden* are commits at which another bug than *bug*, a number as in Found, hides whether this
    one is there: they are not probed.
    """

    def __init__(
        self,
        prober: Prober,
        commits: Sequence[str],
        evidence: Evidence,
        bug: int = 0,
        hidden: Collection[str] = (),
    ) -> None:
        self._prober = prober
        self._history = prober.context.history
        self._commits = commits
        self._evidence = evidence
        self._bug = bug
        self._hidden = hidden

    def find(self, span: SearchRange, suspect: str, flaky: bool) -> Found:
        """The commit, or the set of commits, that made the change in *span*.

        *suspect* is the full hash of a likely commit, or ''. Raises NoTransitionSeen if the test is
        *flaky* and it is likelier that *span* has no such change.
        """
        self._prober.fixups.forget_added()
        search = self._search(span, suspect, flaky)
        if reason := search.no_transition():
            raise _no_transition(span, reason, search.confidence())
        revisions, fixup = search.candidates(), ""
        if not flaky:
            revisions, fixup = self._narrowed(span, suspect, revisions)
        candidates = tuple(self._history.commit(commit) for commit in revisions)
        return Found(
            what=span.what,
            revisions=tuple(commit.id for commit in candidates),
            subjects=tuple(commit.subject for commit in candidates),
            places=tuple(self._history.place(c.id, self._commits) for c in candidates),
            parents=candidates[-1].parents,
            confidence=round(search.confidence(), 6),
            bug=self._bug,
            fixup=fixup,
            origin=next(iter(origins(self._history.read(revisions[-1]).raw_message)), ""),
        )

    def _search(self, span: SearchRange, suspect: str, flaky: bool) -> Search:
        """A finished search of *span*."""
        commits = self._history.between(span.old, span.new)
        weights = priors.weigh(commits, self._evidence, suspect=suspect)
        graph = self._history.graph(commits)
        noise = self._noise(span.what) if flaky else None
        search = Search(graph, span.new, weights, noise, span.old if flaky else None)
        search.skip(self._hidden)
        SearchRun(
            self._prober,
            search,
            span.what.search(self._bug),
            lambda probed: observation(span.what, probed),
            flaky,
            costs_of(self._prober, commits, self._evidence),
        ).run()
        return search

    def _narrowed(
        self, span: SearchRange, suspect: str, revisions: tuple[str, ...]
    ) -> tuple[tuple[str, ...], str]:
        """*revisions*, or those of them that fixups leave; and the fixup that this rests on."""

        def again() -> tuple[str, ...]:
            return self._search(span, suspect, flaky=False).candidates()

        purpose, hidden = span.what.search(self._bug), self._hidden
        about = (self._prober, self._commits, span.what, purpose, again, hidden)
        return StretchFixups(*about).narrowed(revisions)

    def _noise(self, what: Change) -> Noise:
        """The test's error rates: bad revisions pass at an unknown rate, good ones rarely fail."""
        alarm = FALSE_ALARM if self._prober.context.oracle.knows_its_bug else ANY_FALSE_ALARM
        if what is Change.INTRODUCTION:
            return Noise(false_old=UNKNOWN, false_new=alarm, confidence=CONFIDENCE)
        return Noise(false_old=alarm, false_new=UNKNOWN, confidence=CONFIDENCE)


class SearchRun:
    """Runs a search: starts the probes that it chooses and gives it what *observe* makes of them.

    One revision more than there are jobs is kept pending, so that it is built while others
    are tested. A *flaky* test is run several times at once on each: the revisions that are pending
    share the executor's tests.
    """

    def __init__(
        self,
        prober: Prober,
        search: Search,
        purpose: str,
        observe: Callable[[Probed], Observation],
        flaky: bool,
        costs: Costs,
    ) -> None:
        self._prober = prober
        self._search = search
        self._purpose = purpose
        self._observe = observe
        self._flaky = flaky
        self._costs = costs
        self._jobs = min(MOST_AT_ONCE, at_once(prober, costs))
        self._share = max(1, prober.executor.tests // (self._jobs + 1))
        self._pending: dict[str, list[Ticket]] = {}

    def run(self) -> None:
        """Probe until the search chooses no more revisions."""
        self._record_known()
        try:
            while self._start_probes():
                self._record_next()
        finally:
            for revision in list(self._pending):
                self._cancel(revision)

    def _record_known(self) -> None:
        """Give the search the results of earlier probes."""
        for revision, runs in self._prober.verdicts().items():
            if revision in self._search:
                for probed in runs if self._flaky else runs[:1]:
                    # a probe made for another purpose may lie beyond another change
                    with suppress(Contradiction):
                        self._search.record(revision, self._observe(probed))

    def _start_probes(self) -> bool:
        """Start probes while there are free jobs. Whether any probe is pending."""
        if len(self._pending) < self._jobs:
            free = self._jobs - len(self._pending)
            self._start(self._search.choose_many(free, self._costs.seconds, self._pending))
        if len(self._pending) == self._jobs:
            self._start(self._search.choose_many(1, self._costs.seconds, self._pending))
        return bool(self._pending)

    def _start(self, revisions: Sequence[str]) -> None:
        for revision in revisions:
            first = self._prober.next_run(revision) if self._flaky else 0
            runs = range(first, first + (self._share if self._flaky else 1))
            self._pending[revision] = [
                self._prober.start(revision, self._purpose, run) for run in runs
            ]

    def _record_next(self) -> None:
        """Wait for the results on a revision, record them, and cancel what they made obsolete."""
        tickets = [ticket for several in self._pending.values() for ticket in several]
        revision = self._prober.first(tickets, self._remaining).revision
        self._cancel_rest_of_unbuildable(revision)
        for probed in self._prober.ask_all(self._pending[revision]):
            if probed.build_seconds:
                self._costs.built(revision)
            # It cannot contradict the others: probes that could are obsolete and were cancelled.
            self._search.record(revision, self._observe(probed))
        del self._pending[revision]
        for other in self._search.obsolete(list(self._pending)):
            self._cancel(other)

    def _cancel_rest_of_unbuildable(self, revision: str) -> None:
        """Cancel the other runs of a revision that does not build: each would build it again."""
        tickets = self._pending[revision]
        answered = [ticket for ticket in tickets if ticket.answer]
        verdicts = {ticket.answer.verdict for ticket in answered if ticket.answer}
        if Verdict.UNBUILDABLE in verdicts:
            for ticket in set(tickets) - set(answered):
                self._prober.cancel(ticket)
            self._pending[revision] = answered

    def _cancel(self, revision: str) -> None:
        for ticket in self._pending.pop(revision):
            self._prober.cancel(ticket)

    def _remaining(self) -> str:
        """The remaining work, for display. It takes longer than choosing the next probe."""
        candidates, steps = len(self._search.candidates()), self._search.steps_left()
        return f"{candidates} candidates, about {steps} probes left"


def at_once(prober: Prober, costs: Costs) -> int:
    """The number of revisions to probe at once.

    As many as are built at once; if nothing is left to be built, a test leaves a processor idle
    most of the time.
    """
    executor = prober.executor
    if costs.nothing_to_build:
        return max(executor.jobs, min(executor.tests, PROBES_A_CORE * cores()))
    return executor.jobs


def costs_of(prober: Prober, commits: Sequence[str], evidence: Evidence) -> Costs:
    """What the probes of *commits* by *prober* cost."""
    cost, jobs = prober.toolchains.search.cost, prober.executor.jobs
    return Costs(commits, evidence.rebuilding, prober.memory(commits), cost, jobs)


def observation(what: Change, probed: Probed) -> Observation:
    """The verdict as an observation of the search for *what*."""
    if not probed.verdict.tested:
        return Observation.SKIP
    return Observation.NEW if probed.verdict is what.new_verdict else Observation.OLD


def _no_transition(span: SearchRange, reason: NoTransition, confidence: float) -> NoTransitionSeen:
    end = span.old if reason is NoTransition.BEFORE else span.new
    good = (span.what is Change.INTRODUCTION) == (reason is NoTransition.NEVER)
    return NoTransitionSeen(
        f"no {span.what} between {span.old[:10]} and {span.new[:10]}: "
        f"with P = {confidence:.3f} {end[:10]} is {'good' if good else 'bad'} as well",
        "choose another end; a test that fails more often helps most",
    )
