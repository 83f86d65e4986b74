"""Compare a revision's own reg-tests before and after a patch: newly failing, newly passing.

Each side runs the tests of its own tree, so a patch may add or change some. The tests run side by
side as far as the executor has room. Only what is good there counts: some tests bind fixed socket
names, which may collide, or have no time to spare, so all others are run again one at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath

from bisector.errors import BuildFailed, UsageProblem
from bisector.jobs.reg_test_files import FOLDER, exported
from bisector.probing.prober import Prober
from bisector.probing.ticket import Ticket
from bisector.record.events import Probed
from bisector.record.patch_events import RegTested
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose, RegTestChange
from bisector.system.files import digest
from bisector.testing.oracle import Oracle
from bisector.testing.oracles.vtest_case import VTestCase

RUNS_AGAIN = 3  # of both sides, to confirm a difference
SECONDS = 10.0  # the time limit of a test, as in upstream's run-regtests.sh

_BROKEN = b"#REGTEST_TYPE=broken"  # marks a test as unreliable
Run = tuple[Probed | None, Probed]
"""The results of a test before and after; None for one that the patch adds."""

_EXAMPLE = f"name folders or .vtc files of the revision, such as {FOLDER}/checks"


def compare(
    prober: Prober,
    revision: str,
    after: str,
    dirs: Sequence[str],
    only: Collection[str] | None = None,
    features: frozenset[str] = frozenset(),
) -> Iterator[RegTested]:
    """Run the reg-tests in *dirs* on *revision* and on *after*, the id of its patched tree.

    *dirs* are folders and .vtc files below `reg-tests/`. Tests that the patch removes are left out.
    The builds have what all of them ask for, also if *only* some of them (paths) are run, and more
    *features*.
    Raises UsageProblem, before anything runs, for a name with tests on neither side; BuildFailed if
    a side does not compile.
    """
    context, before = prober.context, prober.context.history.tree_id(revision)
    names = [_checked(name) for name in dirs]
    present = set[str]()
    for tree in (before, after):
        with exported(context.workspace, context.history.store, tree) as home:
            present.update(name for name in names if _cases(home, name))
    for name in names:
        if name not in present:
            where = context.history.release(revision)
            raise UsageProblem(f"--reg-tests {name}: {where} has no such tests", _EXAMPLE)
    return _compared(prober, revision, (before, after), names, only, features)


def revisions_with(
    prober: Prober, revisions: Sequence[str], dirs: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Those of *revisions* that have all reg-tests in *dirs*, and a text for each of the others.

    Raises UsageProblem if none has them.
    """
    having: list[str] = []
    problems: list[UsageProblem] = []
    for revision in revisions if dirs else ():
        try:
            compare(prober, revision, prober.context.history.tree_id(revision), dirs)
            having.append(revision)
        except UsageProblem as problem:
            problems.append(problem)
    if problems and not having:
        raise problems[0]
    return having, [problem.what for problem in problems]


def changed(before: Verdict | None, after: Verdict) -> RegTestChange:
    """What a patch does to a test, from one run before and one after.

    *before* is None for a test that the patch adds. A test that was good and cannot be run after
    the patch counts as FAILS: the machine and VTest are the same, so HAProxy does not start, hangs
    or lost a feature. A test that was not good before and is skipped or refused after it is SAME.
    """
    if before == after:
        return RegTestChange.SAME
    if after is Verdict.GOOD:
        return RegTestChange.PASSES
    return (
        RegTestChange.FAILS
        if before is Verdict.GOOD or after is Verdict.BAD
        else RegTestChange.SAME
    )


def oracles(
    home: Path, names: Sequence[str], features: frozenset[str] = frozenset()
) -> dict[str, Oracle]:
    """The oracles of the tests *names* (files or folders) below the exported *home*, by path.

    Their digests cover all exported files, since a test may use any of them. They share builds,
    which have all the features that one of them asks for, and more *features*.
    """
    cases = {
        case: VTestCase(
            case,
            digest(home.name, case),
            Path(case).name,
            folder=str((home / case).parent),
            seconds=SECONDS,
        )
        for name in names
        for case in _cases(home, name)
    }
    shared = features | _asked(tuple(cases.values()))
    return {name: replace(case, shared=shared) for name, case in cases.items()}


@lru_cache(maxsize=4)  # to read all tests of a tree takes a second, and their digests cover that
def _asked(cases: Sequence[VTestCase]) -> frozenset[str]:
    """The features that one of *cases* asks for, without those that it wants to be absent."""
    asked = frozenset[str]().union(*(case.features for case in cases))
    return frozenset(name for name in asked if name.isidentifier())


# -- the files -------------------------------------------------------------------------------------


def _checked(name: str) -> str:
    """*name* as a path below `reg-tests/`. Raises UsageProblem if it is none."""
    path = PurePosixPath(name)
    if path.parts[:1] != (FOLDER,) or ".." in path.parts:
        raise UsageProblem(f"--reg-tests {name}: not a path below {FOLDER}/", _EXAMPLE)
    return str(path)


def _cases(home: Path, name: str) -> list[str]:
    """The .vtc files that *name* stands for, relative to *home*; a folder's without the broken."""
    path = home / name
    cases = [path]
    if path.is_dir():
        files = (file for file in sorted(path.rglob("*.vtc")) if file.is_file())
        cases = [file for file in files if _BROKEN not in file.read_bytes()]
    return [str(case.relative_to(home)) for case in cases if case.is_file()]


# -- the tests -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pair:
    """A test before and after the patch; ``old`` is None for one that the patch adds."""

    revision: str
    after: str
    old: Oracle | None
    new: Oracle

    def tickets(self, prober: Prober, run: int) -> Iterator[Ticket | None]:
        """Request the results before and after of the run with this number, one by one."""
        purpose = Purpose.REG_TEST.about(self.new.name)
        yield prober.start(self.revision, purpose, run, oracle=self.old) if self.old else None
        yield prober.start_tree(self.revision, self.after, purpose, self.new, run)


_UnderWay = tuple[_Pair, tuple[Ticket | None, ...]]


def _compared(
    prober: Prober,
    revision: str,
    trees: tuple[str, str],
    names: Sequence[str],
    only: Collection[str] | None,
    features: frozenset[str],
) -> Iterator[RegTested]:
    workspace, store = prober.context.workspace, prober.context.history.store
    before, after = trees
    with exported(workspace, store, before) as old, exported(workspace, store, after) as new:
        olds: Mapping[str, Oracle] = oracles(old, names, features)
        pairs = [
            _Pair(revision, after, olds.get(case), oracle)
            for case, oracle in sorted(oracles(new, names, features).items())
            if only is None or case in only
        ]
        first = 0  # the number of the first run that is made alone
        if prober.executor.tests > 1:
            first, rest = 1, list[_Pair]()
            for pair, run in _side_by_side(prober, pairs):
                if all(probed and probed.verdict is Verdict.GOOD for probed in run):
                    yield _tested(prober, pair, _change(run), [run])
                else:
                    rest.append(pair)
            pairs = rest
        for pair in pairs:
            yield _judge(prober, pair, first)


def _side_by_side(prober: Prober, pairs: Sequence[_Pair]) -> Iterator[tuple[_Pair, Run]]:
    """Each of *pairs* with its first run, in their order, while some later ones are under way."""
    under_way = deque[_UnderWay]()
    try:
        for number, pair in enumerate(pairs):
            under_way.append((pair, tuple(pair.tickets(prober, 0))))
            # the first pair makes the builds, for which the others would only wait
            if number == 0 or len(under_way) == prober.executor.tests:
                yield _first(prober, under_way)
        while under_way:
            yield _first(prober, under_way)
    finally:  # also if the caller stops or something does not build
        for ticket in (ticket for _, tickets in under_way for ticket in tickets if ticket):
            prober.cancel(ticket)


def _first(prober: Prober, under_way: deque[_UnderWay]) -> tuple[_Pair, Run]:
    pair, tickets = under_way.popleft()
    return pair, _run(prober, tickets)


def _judge(prober: Prober, pair: _Pair, first: int) -> RegTested:
    """Run a test on both sides once, as run number *first*; if they differ, RUNS_AGAIN more."""
    runs = [_run(prober, pair.tickets(prober, first))]
    change = _change(runs[0])
    while change is not RegTestChange.SAME and len(runs) <= RUNS_AGAIN:
        runs.append(_run(prober, pair.tickets(prober, first + len(runs))))
        if _change(runs[-1]) != change:
            change = RegTestChange.FLICKERS
            break
    return _tested(prober, pair, change, runs)


def _tested(prober: Prober, pair: _Pair, change: RegTestChange, runs: Sequence[Run]) -> RegTested:
    before, after = runs[0]
    return RegTested(
        pair.revision,
        prober.context.history.release(pair.revision),
        pair.new.name,
        before.verdict if before else None,
        after.verdict,
        change,
        len(runs),
        _reason(change, runs),
        after.log,
    )


def _change(run: Run) -> RegTestChange:
    before, after = run
    return changed(before.verdict if before else None, after.verdict)


def _reason(change: RegTestChange, runs: Sequence[Run]) -> str:
    """Why the test fails, or failed before the patch; for a flickering one all verdicts."""
    before, after = runs[0]
    if change is RegTestChange.FLICKERS:
        old = ", ".join(str(probed.verdict) for probed, _ in runs if probed)
        new = ", ".join(str(probed.verdict) for _, probed in runs)
        return f"before: {old}; after: {new}" if old else f"new; {new}"
    if change is RegTestChange.PASSES:
        return before.reason if before else "the test is new"
    return "" if after.verdict is Verdict.GOOD else after.reason


def _run(prober: Prober, tickets: Iterable[Ticket | None]) -> Run:
    """The answers to *tickets*, each of which is requested when those before it are answered."""
    before, after = (_result(prober, ticket) if ticket else None for ticket in tickets)
    assert after
    return before, after


def _result(prober: Prober, ticket: Ticket) -> Probed:
    (probed,) = prober.ask_all([ticket])
    if probed.verdict is Verdict.UNBUILDABLE:
        which = f"{probed.name} with the patch" if probed.patched else probed.name
        raise BuildFailed(f"{which} does not build: {probed.reason}", f"see {probed.log}")
    return probed
