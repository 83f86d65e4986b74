"""Find the tests that show a fix's bug: bad without the fix where it was made, good with it.

Only these can prove that a branch has the bug or not, or that the fix works there. All other tests
only detect harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from bisector.build.toolchain import Toolchain
from bisector.errors import PatchProblem
from bisector.git.history import History
from bisector.jobs import reg_tests
from bisector.jobs.backport.fix import Fix
from bisector.jobs.backport.learning import learn, may_show
from bisector.jobs.judge import Suite
from bisector.jobs.reg_test_files import FOLDER, exported
from bisector.jobs.tree_under_test import TreeUnderTest
from bisector.patch.apply import AppliedSeries, apply_to
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose
from bisector.testing.oracle import Oracle

_NOWHERE = (
    "no test can be shown to detect this bug: the patches apply neither to HEAD nor to a branch, "
    "or are applied already"
)


@dataclass(frozen=True)
class Home:
    """Where a test can be run without and with the fix: the revision and tree id of each.

    ``patched``: the tree with the fix is not a commit's; patches were applied to ``before``, and
    ``after`` is the same revision.
    """

    before: str
    before_tree: str
    after: str
    after_tree: str
    patched: bool


@dataclass(frozen=True)
class CaseResult:
    """The results of a case where the fix was made: without it and, if that is bad, with it."""

    before: Probed
    after: Probed | None

    @property
    def shows(self) -> bool:
        """Whether the test shows the bug."""
        return self.after is not None and self.after.verdict is Verdict.GOOD

    @property
    def text(self) -> str:
        """The results in one line."""
        last = self.after or self.before
        verdict = str(last.verdict) if last.verdict.tested else f"{last.verdict}, {last.reason},"
        if self.after is None:
            return f"{verdict} at {last.name}, without the fix"
        return f"bad at {self.before.name}, {verdict} at {last.name}{' with it' * last.patched}"


@dataclass(frozen=True)
class Qualified:
    """The suites, in each of which the cases that show the bug are set apart; a remark on each."""

    suites: tuple[Suite, ...]
    remarks: tuple[str, ...]

    @property
    def showing(self) -> tuple[Suite, ...]:
        """The suites that show the bug, with only the cases that do."""
        return tuple(replace(suite, watching=()) for suite in self.suites if suite.wanted)


def homes(fix: Fix, history: History, branches: Iterable[str]) -> tuple[Home, ...]:
    """The places where tests can be run without and with the fix.

    A commit has one: itself and its parent. Patches have the revision for which they were made and
    each of *branches*, as far as they apply there and are not applied already. Raises PatchProblem
    for a commit without exactly one parent.
    """
    if fix.revision:
        return (home_of(history, fix.revision),)
    return tuple(_patched(fix, history, dict.fromkeys((fix.home, *branches))))


def home_of(history: History, commit: str) -> Home:
    """*commit* (full hash) and its parent. Raises PatchProblem if it has not exactly one."""
    parents = history.commit(commit).parents
    if len(parents) != 1:
        raise PatchProblem(f"{commit[:10]} has no parent to compare it with")
    before, after = (history.tree_id(one) for one in (*parents, commit))
    return Home(parents[0], before, commit, after, patched=False)


def _patched(fix: Fix, history: History, revisions: Iterable[str]) -> Iterator[Home]:
    for revision in revisions:
        tree = history.tree_id(revision)
        applied = apply_to(history, revision, fix.series)
        if isinstance(applied, AppliedSeries) and str(applied.tree) != tree:
            yield Home(revision, tree, revision, str(applied.tree), patched=True)


@contextmanager
def own_tests(prober: Prober, places: Sequence[Home]) -> Iterator[tuple[Suite, ...]]:
    """A context manager that yields a suite for each reg-test that the fix adds or changes.

    The tests are as the fix leaves them. Their files are kept within the context.
    """
    workspace, store = prober.context.workspace, prober.context.history.store
    suites: dict[str, Suite] = {}
    with ExitStack() as held:
        for home in places:
            changed = changed_tests(prober.context.history, home)
            if names := [name for name in changed if name not in suites]:
                folder = held.enter_context(exported(workspace, store, home.after_tree))
                for name, oracle in reg_tests.oracles(folder, names).items():
                    suites[name] = Suite(name, True, (oracle,))
        yield tuple(suites.values())


def changed_tests(history: History, home: Home) -> list[str]:
    """The paths of the reg-tests that the fix adds or changes."""
    before, after = (history.store[tree].id for tree in (home.before_tree, home.after_tree))
    deltas = history.store.diff(before, after).deltas
    changed = (delta for delta in deltas if delta.status_char() != "D")
    paths = (delta.new_file.path for delta in changed)
    return [p for p in paths if p.startswith(f"{FOLDER}/") and p.endswith(".vtc")]


def qualify(
    prober: Prober,
    places: Sequence[Home],
    suites: Sequence[Suite],
    own: Sequence[Suite],
    toolchain: Toolchain | None = None,
) -> Qualified:
    """Run the cases of the wanted *suites* and of the fix's *own* tests to see which show the bug.

    Own tests that neither show the bug nor pass without the fix are left out. *toolchain* builds in
    place of the prober's toolchains.
    """
    tried = [suite for suite in (*own, *suites) if suite.wanted]
    results = try_cases(
        prober, places, [case for suite in tried for case in suite.cases], toolchain
    )
    kept = [suite for suite in own if _is_useful(suite, results)]
    remarks = [_remark(suite, results) for suite in tried] if places else [_NOWHERE]
    return Qualified(tuple(_split(suite, results) for suite in (*kept, *suites)), tuple(remarks))


def try_cases(
    prober: Prober,
    places: Sequence[Home],
    cases: Sequence[Oracle],
    toolchain: Toolchain | None = None,
) -> dict[Oracle, CaseResult]:
    """The result of each case at the first home where it shows the bug, else at the first home."""
    results: dict[Oracle, CaseResult] = {}
    for home in places:
        rest = [case for case in cases if case not in results or not results[case].shows]
        for case, result in _try_at(prober, home, rest, toolchain):
            if result.shows or case not in results:
                results[case] = result
    return results


def _try_at(
    prober: Prober, home: Home, cases: Sequence[Oracle], toolchain: Toolchain | None
) -> Iterator[tuple[Oracle, CaseResult]]:
    purpose = Purpose.CONFIRM.about(Purpose.QUALIFY) if toolchain else Purpose.QUALIFY

    def probe(revision: str, tree: str, patched: bool, some: Sequence[Oracle]) -> list[Probed]:
        if not some:
            return []
        side = TreeUnderTest(prober, revision, tree, purpose, patched, some, toolchain)
        side.start_rest()
        return side.results()

    before = dict(zip(cases, probe(home.before, home.before_tree, False, cases), strict=True))
    failed = [case for case, probed in before.items() if may_show(case, probed)]
    after = dict(zip(failed, probe(home.after, home.after_tree, home.patched, failed), strict=True))
    for case, probed in before.items():
        then = after.get(case)
        if then and then.verdict is Verdict.GOOD and not case.knows_its_bug:
            fails_each_time = learn(prober, case, probed, toolchain)
            yield case, CaseResult(prober.judged(probed), then if fails_each_time else None)
        else:
            yield case, CaseResult(probed, then if probed.verdict is Verdict.BAD else None)


def _split(suite: Suite, results: dict[Oracle, CaseResult]) -> Suite:
    """*suite* with the cases that do not show the bug moved to ``watching``."""
    shown = tuple(case for case in suite.cases if case in results and results[case].shows)
    rest = tuple(case for case in suite.all_cases if case not in shown)
    return Suite(suite.scenario, bool(shown), shown, rest)


def _is_useful(own: Suite, results: dict[Oracle, CaseResult]) -> bool:
    """Whether one of the cases shows the bug, or passes without the fix and so can detect harm."""
    known = [results[case] for case in own.cases if case in results]
    return any(result.shows or result.before.verdict is Verdict.GOOD for result in known)


def _remark(suite: Suite, results: dict[Oracle, CaseResult]) -> str:
    """Whether a suite shows the bug, and the most telling result of its cases."""
    ordered = sorted((results[case] for case in suite.cases), key=_order)
    shown = sum(result.shows for result in ordered)
    does = "shows this bug" if shown else "does not show this bug"
    share = f" in {shown} of {len(ordered)} variants" if shown and len(ordered) > 1 else ""
    return f"{suite.scenario} {does}{share}: {ordered[0].text}"


def _order(result: CaseResult) -> tuple[bool, bool, bool]:
    """A sort key: first those that show the bug, then tested ones, of these the bad ones first."""
    return not result.shows, not result.before.verdict.tested, result.after is None
