"""The ends of a hunt's range, and others in place of those that cannot be tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bisector.errors import UnusableEnds
from bisector.git.history import History, Range
from bisector.jobs.hunt.growth import learn_growth
from bisector.jobs.hunt.learning import (
    failing_end,
    learn,
    may_be_the_bug,
    needs_a_pass,
    runs_of,
    test_works,
)
from bisector.jobs.hunt.transition import SearchRun, costs_of
from bisector.probing.prober import Prober
from bisector.record.events import Noted, Probed
from bisector.record.learnt import OTHERWISE
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose
from bisector.search import priors
from bisector.search.bisection import Observation, Search
from bisector.search.priors import Evidence

# Passes of an end that make it good if the test is flaky. A bad end that fails in two of five runs
# passes so often with P = 0.002; everything else rests on the ends, and these tests run at once.
END_RUNS = 12


@dataclass(frozen=True)
class Ends:
    """The two ends at which the test works, parents first, and their verdicts: GOOD or BAD."""

    old: Probed
    new: Probed

    def within(self, span: Range, history: History) -> Range:
        """*span*, cut to what lies between these ends."""
        old, new = history.commit(self.old.revision), history.commit(self.new.revision)
        return replace(span, old=old, new=new, commits=history.between(old.id, new.id))


class EndsFinder:
    """Probes the ends of *span*, learns the bug's failure from the one that fails.

    An end at which the test does not work is moved inward, to the oldest or newest release at which
    it does.
    """

    def __init__(self, prober: Prober, span: Range, flaky: bool) -> None:
        self._prober = prober
        self._history = prober.context.history
        self._span = span
        self._flaky = flaky
        self._learns = not prober.context.oracle.knows_its_bug

    def find(self) -> Ends:
        """The ends. Raises UnusableEnds if there are none, and TestIsFlaky."""
        commits = (self._span.old.id, self._span.new.id)
        tickets = [self._prober.start(commit, Purpose.END) for commit in commits]
        first = self._prober.ask_all(tickets)
        self._learn(failing_end(*map(self._failing_run, first)))
        old, new = map(self._bad_run, first)
        learn_growth(self._prober, old, new)
        if not self._works(old, is_old=True):
            old = self._inward(old, new)
        if not self._works(new):
            new = self._inward(new, old)
        self._learn(failing_end(old, new))
        ends = Ends(self._again(old), self._again(new))
        for end in (ends.old, ends.new):
            if not end.verdict.tested:
                raise self._unusable(end)
        return ends

    # -- the bug's failure -----------------------------------------------------------------------

    @property
    def _learnt(self) -> bool:
        return self._prober.learnt is not None

    def _learn(self, failing: Probed | None) -> None:
        if failing and self._learns and not self._learnt:
            learn(self._prober, failing, self._flaky)

    def _failing_run(self, end: Probed) -> Probed:
        """If the test is flaky, the first bad run at an *end*, or one that may be; else *end*."""
        failing = [run for run in self._runs(end) if may_be_the_bug(run)]
        bad = (run for run in failing if run.verdict is Verdict.BAD)
        return next(bad, next(iter(failing), end))

    def _bad_run(self, end: Probed) -> Probed:
        """The first bad run at an *end* if the test is flaky and there is one, else *end*."""
        bad = (run for run in self._runs(end) if run.verdict is Verdict.BAD)
        return next(bad, self._again(end))

    def _runs(self, end: Probed) -> list[Probed]:
        """The runs at an *end*: END_RUNS if the test is flaky and the first one passed."""
        if not self._flaky or end.verdict is not Verdict.GOOD:
            return [self._again(end)]
        return runs_of(self._prober, end.revision, Purpose.END, END_RUNS)

    def _again(self, end: Probed) -> Probed:
        """*end* with the verdict by what was learnt since."""
        return self._prober.judged(end)

    # -- an end that cannot be tested ------------------------------------------------------------

    def _works(self, probed: Probed, *, is_old: bool = False) -> bool:
        """Whether the test works at *probed*: it passes, or fails as the bug does or may do.

        *is_old*: the old end is looked for, where a feature may be absent.
        """
        if not self._learns or self._learnt:
            return probed.verdict.tested
        return test_works(probed, is_old=is_old) and not needs_a_pass(probed)

    def _inward(self, end: Probed, other: Probed) -> Probed:
        """The end in place of *end*: the release that is next to it at which the test works.

        If that has the verdict of the *other* end, which is bad, it is the commit next to it.
        Raises UnusableEnds if that is bad as well, or if the test does not work at the other end.
        """
        if not self._works(other):
            raise self._unusable(end)
        is_old = end.revision == self._span.old.id
        places = (self._span.old.id, *self._span.commits)
        inner = [commit for commit in places if commit in self._history.tags]
        line = [c for c in inner if c not in (end.revision, other.revision)]
        beyond, found = self._nearest(end, other, line if is_old else line[::-1], is_old)
        if found is other and not (is_old and other.verdict is Verdict.BAD):
            raise self._unusable(end)
        if found.verdict is not Verdict.GOOD and other.verdict is not Verdict.GOOD and is_old:
            found = self._first_that_works(beyond, found)
            if self._prober.judged(found).verdict is not Verdict.GOOD:
                raise self._as_old_as_the_test(found)
        side = "old" if is_old else "new"
        text = (
            f"the range's {side} end {end.name} is {end.verdict} ({_itself(end)}): "
            f"{found.name} stands in for it"
        )
        self._prober.journal.note(Noted(text))
        return found

    def _nearest(
        self, end: Probed, other: Probed, line: Sequence[str], is_old: bool
    ) -> tuple[str, Probed]:
        """The first revision of *line*, from *end* to *other*, at which the test works.

        And the last one before it. It is found by halving: the test works from some point on.
        """
        fails, works, found = -1, len(line), other
        while works - fails > 1:
            middle = (fails + works) // 2
            probed = self._prober.ask(line[middle], Purpose.END)
            if self._works(probed, is_old=is_old):
                works, found = middle, probed
            else:
                fails = middle
        return (line[fails] if fails >= 0 else end.revision), found

    def _first_that_works(self, old: str, new: Probed) -> Probed:
        """The first revision after *old*, at which the test does not work, at which it does."""
        commits = self._history.between(old, new.revision)
        evidence = Evidence()
        weights = priors.weigh(commits, evidence)
        search = Search(self._history.graph(commits), new.revision, weights)
        costs = costs_of(self._prober, commits, evidence)
        SearchRun(self._prober, search, Purpose.END, self._observation, False, costs).run()
        return self._prober.ask(search.candidates()[-1], Purpose.END)

    def _observation(self, probed: Probed) -> Observation:
        return Observation.NEW if self._works(probed, is_old=True) else Observation.OLD

    # -- no usable ends --------------------------------------------------------------------------

    def _unusable(self, end: Probed) -> UnusableEnds:
        reason = f"the range's end {end.name} is {end.verdict}: {_itself(end)}"
        hint = "correct the test's command, or " * needs_a_pass(end)
        return UnusableEnds(reason, f"{hint}choose an end at which the test works (log: {end.log})")

    def _as_old_as_the_test(self, first: Probed) -> UnusableEnds:
        commit = self._history.commit(first.revision)
        reason = (
            f"the bug is as old as what the test needs: {commit.short} ({commit.subject}) is the "
            "first revision at which the test works, and it is bad there"
        )
        return UnusableEnds(reason, "find a test that works at older revisions")


def _itself(end: Probed) -> str:
    """Why the test does not work at *end*, whatever the bug is."""
    return end.reason.removeprefix(OTHERWISE)
