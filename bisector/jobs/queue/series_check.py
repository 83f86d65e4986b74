"""Check the series of a queue: each step builds, and the end keeps the branch's reg-tests.

What does not build gets the commits that brought the names which it misses. What still does not,
and what breaks a reg-test, is set aside, and the rest is picked again without it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from bisector.build.toolchain import Toolchain
from bisector.errors import BuildFailed
from bisector.jobs.queue import new_warnings, step_features
from bisector.jobs.queue.build_needs import BuildNeeds
from bisector.jobs.queue.check_rows import CheckRows
from bisector.jobs.queue.coverage_map import CoverageMap
from bisector.jobs.queue.line_of_picks import LineOfPicks, line_up
from bisector.jobs.queue.map_reg_tests import coverage_map
from bisector.jobs.queue.series import COMMITTER
from bisector.jobs.queue.series_reg_tests import (
    Broken,
    SeriesRegTests,
    asked_features,
    statements,
)
from bisector.jobs.queue.source import Source
from bisector.jobs.queue.step_builds import StepBuilder
from bisector.patch.cherry_pick import Picker
from bisector.probing.prober import Prober
from bisector.record.events import Noted, Probed
from bisector.record.queue_events import Queued, RepairState
from bisector.record.verdict import Verdict
from bisector.record.words import RegTestChange


@dataclass(frozen=True)
class Checked:
    """The series that builds and keeps the reg-tests.

    ``picks`` are pairs of a commit of the source line and its pick, in order. The ``rows`` are
    changed where builds or tests said something. ``built``: each step was built.
    """

    picks: tuple[tuple[str, str], ...]
    rows: tuple[Queued, ...]
    built: bool = True


def check(
    prober: Prober,
    source: Source,
    rows: Sequence[Queued],
    picks: Mapping[str, str],
    there: Collection[str],
    progress: Callable[[str], None],
) -> Checked:
    """Build the series *picks* (as SeriesMaker has them) step by step, and run reg-tests.

    *rows* are those of the plan, and the branch has the commits *there*, by the series or itself.
    *progress* is called with lines on what is being done. The same questions are asked again if the
    journal has answers. Raises EnvironmentProblem if the machine fails or lacks something.
    """
    return _Check(prober, source, rows, picks, there, progress).run()


class _Check:
    """The state of a check: the ``line`` of picks that is left, and the ``rows``."""

    def __init__(
        self,
        prober: Prober,
        source: Source,
        rows: Sequence[Queued],
        picks: Mapping[str, str],
        there: Collection[str],
        progress: Callable[[str], None],
    ) -> None:
        history, self._base = prober.context.history, source.branch.tip
        self._prober, self._progress, self._store = prober, progress, history.store
        self._tree = history.tree_id(self._base)
        self._picker = Picker(history.store, COMMITTER, history.is_published)
        self.rows = CheckRows(history, source, rows)
        self._own = frozenset(there).difference(picks)  # what the branch has itself
        self._gone = set[str]()
        self._kept = set[str]()  # steps that only build with the next one
        self._builder = StepBuilder(prober, self._base, source.branch.name)
        self._needs = BuildNeeds(
            history, source, self._picker, self._builder, self._own, self._is_refused
        )
        self.line = LineOfPicks((), {}, ())
        self._pick(list(picks), "after another choice")

    def run(self) -> Checked:
        """Check builds, then warnings, then reg-tests."""
        if not self.line.steps:
            return self._checked(True)
        asked = step_features.of_change(self._store, self._tree, self.line.steps[-1].tree)
        # what the reg-tests ask for, too: then they need no builds of their own
        asked |= asked_features(self._prober, self._tree)
        self._progress("building the branch's tip")
        if not self._builder.choose(asked):
            return self._checked(False)
        self._build_from(0)
        self._build_with_real()
        self._say_what_builds()
        self._keep_reg_tests()
        return self._checked(True)

    def _checked(self, built: bool) -> Checked:
        self.rows.picked(self.line)
        picks = tuple((step.origin, step.pick) for step in self.line.steps)
        return Checked(picks, self.rows.sorted(), built)

    @property
    def _origins(self) -> list[str]:
        return [step.origin for step in self.line.steps]

    def _is_refused(self, commit: str) -> bool:
        """Whether *commit* was set aside, or a person or its message refuses it."""
        return commit in self._gone or self.rows.refuses(commit)

    # -- builds --------------------------------------------------------------------------------

    def _build_from(self, start: int) -> None:
        """Build all steps from the index *start* on; what fails is mended or leaves."""
        while True:
            found = self._builder.first_failing(self.line.steps, start, frozenset(self._kept))
            if found is None:
                return
            # mending may leave the series as it is, and what follows is not built yet
            start = min(found[0], self._mend(*found))

    def _build_with_real(self) -> None:
        """Build the end with a real toolchain, too, as the fast one knows no threads."""
        real = self._builder.real
        if real is None or not self.line.steps:
            return
        self._progress(f"building the branch's tip and the end of the series with {real.name}")
        tip = self._builder.build_tip(real)
        if tip.verdict is not Verdict.GOOD:
            self._note(f"the branch's tip does not build with {real.description}: {tip.reason}")
            return
        steps = self.line.steps
        while steps and (end := self._builder.build(steps[-1], real)):
            if end.verdict is Verdict.GOOD:
                self._warn(real)
                return
            found = self._builder.first_failing_of_some(steps, frozenset(self._kept), real)
            if found is None:  # the end only builds with what would follow it
                return
            self._build_from(self._mend(*found, with_real=True))
            steps = self.line.steps

    def _mend(self, index: int, failed: Probed, *, with_real: bool = False) -> int:
        """Pick what the step with this index lacks before it; else set it aside.

        Returns the index of the first step that is another one then.
        """
        origins = self._origins
        before, fix, after = origins[:index], origins[index], origins[index + 1 :]
        self._progress(f"looking for what {fix[:10]} lacks: {failed.reason}")
        toolchain = self._builder.real if with_real else None
        if why := self._needs.find(before, fix, failed, toolchain):
            self.rows.need(fix, why)
            rest = [one for one in after if one not in why]
            return self._pick([*before, *why, fix, *rest], f"after what {fix[:10]} needs")
        if repair := self._repair(before, fix, after, toolchain):
            self._kept.add(fix)
            rest = [one for one in after if one != repair]
            text = f"does not build without {repair[:10]}, which repairs it and follows at once"
            self.rows.builds(fix, f"{text}: {failed.reason}")
            return self._pick([*before, fix, repair, *rest], f"after {repair[:10]}")
        self.rows.builds(fix, f"does not build: {failed.reason}")
        self.rows.lacks(fix, self._needs.unusable)
        return self._set_aside({fix: f"does not build: {failed.reason}"}, "which does not build,")

    def _repair(
        self, before: Sequence[str], fix: str, after: Sequence[str], toolchain: Toolchain | None
    ) -> str | None:
        """A later commit of the series that repairs *fix*, and with which that builds."""
        for repair in self.rows[fix].repairs:
            if repair.state is RepairState.QUEUED and repair.revision in after:
                step = self._needs.step(before, (fix, repair.revision))
                if step and self._builder.build(step, toolchain).verdict is Verdict.GOOD:
                    return repair.revision
        return None

    def _set_aside(self, why: Mapping[str, str], which: str) -> int:
        """The commits of *why* break something and leave the series, see CheckRows.breaks().

        So does what was picked for them alone. Returns the index of the first step that is another
        one then.
        """
        self._gone.update(why)
        for commit, text in why.items():
            self.rows.breaks(commit, text)
        names = ", ".join(one[:10] for one in why)
        start, left, gone = len(self.line.steps), set(why), set(self._gone)
        while left:
            rest = [one for one in self._origins if one not in left]
            start = min(start, self._pick(rest, f"without {names}, {which}"))
            gone.update(self.line.conflicts)
            left = {one for one in self._origins if one in self.rows.only_for(gone)}
            for commit in left:
                self.rows.useless(commit)
        return start

    def _pick(self, origins: Sequence[str], why: str) -> int:
        """Make the series of *origins*; *why* says what changed since they all applied.

        Returns the index of the first step that is another one than before.
        """
        before = self.line.steps
        self.line = line_up(self._picker, self._base, origins)
        for commit, conflict in self.line.conflicts.items():
            self.rows.conflict(commit, conflict, why)
        for commit in self.line.already:
            self.rows.already(commit)
        same = takewhile(
            lambda pair: pair[0] == pair[1], zip(before, self.line.steps, strict=False)
        )
        return sum(1 for _ in same)

    def _say_what_builds(self) -> None:
        for step in self.line.steps:
            if step.origin not in self._kept:
                options = self._builder.options(step.tree)
                with_ = f"builds with {', '.join(options)}" if options else "builds"
                self.rows.builds(step.origin, with_)

    def _warn(self, real: Toolchain) -> None:
        """Say which picks bring new warnings of the compiler, by the builds of *real*."""
        before = self._builder.log(self._tree, real)
        after = self._builder.log(self.line.steps[-1].tree, real)
        if not (before and after):  # a cluster's worker made the builds
            self._note("new warnings of the compiler are unknown: the builds' output is not here")
            return
        for origin, one in new_warnings.new_warnings(before, after, self._store, self.line.steps):
            self.rows.warn(origin, f"{one.path}: {one.text}")

    # -- reg-tests -----------------------------------------------------------------------------

    def _keep_reg_tests(self) -> None:
        """Set aside what breaks reg-tests, until the end of the series keeps them all."""
        if not self.line.steps:
            return
        self._progress("finding out what each reg-test executes")
        coverage = coverage_map(self._prober.context, self._tree, self._progress)
        if isinstance(coverage, str):
            self._note(f"no reg-tests were run, since it is unknown what they execute: {coverage}")
            return
        try:
            while self._compare(coverage):
                pass
        except BuildFailed as problem:
            self._note(f"reg-tests were not run to the end: {problem}")

    def _compare(self, coverage: CoverageMap) -> bool:
        """Run the reg-tests; whether picks were set aside, so that they have to be run again."""
        steps = self.line.steps
        features = self._builder.oracle.features
        tests = SeriesRegTests(self._prober, self._base, features, coverage, self._progress)
        chosen = tests.chosen(steps)
        union = sorted({test for choice in chosen.values() for test in choice.tests})
        found = tests.compared(steps[-1].tree, union) if steps else []
        failing = [event.test for event in found if event.change is RegTestChange.FAILS]
        broken = [one for test in failing if (one := tests.find(steps, test))]
        if broken:
            self._set_aside_broken(broken)
            return True
        for test in failing:
            self._note(f"{test} newly fails at the end of the series, but no pick alone breaks it")
        for event in found:
            self._prober.journal.note(event)
        for origin, text in statements(chosen, found):
            self.rows.reg_tests(origin, text)
        return False

    def _set_aside_broken(self, broken: Sequence[Broken]) -> None:
        """Set aside the picks that break reg-tests, and build what is left again."""
        why: dict[str, list[str]] = {}
        for one in broken:
            self._prober.journal.note(one.event)
            why.setdefault(one.origin, []).append(one.event.test)
            self.rows.reg_tests(one.origin, f"{one.event.test} fails: {one.event.reason}")
        texts = {origin: f"breaks {', '.join(tests)}" for origin, tests in why.items()}
        self._build_from(self._set_aside(texts, "which breaks a reg-test,"))
        self._say_what_builds()

    def _note(self, text: str) -> None:
        self._prober.journal.note(Noted(text))
