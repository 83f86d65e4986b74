"""A revision's own reg-tests before and after a patch: what newly fails, what newly passes.

Each side runs the tests of its own tree, so a patch may bring or change some. They run one after
the other: some bind fixed names, which belong to the whole machine, and two at once would collide.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pygit2
from pygit2.enums import FileMode

from bisector.errors import BuildFailed, UsageProblem
from bisector.probing.prober import Prober
from bisector.probing.ticket import Ticket
from bisector.record.events import Probed
from bisector.record.patch_events import RegTested
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose, RegTestChange
from bisector.system import cache
from bisector.system.workspace import Workspace, digest, explained, hold, publish
from bisector.testing.oracle import Oracle
from bisector.testing.oracles.vtest_case import VTestCase

FOLDER = "reg-tests"  # in HAProxy's tree, and in the workspace
RUNS_AGAIN = 3  # of both sides, before a difference is believed
SECONDS = 10.0  # for one test, as upstream's run-regtests.sh has it

_BROKEN = b"#REGTEST_TYPE=broken"  # how a test says that nobody can rely on it
_EXAMPLE = f"name folders or .vtc files of the revision, such as {FOLDER}/checks"


def compare(prober: Prober, revision: str, after: str, dirs: Sequence[str]) -> Iterator[RegTested]:
    """The reg-tests in *dirs*, on *revision* and on the tree *after* that a patch made of it.

    *dirs* are folders and .vtc files below `reg-tests/`. What the patch removes is left out.
    Raises UsageProblem, before anything runs, for one that is not there; BuildFailed when a side
    does not compile.
    """
    bench, before = prober.bench, prober.bench.history.tree_id(revision)
    wanted = [_checked(name) for name in dirs]
    sides = []
    for tree in (before, after):
        with exported(bench.workspace, bench.history.store, tree) as home:
            sides.append({name for name in wanted if _cases(home, name)})
    for name in wanted:
        if not any(name in side for side in sides):
            where = bench.history.release(revision)
            raise UsageProblem(f"--reg-tests {name}: {where} has no such tests", _EXAMPLE)
    return _compared(prober, revision, (before, after), wanted)


def having(
    prober: Prober, revisions: Sequence[str], dirs: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Those of *revisions* that have all the reg-tests in *dirs*, and what the others lack.

    Raises UsageProblem when none has them.
    """
    found: list[str] = []
    problems: list[UsageProblem] = []
    for revision in revisions if dirs else ():
        try:
            compare(prober, revision, prober.bench.history.tree_id(revision), dirs)
            found.append(revision)
        except UsageProblem as problem:
            problems.append(problem)
    if problems and not found:
        raise problems[0]
    return found, [problem.what for problem in problems]


def changed(before: Verdict | None, after: Verdict) -> RegTestChange:
    """What a patch does to a test by one run on each side; *before* is None for one that it brings.

    A test that was good and cannot be run any more fails: machine and VTest are the same ones, so
    HAProxy does not start, hangs, or lost a feature, and whoever runs the reg-tests sees it. What
    was not good before and is skipped or refused now has not become worse.
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


@contextmanager
def exported(workspace: Workspace, store: pygit2.Repository, tree: str) -> Iterator[Path]:
    """A folder that holds the `reg-tests/` of *tree*; it stays until the caller is done with it.

    A symbolic link that leads out of `reg-tests/` is left out.
    """
    top, nothing = (store[one].peel(pygit2.Tree) for one in (tree, store.TreeBuilder().write()))
    found = (one for one in top if one.name == FOLDER and isinstance(one, pygit2.Tree))
    source = next(found, nothing)
    home = workspace.folder(FOLDER) / str(source.id)
    while True:
        if not home.is_dir():
            with workspace.scratch() as scratch:
                _export(source, scratch / home.name)
                publish(scratch / home.name, home)
        with hold(home) as held:
            if held:  # else another process made room just now
                cache.touch(home)
                yield home
                return


def oracles(home: Path, wanted: Sequence[str]) -> dict[str, Oracle]:
    """What judges each test. A test may use any file beside it: all of them are its identity."""
    return {
        case: VTestCase(
            case,
            digest(home.name, case),
            Path(case).name,
            folder=str((home / case).parent),
            seconds=SECONDS,
        )
        for name in wanted
        for case in _cases(home, name)
    }


# -- the files -------------------------------------------------------------------------------------


def _checked(name: str) -> str:
    """*name* as a path below `reg-tests/`."""
    path = PurePosixPath(name)
    if path.parts[:1] != (FOLDER,) or ".." in path.parts:
        raise UsageProblem(f"--reg-tests {name}: not a path below {FOLDER}/", _EXAMPLE)
    return str(path)


def _cases(home: Path, name: str) -> list[str]:
    """The test cases that *name* means below *home*: of a folder those that upstream runs, too."""
    place = home / name
    found = [place]
    if place.is_dir():
        cases = (path for path in sorted(place.rglob("*.vtc")) if path.is_file())
        found = [path for path in cases if _BROKEN not in path.read_bytes()]
    return [str(path.relative_to(home)) for path in found if path.is_file()]


def _export(source: pygit2.Tree, draft: Path) -> None:
    root = draft / FOLDER
    with explained(f"cannot write {draft}"):
        links = list(_write(source, root))
        for link, target in links:  # last, so that no file is written through one
            link.symlink_to(target)
        for link, _ in links:
            if not Path(os.path.realpath(link)).is_relative_to(root.resolve()):
                link.unlink()


def _write(tree: pygit2.Tree, folder: Path) -> Iterator[tuple[Path, str]]:
    """Write the files of *tree*; its links come back, with where they lead."""
    folder.mkdir(parents=True)
    for entry in tree:
        path = folder / str(entry.name)
        if isinstance(entry, pygit2.Tree):
            yield from _write(entry, path)
        elif isinstance(entry, pygit2.Blob) and entry.filemode == FileMode.LINK:
            yield path, os.fsdecode(entry.data)
        elif isinstance(entry, pygit2.Blob):
            path.write_bytes(entry.data)
            path.chmod(0o755 if entry.filemode == FileMode.BLOB_EXECUTABLE else 0o644)


# -- the tests -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pair:
    """A test on both sides; ``old`` is None for one that the patch brings."""

    revision: str
    after: str
    old: Oracle | None
    new: Oracle

    def run(self, prober: Prober, run: int) -> tuple[Probed | None, Probed]:
        """Both sides' verdicts."""
        purpose = Purpose.REG_TEST.about(self.new.name)
        before = None
        if self.old:
            ticket = prober.start(self.revision, purpose, run, oracle=self.old)
            before = _answer(prober, ticket)
        ticket = prober.start_tree(self.revision, self.after, purpose, self.new, run)
        return before, _answer(prober, ticket)


def _compared(
    prober: Prober, revision: str, trees: tuple[str, str], wanted: Sequence[str]
) -> Iterator[RegTested]:
    workspace, store = prober.bench.workspace, prober.bench.history.store
    before, after = trees
    with exported(workspace, store, before) as old, exported(workspace, store, after) as new:
        olds: Mapping[str, Oracle] = oracles(old, wanted)
        for case, oracle in sorted(oracles(new, wanted).items()):
            yield _judge(prober, _Pair(revision, after, olds.get(case), oracle))


def _judge(prober: Prober, pair: _Pair) -> RegTested:
    """Run a test once, and where the sides differ so often that chance is ruled out."""
    runs = [pair.run(prober, 0)]
    change = _change(runs[0])
    while change is not RegTestChange.SAME and len(runs) <= RUNS_AGAIN:
        runs.append(pair.run(prober, len(runs)))
        if _change(runs[-1]) != change:
            change = RegTestChange.FLICKERS
            break
    before, after = runs[0]
    return RegTested(
        pair.revision,
        prober.bench.history.release(pair.revision),
        pair.new.name,
        before.verdict if before else None,
        after.verdict,
        change,
        len(runs),
        _reason(change, runs),
        after.log,
    )


def _change(run: tuple[Probed | None, Probed]) -> RegTestChange:
    before, after = run
    return changed(before.verdict if before else None, after.verdict)


def _reason(change: RegTestChange, runs: Sequence[tuple[Probed | None, Probed]]) -> str:
    """What a reader wants to know of it: why it fails, or failed."""
    before, after = runs[0]
    if change is RegTestChange.FLICKERS:
        old = ", ".join(str(one.verdict) for one, _ in runs if one)
        new = ", ".join(str(one.verdict) for _, one in runs)
        return f"before: {old}; after: {new}" if old else f"new; {new}"
    if change is RegTestChange.PASSES:
        return before.reason if before else "the test is new"
    return "" if after.verdict is Verdict.GOOD else after.reason


def _answer(prober: Prober, ticket: Ticket) -> Probed:
    (told,) = prober.ask_all([ticket])
    if told.verdict is Verdict.UNBUILDABLE:
        which = f"{told.name} with the patch" if told.patched else told.name
        raise BuildFailed(f"{which} does not build: {told.reason}", f"see {told.log}")
    return told
