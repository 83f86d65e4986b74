"""Which tests show the bug that a fix is for: bad without the fix where it was made, good with it.

Only these can say that a branch has the bug, that it has not, or that the fix helps there. All
others say nothing about this bug: they only watch for harm.
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
from bisector.jobs.judge import Side, Suite
from bisector.patch.apply import AppliedSeries, apply_to
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose
from bisector.testing.oracle import Oracle

_NOWHERE = (
    "no test can be shown to see this bug: the patches apply neither to what is checked out "
    "nor to a branch, or are there already"
)


@dataclass(frozen=True)
class Home:
    """Where a fix belongs: the revision and tree without it, and the revision and tree with it.

    ``patched``: the latter is no commit, but made of the former by patches.
    """

    before: str
    before_tree: str
    after: str
    after_tree: str
    patched: bool


@dataclass(frozen=True)
class Sight:
    """How a test fares where the fix was made: without it and, if that is bad, with it."""

    before: Probed
    after: Probed | None

    @property
    def shows(self) -> bool:
        """Whether the test shows the bug."""
        return self.after is not None and self.after.verdict is Verdict.GOOD

    @property
    def text(self) -> str:
        """What was seen, for a reader."""
        told = self.after or self.before
        said = str(told.verdict) if told.verdict.tested else f"{told.verdict}, {told.reason},"
        if self.after is None:
            return f"{said} at {told.name}, without the fix"
        return f"bad at {self.before.name}, {said} at {told.name}{' with it' * told.patched}"


@dataclass(frozen=True)
class Qualified:
    """The suites, each case told whether it shows the bug, and what was seen of each suite."""

    suites: tuple[Suite, ...]
    remarks: tuple[str, ...]

    @property
    def showing(self) -> tuple[Suite, ...]:
        """The cases that show the bug, without those that only watch."""
        return tuple(replace(suite, watching=()) for suite in self.suites if suite.wanted)


def homes(fix: Fix, history: History, branches: Iterable[str]) -> tuple[Home, ...]:
    """Where the bug can be looked for with the fix and without.

    For a commit that is the commit and its parent. For patches it is what they were made for, and
    each of *branches*, as far as they apply there and are not there yet. Raises PatchProblem.
    """
    if fix.revision:
        parents = history.commit(fix.revision).parents
        if len(parents) != 1:
            raise PatchProblem(f"{fix.revision[:10]} has no parent to compare it with")
        trees = [history.tree_id(commit) for commit in (*parents, fix.revision)]
        return (Home(parents[0], trees[0], fix.revision, trees[1], patched=False),)
    return tuple(_patched(fix, history, dict.fromkeys((fix.home, *branches))))


def _patched(fix: Fix, history: History, revisions: Iterable[str]) -> Iterator[Home]:
    for revision in revisions:
        tree = history.tree_id(revision)
        done = apply_to(history, revision, fix.series)
        if isinstance(done, AppliedSeries) and str(done.tree) != tree:
            yield Home(revision, tree, revision, str(done.tree), patched=True)


@contextmanager
def own_tests(prober: Prober, places: Sequence[Home]) -> Iterator[tuple[Suite, ...]]:
    """A suite for each reg-test that the fix itself adds or changes, as the fix leaves it.

    Its file and those beside it stay until the caller is done with them.
    """
    workspace, store = prober.bench.workspace, prober.bench.history.store
    found: dict[str, Suite] = {}
    with ExitStack() as held:
        for home in places:
            changed = _changed_tests(prober.bench.history, home)
            if names := [name for name in changed if name not in found]:
                folder = held.enter_context(reg_tests.exported(workspace, store, home.after_tree))
                for name, oracle in reg_tests.oracles(folder, names).items():
                    found[name] = Suite(name, True, (oracle,))
        yield tuple(found.values())


def _changed_tests(history: History, home: Home) -> list[str]:
    """The reg-tests that differ with the fix, and are there then."""
    before, after = (history.store[tree].id for tree in (home.before_tree, home.after_tree))
    deltas = history.store.diff(before, after).deltas
    changed = (delta for delta in deltas if delta.status_char() != "D")
    paths = (delta.new_file.path for delta in changed)
    return [p for p in paths if p.startswith(f"{reg_tests.FOLDER}/") and p.endswith(".vtc")]


def qualify(
    prober: Prober,
    places: Sequence[Home],
    suites: Sequence[Suite],
    own: Sequence[Suite],
    chain: Toolchain | None = None,
) -> Qualified:
    """Find out which cases of *suites*, and of the fix's *own* tests, show the bug.

    Suites that are not wanted are not asked. Of the own tests those are left out that do not even
    pass without the fix. *chain* builds, if not as the prober does.
    """
    asked = [suite for suite in (*own, *suites) if suite.wanted]
    seen = look(prober, places, [case for suite in asked for case in suite.cases], chain)
    kept = [suite for suite in own if _is_of_use(suite, seen)]
    remarks = [_remark(suite, seen) for suite in asked] if places else [_NOWHERE]
    return Qualified(tuple(_split(suite, seen) for suite in (*kept, *suites)), tuple(remarks))


def look(
    prober: Prober,
    places: Sequence[Home],
    cases: Sequence[Oracle],
    chain: Toolchain | None = None,
) -> dict[Oracle, Sight]:
    """What is seen of each case at the first home where it shows the bug, else at the first one."""
    found: dict[Oracle, Sight] = {}
    for home in places:
        rest = [case for case in cases if case not in found or not found[case].shows]
        for case, sight in _look_at(prober, home, rest, chain):
            if sight.shows or case not in found:
                found[case] = sight
    return found


def _look_at(
    prober: Prober, home: Home, cases: Sequence[Oracle], chain: Toolchain | None
) -> Iterator[tuple[Oracle, Sight]]:
    purpose = Purpose.CONFIRM.about(Purpose.QUALIFY) if chain else Purpose.QUALIFY

    def ask(revision: str, tree: str, patched: bool, some: Sequence[Oracle]) -> list[Probed]:
        if not some:
            return []
        side = Side(prober, revision, tree, purpose, patched, some, chain)
        side.go_on()
        return side.answers()

    before = ask(home.before, home.before_tree, False, cases)
    bad = [case for case, told in zip(cases, before, strict=True) if told.verdict is Verdict.BAD]
    after = dict(zip(bad, ask(home.after, home.after_tree, home.patched, bad), strict=True))
    for case, told in zip(cases, before, strict=True):
        yield case, Sight(told, after.get(case))


def _split(suite: Suite, seen: dict[Oracle, Sight]) -> Suite:
    """*suite* with the cases apart that show the bug."""
    shown = tuple(case for case in suite.cases if case in seen and seen[case].shows)
    rest = tuple(case for case in suite.all_cases if case not in shown)
    return Suite(suite.scenario, bool(shown), shown, rest)


def _is_of_use(own: Suite, seen: dict[Oracle, Sight]) -> bool:
    """Whether one of the fix's own tests shows the bug, or passes and so can watch for harm."""
    sights = [seen[case] for case in own.cases if case in seen]
    return any(sight.shows or sight.before.verdict is Verdict.GOOD for sight in sights)


def _remark(suite: Suite, seen: dict[Oracle, Sight]) -> str:
    """Whether a suite shows the bug, and what was seen; of several cases, where it is bad first."""
    sights = [seen[case] for case in suite.cases]
    order = (Verdict.BAD, Verdict.GOOD)
    sights.sort(key=lambda one: (not one.shows, one.before.verdict not in order, one.after is None))
    shown = sum(sight.shows for sight in sights)
    does = "shows this bug" if shown else "does not show this bug"
    share = f" in {shown} of {len(sights)} variants" if shown and len(sights) > 1 else ""
    return f"{suite.scenario} {does}{share}: {sights[0].text}"
