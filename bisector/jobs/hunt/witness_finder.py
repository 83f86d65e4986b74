"""Find a bad revision, the witness, in a range with two good ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bisector.jobs.hunt.learning import repeat, runs_of, show_the_bug
from bisector.jobs.hunt.proof import CONFIRM_RUNS
from bisector.jobs.hunt.transition import at_once, costs_of
from bisector.probing.prober import Prober
from bisector.probing.ticket import Ticket
from bisector.record.events import Probed
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose
from bisector.search import witness
from bisector.search.priors import Evidence


class WitnessFinder:
    """Probes the likeliest of *commits* (full hashes) until one is bad; the last one is the end.

    If the test is *flaky*, one that passes is tested CONFIRM_RUNS times.
    """

    def __init__(
        self, prober: Prober, commits: Sequence[str], evidence: Evidence, flaky: bool
    ) -> None:
        self._prober = prober
        self._history = prober.context.history
        self._commits = commits
        self._evidence = evidence
        self._flaky = flaky
        self._index = {commit: place for place, commit in enumerate(commits)}
        self._total = len(commits) - 1  # without the new end, which is good

    def find(self, suspects: Iterable[str]) -> Probed | None:
        """A bad revision, or None if none is found within the budget.

        *suspects* are probed first, then the parents of the commits that *evidence* points to, the
        releases, and others at ever finer strides.
        """
        related = self._evidence.functions or self._evidence.files
        parents = (p for commit in related for p in self._history.commit(commit).parents)
        stages = witness.stages(
            self._places(suspects), self._places(parents), self._places(self._history.tags)
        )
        order = witness.order(self._total, stages)
        return self._first_bad((self._commits[place], stage) for place, stage in order)

    def failure(self) -> str:
        """Why there is no witness: the number of tested revisions and the widest gap."""
        verdicts = self._prober.verdicts()
        good = self._places(commit for commit, runs in verdicts.items() if is_good(runs))
        gap = witness.widest_gap(self._total, good)
        return (
            f"no bad revision among {len(good)} tested between the good ends; "
            f"a bad stretch of up to {gap} commits could have been missed"
        )

    def _places(self, commits: Iterable[str]) -> set[int]:
        """The indexes of those of *commits* that lie between the ends."""
        places = (self._index.get(commit, self._total) for commit in commits)
        return {place for place in places if place < self._total}

    def _first_bad(self, candidates: Iterator[tuple[str, str]]) -> Probed | None:
        """Probe *candidates* (revision, stage of the witness search) in order, until one is bad.

        The next one is built while another is tested; several are tested if none has to be built.
        """
        waiting: list[Ticket] = []
        jobs = at_once(self._prober, costs_of(self._prober, self._commits, self._evidence))
        for commit, stage in candidates:
            waiting.append(self._prober.start(commit, Purpose.WITNESS.about(f"({stage})")))
            if len(waiting) > jobs and (bad := self._oldest_if_bad(waiting)):
                return bad
        while waiting:
            if bad := self._oldest_if_bad(waiting):
                return bad
        return None

    def _oldest_if_bad(self, waiting: list[Ticket]) -> Probed | None:
        """Wait for the oldest ticket and remove it. If it is bad, cancel the others."""
        (probed,) = self._prober.ask_all([waiting.pop(0)])
        if bad := self._bad_run(probed):
            for ticket in waiting:
                self._prober.cancel(ticket)
        return bad

    def _bad_run(self, probed: Probed) -> Probed | None:
        """A run of the same revision that is bad, or that fails each time as the bug may do."""
        oracle = self._prober.context.oracle
        if probed.verdict is Verdict.BAD:
            return probed
        if probed.verdict is Verdict.GOOD and self._flaky:
            runs = runs_of(self._prober, probed.revision, probed.purpose, CONFIRM_RUNS)
            return next((run for run in runs if run.verdict is Verdict.BAD), None)
        if show_the_bug([probed], oracle):
            return probed if show_the_bug(repeat(self._prober, probed), oracle) else None
        return None


def is_good(runs: Sequence[Probed]) -> bool:
    """Whether some of *runs* are good and none is bad."""
    verdicts = {run.verdict for run in runs}
    return Verdict.GOOD in verdicts and Verdict.BAD not in verdicts
