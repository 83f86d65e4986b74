"""Find every change of the verdict in a range: coarse to fine, then a search at each boundary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bisector.git import lines
from bisector.git.history import Range
from bisector.jobs.hunt.ends import END_RUNS
from bisector.jobs.hunt.learning import runs_of
from bisector.jobs.hunt.transition import Finder, SearchRange, at_once, costs_of
from bisector.jobs.hunt.witness_finder import is_good
from bisector.probing.prober import Prober
from bisector.probing.ticket import Ticket
from bisector.record.events import Found, Noted, Probed
from bisector.record.findings import found_earlier
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Purpose
from bisector.search import sweep_plan
from bisector.search.priors import Evidence

SAMPLES = 64  # revisions at equal distances, beside the releases


@dataclass(frozen=True)
class _Boundary:
    """Two revisions (full hashes) of one line with different verdicts, none tested in between."""

    what: Change
    old: str
    new: str


class EveryChange:
    """Finds every change in *span* along its first parents; *evidence* weighs the commits.

    Tested are its releases, SAMPLES others, and what the searches between them need.
    """

    def __init__(self, prober: Prober, span: Range, evidence: Evidence, flaky: bool) -> None:
        self._prober = prober
        self._history = prober.context.history
        self._span = span
        self._evidence = evidence
        self._flaky = flaky
        self._line = lines.first_parents(self._history, span)

    def find(self) -> list[Found]:
        """The changes, oldest first, the ``part`` of each being its number, from 1 on."""
        self._sample()
        found: list[Found] = []
        while boundary := next(self._unexplained(found), None):
            found.append(self._find(boundary, len(found) + 1))
        self._prober.journal.note(Noted(self._remark()))
        places = {commit: place for place, commit in enumerate(self._line)}
        return sorted(found, key=lambda one: places.get(one.revisions[-1], 0))

    # -- samples ---------------------------------------------------------------------------------

    def _sample(self) -> None:
        """Probe the releases and the samples, the next one being built while one is tested."""
        jobs = at_once(self._prober, costs_of(self._prober, self._line, self._evidence))
        waiting: list[Ticket] = []
        for commit in self._samples():
            waiting.append(self._prober.start(commit, Purpose.SWEEP))
            if len(waiting) > jobs:
                self._prober.ask_all([waiting.pop(0)])
        self._prober.ask_all(waiting)
        for commit, runs in self._prober.verdicts().items() if self._flaky else ():
            if is_good(runs):
                runs_of(self._prober, commit, Purpose.SWEEP, END_RUNS)

    def _samples(self) -> list[str]:
        """The revisions to probe, oldest first."""
        line, tags = self._line, self._history.tags
        strided = sweep_plan.every(len(line), sweep_plan.stride_for(len(line), SAMPLES))
        chosen = {line[place] for place in strided}
        return [commit for commit in line if commit in chosen or commit in tags]

    def _remark(self) -> str:
        """How many revisions the answer rests on, and what it could have missed."""
        places = [place for place, verdict in enumerate(self._verdicts()) if verdict]
        gap = max((later - place - 1 for place, later in pairwise(places)), default=0)
        return (
            f"{len(places)} revisions were tested; what came and went again within {gap} commits "
            "could have been missed"
        )

    # -- boundaries ------------------------------------------------------------------------------

    def _verdicts(self) -> list[Verdict | None]:
        """The verdict on each commit of the line, None for those that are not tested."""
        runs = self._prober.verdicts()
        return [_verdict(runs.get(commit, ())) for commit in self._line]

    def _unexplained(self, found: Sequence[Found]) -> Iterator[_Boundary]:
        """The boundaries, oldest first, at which none of *found* lies."""
        ends = {(change.what, change.revisions[-1]) for change in found}
        pairs = zip(self._line, self._verdicts(), strict=True)
        tested = [(commit, verdict) for commit, verdict in pairs if verdict]
        for (old, before), (new, after) in pairwise(tested):
            what = Change.INTRODUCTION if after is Verdict.BAD else Change.FIX
            if before is not after and (what, new) not in ends:
                yield _Boundary(what, old, new)

    def _find(self, boundary: _Boundary, part: int) -> Found:
        """The result of the search at *boundary*, or what an interrupted session found."""
        if earlier := found_earlier(self._prober.journal.events, boundary.what, part=part):
            return earlier
        where = SearchRange(boundary.what, boundary.old, boundary.new)
        finder = Finder(self._prober, self._span.commits, self._evidence)
        found = replace(finder.find(where, suspect="", flaky=self._flaky), part=part)
        self._prober.journal.append(found)
        return found


def _verdict(runs: Sequence[Probed]) -> Verdict | None:
    """The verdict of the *runs* of a revision: bad if one is; None if none was tested."""
    verdicts = {run.verdict for run in runs if run.verdict.tested}
    if Verdict.BAD in verdicts:
        return Verdict.BAD
    return Verdict.GOOD if verdicts else None
