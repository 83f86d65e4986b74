"""The stages of a hunt for the change of a metric: measure, search, prove.

It is deterministic: the same measurements lead to the same next one. To resume a hunt, it is run
again with a journal that already has the results.
"""

from __future__ import annotations

import math

from bisector.build.toolchain import Toolchain
from bisector.errors import UnusableEnds
from bisector.jobs.hunt.hint import check_hint
from bisector.jobs.hunt.transition import costs_of
from bisector.jobs.metric.comparison import Comparison
from bisector.jobs.metric.measuring import Measurer
from bisector.jobs.metric.question import MetricQuestion
from bisector.jobs.metric.reference import compared_with
from bisector.patch import relevance
from bisector.probing.prober import Prober
from bisector.record.events import ANSWERED, Ended, Noted, Turned
from bisector.record.metric_events import Searched, Shifted
from bisector.record.words import Purpose, Turn
from bisector.search import priors
from bisector.search.change_search import ENDS_FIRST, ChangeSearch, FoundChange


class FastDisagrees(Exception):
    """The search's toolchain shows a change that the one of the proof does not have."""


class MetricHunt:
    """A hunt over one range. The results are appended to the prober's journal.

    Raises UselessHint if the hint matches no commit of the range.
    """

    def __init__(self, question: MetricQuestion, prober: Prober) -> None:
        self._question = question
        self._prober = prober
        self._history = prober.context.history
        self._journal = prober.journal
        self._commits = question.range.commits
        self._line = (question.range.old.id, *self._commits)
        prober.order(self._line)
        prober.leave_nothing_to_fallback()
        if prober.context.oracle.is_disturbed_by_load:  # it tells of caches and of threads, too
            prober.trust_release()
        self._evidence = relevance.of(self._history, self._commits, hint=question.hint)
        check_hint(self._journal, question.hint, question.range, self._evidence)
        self._weights = priors.weigh(self._commits, self._evidence)

    def run(self) -> None:
        """Run all stages.

        Raises UnusableEnds if an end cannot be measured, and what a probe raises.
        """
        toolchains = self._prober.toolchains
        if remark := toolchains.remark:
            self._journal.note(Noted(remark))
        try:
            self._hunt(toolchains.search)
        except FastDisagrees as problem:
            self._prober.trust_release()
            release = self._prober.toolchains.search
            text = f"{problem}: the hunt goes on with {release.name}"
            self._journal.note(Turned(Turn.RELEASE, text))
            self._hunt(release)
        self._journal.note(Ended(ANSWERED, ()))

    def _hunt(self, toolchain: Toolchain) -> None:
        """Search with *toolchain*, and prove what is found.

        Raises FastDisagrees if the proof contradicts a toolchain that is none.
        """
        proof = self._question.proof
        with compared_with(self._prober, self._line[0], toolchain) as oracle:
            search = self._search(Measurer(self._prober, toolchain, oracle))
        for part, found in enumerate(search.changes(), 1):
            shifted = self._shifted(found, part, toolchain)
            self._journal.note(shifted)
            if proof is None:
                continue
            old = self._line[found.first - 1]
            if len(shifted.revisions) == 1:
                old = shifted.parent
            compared = Comparison(self._prober, proof, self._question.threshold).of(shifted, old)
            if not compared.proven and proof is not toolchain and not toolchain.is_real:
                raise FastDisagrees(f"{toolchain.name} shows a change that is not proven")
            self._journal.note(compared)

    def _search(self, measurer: Measurer) -> ChangeSearch:
        """A finished search."""
        weights = [self._weights[commit] for commit in self._commits]
        search = ChangeSearch(weights, self._question.threshold)
        self._measure_ends(search, measurer)
        costs = costs_of(self._prober, self._commits, self._evidence)
        measured: set[int] = set()

        def seconds(position: int) -> float:
            building = 0.0 if position in measured else costs.seconds(self._line[position])
            return building + measurer.seconds

        while True:
            while (position := search.choose(seconds)) is not None:
                revision = self._line[position]
                (probed,) = measurer.measure((revision,), Purpose.MEASURE, search.standing)
                measured.add(position)
                costs.built(revision)
                if samples := measurer.samples(probed):
                    search.record(position, samples)
                else:
                    search.skip(position)
            if not self._question.every or not search.look_for_another():
                break
        self._journal.note(
            Searched(
                metric=self._prober.context.oracle.name,
                unit=self._prober.context.oracle.unit,
                threshold=self._question.threshold,
                probability=round(search.no_other, 4),
                measured=search.measured,
                toolchain=measurer.toolchain.name,
                relative=self._prober.context.oracle.is_disturbed_by_load,
            )
        )
        return search

    def _measure_ends(self, search: ChangeSearch, measurer: Measurer) -> None:
        """Measure both ends several times. Raises UnusableEnds if one cannot be measured."""
        ends = (0, search.end)
        revisions = [self._line[end] for end in ends]
        for end, probed in zip(
            ends * ENDS_FIRST, measurer.measure(revisions * ENDS_FIRST, Purpose.END), strict=True
        ):
            samples = measurer.samples(probed)
            if not samples:
                raise UnusableEnds(
                    f"{probed.name} cannot be measured with {measurer.toolchain.name}: "
                    f"{probed.reason}",
                    "choose another end of the range, another load, or --toolchain release",
                )
            search.record(end, samples)

    def _shifted(self, found: FoundChange, part: int, toolchain: Toolchain) -> Shifted:
        positions = range(found.first, found.last + 1)
        live = [self._line[at] for at in positions if self._weights[self._line[at]]]
        candidates = [self._history.commit(commit) for commit in live or [self._line[found.last]]]
        return Shifted(
            revisions=tuple(commit.id for commit in candidates),
            subjects=tuple(commit.subject for commit in candidates),
            places=tuple(self._history.place(c.id, self._commits) for c in candidates),
            parent=next(iter(candidates[-1].parents), ""),
            effect=math.expm1(found.effect.mean),
            probability=round(found.probability, 4),
            part=part,
            toolchain=toolchain.name,
        )
