"""Learn the bug's failure from the revisions of a survey, by the rules of a hunt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from bisector.jobs.failing import learn_from
from bisector.jobs.hunt.growth import learn_growth
from bisector.jobs.hunt.learning import (
    failing_end,
    is_absent_feature,
    may_be_the_bug,
    test_works,
)
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose
from bisector.search.graph import Graph
from bisector.search.release_inference import children_of

# Part of the names of surveys. Raise it when a change of the code gives another answer to the same
# question, so that a finished journal is not reused.
RULES = "2"

ABSENT = "this revision does not have the feature yet"  # how a reason begins


class SurveyLearner:
    """Learns the bug's failure from the revisions of *graph*, which are probed for *purpose*.

    Nothing is learnt if the test says what its bug is.
    """

    def __init__(self, prober: Prober, graph: Graph, purpose: Purpose, flaky: bool) -> None:
        self._prober = prober
        self._graph = graph
        self._purpose = purpose
        self._flaky = flaky
        self._settled = prober.context.oracle.knows_its_bug

    @property
    def _is_open(self) -> bool:
        """Whether it is still to be found out which failures are the bug's."""
        return not self._settled and self._prober.learnt is None

    def from_ends(self) -> None:
        """Probe the ends of the survey and learn from the one that fails.

        In place of an end at which the test does not work is the next revision at which it does.
        """
        line = self._graph.revisions
        if self._prober.context.oracle.measures_growth:
            ends = [self._prober.start(end, self._purpose) for end in (line[0], line[-1])]
            learn_growth(self._prober, *self._prober.ask_all(ends))
        if not self._is_open:
            return
        old, new = self._end(line, is_old=True), self._end(line[::-1], is_old=False)
        if old and new and old.revision != new.revision and (failing := failing_end(old, new)):
            learn_from(self._prober, [failing], flaky=self._flaky)

    def from_all(self) -> bool:
        """Learn from all failures that may be the bug, if the ends did not show it.

        Whether there were any, so that verdicts may have changed.
        """
        if not self._is_open:
            return False
        every = sorted(self.verdicts().items(), key=lambda item: self._graph.index[item[0]])
        self._settled = True
        runs = (run for _, runs in every for run in runs)
        failed = [run for run in runs if run.verdict is Verdict.BAD and may_be_the_bug(run)]
        if failed:
            learn_from(self._prober, failed, flaky=self._flaky)
        return bool(failed)

    def verdicts(self) -> dict[str, list[Probed]]:
        """The runs of each revision with their verdicts, as Prober.verdicts().

        Until it is found out which failures are the bug's, that of a revision counts if an ancestor
        and a descendant pass. A feature that an old revision does not have yet is never the bug.
        """
        verdicts = self._prober.verdicts()
        if self._prober.context.oracle.knows_its_bug or self._prober.learnt:
            return verdicts
        above, below = self._around(verdicts)

        def judged(run: Probed, passes: bool) -> Probed:
            index = self._graph.index[run.revision]
            if is_absent_feature(run.failure) and index not in above:
                reason = f"{ABSENT}: {run.reason}"
                return replace(run, verdict=Verdict.UNTESTABLE, reason=reason)
            counts = self._is_open and index in above & below and (self._flaky or not passes)
            return replace(run, verdict=Verdict.BAD) if counts and may_be_the_bug(run) else run

        return {
            revision: [judged(run, _passes(runs)) for run in runs]
            for revision, runs in verdicts.items()
        }

    def _around(self, verdicts: Mapping[str, Sequence[Probed]]) -> tuple[set[int], set[int]]:
        """The revisions with an ancestor that passes, and those with such a descendant."""
        index, order = self._graph.index, range(len(self._graph.revisions))
        passed = {index[revision] for revision, runs in verdicts.items() if _passes(runs)}
        above = _reached(order, self._graph.parents, passed)
        return above, _reached(order[::-1], children_of(self._graph), passed)

    def _end(self, line: Sequence[str], *, is_old: bool) -> Probed | None:
        """The first revision of *line* at which the test works, found by halving; None without.

        The test is taken to work from some revision on.
        """
        fails, works, found = -1, len(line), None
        middle = 0
        while works - fails > 1:
            probed = self._prober.ask(line[middle], self._purpose)
            if test_works(probed, is_old=is_old):
                works, found = middle, probed
            else:
                fails = middle
            middle = (fails + works) // 2
        return found


def _passes(runs: Sequence[Probed]) -> bool:
    return any(run.verdict is Verdict.GOOD for run in runs)


def _reached(
    order: Iterable[int], neighbours: Sequence[Sequence[int]], passed: Collection[int]
) -> set[int]:
    """The revisions from which one that *passed* is reached by way of *neighbours*.

    These come first in *order*.
    """
    found: set[int] = set()
    for index in order:
        if any(near in passed or near in found for near in neighbours[index]):
            found.add(index)
    return found
