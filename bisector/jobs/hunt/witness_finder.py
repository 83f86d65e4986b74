"""Find a bad revision, the witness, in a range with two good ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bisector.jobs.hunt.learning import repeat, show_the_bug
from bisector.probing.prober import Prober
from bisector.probing.ticket import Ticket
from bisector.record.events import Probed
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose
from bisector.search import witness
from bisector.search.priors import Evidence


class WitnessFinder:
    """Probes the likeliest of *commits* (full hashes) until one is bad; the last one is the end."""

    def __init__(self, prober: Prober, commits: Sequence[str], evidence: Evidence) -> None:
        self._prober = prober
        self._history = prober.context.history
        self._commits = commits
        self._evidence = evidence
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

        The next one is built while another is tested.
        """
        waiting: list[Ticket] = []
        for commit, stage in candidates:
            waiting.append(self._prober.start(commit, Purpose.WITNESS.about(f"({stage})")))
            if len(waiting) > self._prober.executor.jobs and (bad := self._oldest_if_bad(waiting)):
                return bad
        while waiting:
            if bad := self._oldest_if_bad(waiting):
                return bad
        return None

    def _oldest_if_bad(self, waiting: list[Ticket]) -> Probed | None:
        """Wait for the oldest ticket and remove it. If it is bad, cancel the others."""
        (probed,) = self._prober.ask_all([waiting.pop(0)])
        if not self._counts(probed):
            return None
        for ticket in waiting:
            self._prober.cancel(ticket)
        return probed

    def _counts(self, probed: Probed) -> bool:
        """Whether *probed* is bad, or fails each time in another way that may be the bug's.

        The test worked at an ancestor, so this is not a feature that is not there yet.
        """
        oracle = self._prober.context.oracle
        if probed.verdict is Verdict.BAD or not show_the_bug([probed], oracle):
            return probed.verdict is Verdict.BAD
        return show_the_bug([probed, *repeat(self._prober, probed)], oracle)


def is_good(runs: Sequence[Probed]) -> bool:
    """Whether some of *runs* are good and none is bad."""
    verdicts = {run.verdict for run in runs}
    return Verdict.GOOD in verdicts and Verdict.BAD not in verdicts
