"""Judge a patch: all variants of all scenarios, at each revision, before and after the patch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bisector.build.toolchain import Toolchain
from bisector.jobs.tree_under_test import TreeUnderTest
from bisector.patch.apply import ApplyConflict, apply_to
from bisector.patch.model import Series
from bisector.probing.options import Options, Test
from bisector.probing.prober import Prober
from bisector.probing.toolchains import pairs
from bisector.record.events import Probed
from bisector.record.learnt import OTHERWISE
from bisector.record.patch_events import Cell, Judged
from bisector.record.patch_outcome import (
    OTHER_WAY,
    Outcome,
    of_scenario,
    of_variant,
    of_watcher,
)
from bisector.record.verdict import Verdict
from bisector.record.words import How, Purpose
from bisector.testing import scenario_loader
from bisector.testing.oracle import Oracle
from bisector.testing.scenario import Known, Scenario, text_of


@dataclass(frozen=True)
class Suite:
    """All cases of one scenario; ``wanted``: the patch is meant to fix its bug.

    The cases ``watching`` do not show the bug, they only detect harm by the patch. ``known`` is
    what the scenario knows of its bug; None for a test that does not belong to a scenario.
    """

    scenario: str
    wanted: bool
    cases: tuple[Oracle, ...]
    watching: tuple[Oracle, ...] = ()
    known: Known | None = None

    @property
    def all_cases(self) -> tuple[Oracle, ...]:
        """All cases, in the order in which they are run."""
        return self.cases + self.watching


class Judge:
    """Judges trees by suites of cases; *toolchain* builds in place of the prober's toolchains."""

    def __init__(
        self, prober: Prober, suites: Sequence[Suite], toolchain: Toolchain | None = None
    ) -> None:
        self.prober = prober
        self._toolchain = toolchain
        self.history = prober.context.history
        self.suites = tuple(sorted(suites, key=lambda suite: not suite.wanted))
        self.cases = tuple(case for suite in self.suites for case in suite.all_cases)

    def judge(self, revision: str, series: Series, branch: str = "") -> list[Judged]:
        """What *series* does to *revision*: an event for each suite, not in the journal yet."""
        return self._finish(self._begin(revision, series, branch))

    def judge_all(self, revisions: Iterable[str], series: Series) -> Iterator[list[Judged]]:
        """judge() for each of *revisions*; the next one is built while one is tested."""
        rows: deque[_Row] = deque()
        for revision in revisions:
            rows.append(self._begin(revision, series))
            if len(rows) > 1:
                yield self._finish(rows.popleft())
        while rows:
            yield self._finish(rows.popleft())

    def try_tree(self, revision: str, tree: str, purpose: str) -> list[Probed]:
        """The result of each case on *tree*, a changed tree of *revision*."""
        side = self._side(revision, tree, purpose)
        side.start_rest()
        return side.results()

    def judge_tree(
        self, revision: str, tree: str, how: Sequence[str], branch: str = ""
    ) -> list[Judged]:
        """What the change from *revision* to *tree* does; *how* has a How for each patch."""
        return self._finish(self._row(revision, branch, tree, how))

    def judge_unpatched(self, revision: str, branch: str = "", conflict: str = "") -> list[Judged]:
        """The verdicts on *revision* unpatched; *conflict* says why the patch does not apply."""
        how = (How.CONFLICT,) if conflict else ()
        return self._finish(self._row(revision, branch, None, how, conflict, conflict))

    def _side(self, revision: str, tree: str, purpose: str, fixup: str = "") -> TreeUnderTest:
        patched = purpose != Purpose.BEFORE
        if self._toolchain is not None:
            purpose = Purpose.CONFIRM.about(purpose)
        return TreeUnderTest(
            self.prober, revision, tree, purpose, patched, self.cases, self._toolchain, fixup
        )

    def _begin(self, revision: str, series: Series, branch: str = "") -> _Row:
        applied = apply_to(self.history, revision, series)
        if isinstance(applied, ApplyConflict):
            conflict = f"{applied.patch}: {applied.text}"
            return self._row(revision, branch, None, (How.CONFLICT,), conflict, applied.brief)
        how = [step.text for step in applied.steps]
        return self._row(revision, branch, str(applied.tree), how)

    def _row(
        self,
        revision: str,
        branch: str,
        patched: str | None,
        how: Sequence[str],
        conflict: str = "",
        brief: str = "",
    ) -> _Row:
        tree = self.history.tree_id(revision)
        before = self._side(revision, tree, Purpose.BEFORE)
        after = None
        if patched is not None:
            same = patched == tree
            after = before if same else self._side(revision, patched, Purpose.AFTER)
        return _Row(revision, branch, tuple(how), conflict, brief, before, after)

    def _with_fixup(self, row: _Row) -> _Row:
        """*row* with the fixup that its revision needs on the side with the patch, too."""
        row.before.start_rest()
        name = next((probed.fixup for probed in row.before.results() if probed.fixup), "")
        if not name or row.after is None or row.after is row.before:
            return row
        tree = self.prober.fixups.onto(row.after.tree, name)
        if tree is None or tree == row.after.tree:
            return row
        return replace(row, after=self._side(row.revision, tree, Purpose.AFTER, name))

    def _finish(self, row: _Row) -> list[Judged]:
        if self.prober.fixups.any:
            row = self._with_fixup(row)
        sides = [side for side in (row.before, row.after) if side]
        for side in sides:
            side.start_rest()
        before = row.before.results()
        after: Sequence[Probed | None] = row.after.results() if row.after else [None] * len(before)
        after = list(map(self._compared, before, after))
        judged, first = [], 0
        for suite in self.suites:
            cases = slice(first, first + len(suite.all_cases))
            judged.append(self._judged(row, suite, before[cases], after[cases]))
            first += len(suite.all_cases)
        return judged

    def _compared(self, before: Probed, after: Probed | None) -> Probed | None:
        """*after*, the result with the patch, where it failed in another way than the bug.

        It is harm by the patch if the test passed *before* and the failure speaks for itself.
        """
        learnt = self.prober.learnt_by(before.scenario)
        if after is None or after.failure is None or learnt is None:
            return after
        if learnt.covers(after.failure):
            return after
        reason = after.reason.removeprefix(OTHERWISE)
        if before.verdict is Verdict.BAD:
            return replace(after, reason=f"{OTHER_WAY}: {reason}")
        if before.verdict is Verdict.GOOD and after.failure.kind.speaks_for_itself:
            return replace(after, verdict=Verdict.BAD, reason=reason)
        return after

    def _judged(
        self, row: _Row, suite: Suite, before: Sequence[Probed], after: Sequence[Probed | None]
    ) -> Judged:
        pairs = [(b.verdict, a.verdict if a else None) for b, a in zip(before, after, strict=True)]
        shown = len(suite.cases)
        outcome = of_scenario(pairs[:shown], pairs[shown:])
        watching = [False] * shown + [True] * len(suite.watching)
        cells = tuple(map(_cell, suite.all_cases, before, after, watching))
        toolchains = dict.fromkeys(probed.toolchain for probed in (*before, *after) if probed)
        return Judged(
            revision=row.revision,
            name=self.history.release(row.revision),
            subject=self.history.commit(row.revision).subject,
            scenario=suite.scenario,
            wanted=suite.wanted,
            how=row.how,
            outcome=outcome,
            problem=_problem(row, suite, outcome, cells),
            cells=cells,
            toolchain=" and ".join(toolchains),
            branch=row.branch,
        )


@dataclass(frozen=True)
class _Row:
    """A revision whose probes have started; ``after`` is None if the patch is not applied.

    ``conflict`` says why the patch does not apply, '' if it does; ``brief`` is a shorter form.
    """

    revision: str
    branch: str
    how: tuple[str, ...]
    conflict: str
    brief: str
    before: TreeUnderTest
    after: TreeUnderTest | None


def verdicts(judged: Iterable[Judged]) -> list[tuple[Verdict | None, Verdict | None]]:
    """The verdicts before and after on each case, without the reasons, which vary between runs."""
    return [(cell.before, cell.after) for one in judged for cell in one.cells]


def _cell(case: Oracle, before: Probed, after: Probed | None, watching: bool) -> Cell:
    then = after.verdict if after else None
    outcome = (of_watcher if watching else of_variant)(before.verdict, then)
    reason = ""
    if outcome in (Outcome.UNBUILDABLE, Outcome.UNTESTABLE):
        reason = before.reason if after is None or not before.verdict.tested else after.reason
    elif outcome in (Outcome.BREAKS, Outcome.INEFFECTIVE) and after:
        reason = after.evidence[0] if after.evidence else after.reason
    return Cell(case.variant, before.verdict, then, outcome, reason, watching)


def _problem(row: _Row, suite: Suite, outcome: Outcome, cells: Sequence[Cell]) -> str:
    """What prevented a better *outcome*: the conflict, or why a case could not be tested."""
    if row.conflict:
        if outcome is not Outcome.NOT_NEEDED:
            return row.conflict
        return row.brief if suite.wanted else ""
    if outcome in (Outcome.UNBUILDABLE, Outcome.UNTESTABLE):
        return next((cell.reason for cell in cells if cell.outcome is outcome), "")
    return ""


def find_suites(options: Options, test: Test) -> tuple[Suite, ...]:
    """The user's test in all variants that --set allows, then all other bundled scenarios.

    Raises ScenarioProblem and UsageProblem.
    """
    if test.scenario is None:
        wanted = Suite(test.oracle.name, True, (test.oracle,))
    else:
        wanted = _suite(test.scenario, True, pairs(options.settings, "--set"))
    others = (scenario_loader.load(name) for name in scenario_loader.bundled())
    more = (_suite(other, False, {}) for other in others if other.name != wanted.scenario)
    return (wanted, *more)


def _suite(scenario: Scenario, wanted: bool, settings: Mapping[str, str]) -> Suite:
    chosen = [
        variant
        for variant in scenario.crossed()
        if all(text_of(variant[name]) == text for name, text in settings.items())
    ]
    cases = chosen or [scenario.choose(settings)]
    return Suite(scenario.name, wanted, tuple(map(scenario.oracle, cases)), known=scenario.known)
