"""Whether a series keeps the branch's reg-tests, and if not, which pick breaks them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from bisector.jobs import reg_test_files, reg_tests
from bisector.jobs.queue import reg_test_check
from bisector.jobs.queue.coverage_map import CoverageMap
from bisector.jobs.queue.line_of_picks import Step
from bisector.jobs.queue.reg_test_check import Choice
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.patch_events import RegTested
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose, RegTestChange


@dataclass(frozen=True)
class Broken:
    """The pick of ``origin`` breaks a reg-test, as ``event`` says."""

    origin: str
    event: RegTested


class SeriesRegTests:
    """Runs the reg-tests on the ``base`` of a series (full hash) and on its steps.

    The builds have what all reg-tests ask for, and ``features``: so they are those of the steps.
    """

    def __init__(
        self,
        prober: Prober,
        base: str,
        features: frozenset[str],
        coverage: CoverageMap,
        progress: Callable[[str], None],
    ) -> None:
        self._prober, self._base, self._features = prober, base, features
        self._coverage, self._progress = coverage, progress
        self._history = prober.context.history

    def chosen(self, steps: Sequence[Step]) -> dict[str, Choice]:
        """What each of *steps* changes and the tests that execute it, by its origin."""
        return {
            step.origin: reg_test_check.choose(
                self._history, step.before, step.tree, self._coverage
            )
            for step in steps
        }

    def compared(self, end: str, tests: Collection[str]) -> list[RegTested]:
        """What *tests* say of the tree *end* of the series, beside its base.

        Raises BuildFailed if one of the two does not build with what the reg-tests ask for.
        """
        found: list[RegTested] = []
        checked = reg_test_check.check(self._prober, self._base, end, tests, self._features)
        for event in checked:
            found.append(event)
            self._progress(f"reg-test {len(found)} of {len(tests)} before and after the series")
        return found

    def find(self, steps: Sequence[Step], test: str) -> Broken | None:
        """The first of *steps* at which *test* (path) fails; the last one is known to fail.

        By halves. None if the test does not fail there each time, and not before it.
        """
        low, high = -1, len(steps) - 1
        while high - low > 1:
            middle = (low + high) // 2
            self._progress(f"{test}: {high - low} steps may have broken it")
            if self._fails(self._base_run(test, 0), self._run(steps, middle, test, 0)):
                high = middle
            else:
                low = middle
        return self._confirmed(steps, high, test)

    def _confirmed(self, steps: Sequence[Step], index: int, test: str) -> Broken | None:
        """The step with this index, if all runs before and after it say that it breaks *test*."""
        runs = [
            (self._run(steps, index - 1, test, run), self._run(steps, index, test, run))
            for run in range(reg_tests.RUNS_AGAIN + 1)
        ]
        before, after = runs[0]
        if after is None or not all(self._fails(*run) for run in runs):
            return None
        step = steps[index]
        event = RegTested(
            step.origin,
            self._history.release(step.origin),
            after.scenario,
            before.verdict if before else None,
            after.verdict,
            RegTestChange.FAILS,
            len(runs),
            after.reason,
            after.log,
        )
        return Broken(step.origin, event)

    def _fails(self, before: Probed | None, after: Probed | None) -> bool:
        """Whether a test newly fails; a step that does not build says nothing."""
        if after is None or after.verdict is Verdict.UNBUILDABLE:
            return False
        old = before.verdict if before else None
        return reg_tests.changed(old, after.verdict) is RegTestChange.FAILS

    def _run(self, steps: Sequence[Step], index: int, test: str, run: int) -> Probed | None:
        """The result of *test* at a step, as its tree has it; None if it has none."""
        if index < 0:
            return self._base_run(test, run)
        return self._probed(steps[index].origin, steps[index].tree, test, run)

    def _base_run(self, test: str, run: int) -> Probed | None:
        return self._probed(self._base, self._history.tree_id(self._base), test, run)

    def _probed(self, revision: str, tree: str, test: str, run: int) -> Probed | None:
        workspace, store = self._prober.context.workspace, self._history.store
        with reg_test_files.exported(workspace, store, tree) as home:
            cases = reg_tests.oracles(home, [reg_test_files.FOLDER], self._features)
            oracle = cases.get(test)
            if oracle is None:
                return None
            purpose = Purpose.REG_TEST.about(oracle.name)
            patched = revision != self._base
            ticket = self._prober.start_tree(revision, tree, purpose, oracle, run, patched=patched)
            (answer,) = self._prober.ask_all([ticket])
            return answer


def asked_features(prober: Prober, tree: str) -> frozenset[str]:
    """The features that the builds for the reg-tests of *tree* have; none without reg-tests."""
    context = prober.context
    with reg_test_files.exported(context.workspace, context.history.store, tree) as home:
        cases = reg_tests.oracles(home, [reg_test_files.FOLDER])
        first = next(iter(cases.values()), None)
        features = first.features if first else frozenset[str]()
    return frozenset(name for name in features if name.isidentifier())


def statements(chosen: dict[str, Choice], found: Sequence[RegTested]) -> Iterator[tuple[str, str]]:
    """What to say of each pick after the reg-tests were run: its origin and a text."""
    changes = {event.test: event for event in found}
    for origin, choice in chosen.items():
        yield origin, _statement(choice, [changes[t] for t in choice.tests if t in changes])


def _statement(choice: Choice, found: Sequence[RegTested]) -> str:
    if not choice.functions:
        return "it changes no function"
    if not found:
        return "none executes it"
    number = f"{len(found)} test{'s execute' if len(found) > 1 else ' executes'} it"
    others = [f"{one.test} {one.change}" for one in found if one.change is not RegTestChange.SAME]
    return f"{number}, {'; '.join(others)}" if others else f"{number}, all as before"
