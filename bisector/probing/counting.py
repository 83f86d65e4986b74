"""Run tests on a HAProxy that counts what it executes. Such a run is no verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bisector.build import binaries, compiling, tcc
from bisector.build.compiling import Compiled
from bisector.build.counting import gcov
from bisector.build.counting.functions import Function, of_gcov, of_tcc
from bisector.build.counting.toolchain import Counting, FastCounting, by_gcov, by_tcc
from bisector.build.toolchain import Toolchain, Toolchains
from bisector.build.toolchains.fast import Fast
from bisector.errors import EnvironmentProblem
from bisector.probing.context import Context
from bisector.system import tools
from bisector.system.files import explained
from bisector.system.slots import Slot
from bisector.testing import minimal
from bisector.testing.oracle import Oracle, Trial
from bisector.testing.timeouts import UsualTimes


@dataclass(frozen=True)
class Executed:
    """The functions that a test has executed: those that ``only`` it does, and the ``usual`` ones.

    A plain exchange executes the latter, too. If the test needs no VTest, there is none to compare
    with, and no function is usual.
    """

    only: frozenset[Function]
    usual: frozenset[Function] = frozenset()


def executed(context: Context, revision: str, toolchain: Toolchain, slot: Slot) -> Executed | str:
    """What the job's test executes at *revision*, or why it is unknown.

    It is built by tcc, as that is faster whatever *toolchain* the job uses, else by gcc if the
    job's toolchain is one. Raises ProbeFailed and other EnvironmentProblems if the machine fails,
    Stopped if *slot* was cancelled.
    """
    found: Executed | str = f"{toolchain.description} has no counters"
    for counting in with_counters(context, toolchain):
        found = counting if isinstance(counting, str) else _run(context, revision, counting, slot)
        if isinstance(found, Executed):
            break
    return found


def seconds(toolchain: Toolchain) -> float:
    """What the build of executed() is expected to take, for a job that uses *toolchain*."""
    return (Fast if tcc.find() else toolchain).cost.full


def with_counters(
    context: Context, toolchain: Toolchain
) -> Iterator[Counting | FastCounting | str]:
    """The toolchains with counters to try in place of *toolchain*, or why there is none."""
    try:
        fast = (
            toolchain
            if isinstance(toolchain, Fast)
            else Fast.on(context.workspace, dict(toolchain.asked))
        )
        yield by_tcc(context.workspace, fast)
    except EnvironmentProblem as problem:
        yield str(problem)
    if toolchain.has_gcov and (by_gcc := by_gcov(Toolchains(toolchain))):
        missing = tools.find_compiler("gcov") is None
        yield f"no gcov on this machine: {gcov.HOW_TO_GET}" if missing else by_gcc


def _run(
    context: Context, revision: str, counting: Counting | FastCounting, slot: Slot
) -> Executed | str:
    """What the job's test executes in a build by *counting*, or why it is unknown."""
    tree, oracle = context.history.tree_id(revision), context.oracle.at(revision)
    ready = context.equipped(counting, tree=tree)
    with (
        context.workspace.scratch() as scratch,
        counted(context, tree, ready, [oracle], scratch, slot) as made,
    ):
        if isinstance(made, str):
            return made
        test = functions(made, ready, scratch, slot)
        if isinstance(test, str) or not oracle.needs_vtest:
            return test if isinstance(test, str) else Executed(test)
        forget(made, ready)
        limit = UsualTimes(context.workspace).limit(minimal.NAME, minimal.SECONDS)
        log, writes = scratch / "plain.log", (made.folder,)
        minimal.starts(Trial(made.binary, log, context.tools, limit, slot, writes))
        plain = functions(made, ready, scratch, slot)
        return Executed(test) if isinstance(plain, str) else Executed(test - plain, test & plain)


def functions(
    made: Compiled,
    toolchain: Counting | FastCounting,
    scratch: Path,
    slot: Slot,
    program: Path | None = None,
) -> frozenset[Function] | str:
    """The functions that the counters of the build *made* name, or why they are unknown.

    *program* is another path of its binary, by which it was run.
    """
    if isinstance(toolchain, FastCounting):
        file = (program or made.binary).parent / toolchain.counters
        with explained(f"cannot read {file}"):
            text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
        return of_tcc(text, str(made.folder))
    with explained(f"cannot write {scratch}"):
        for old in scratch.glob("*.gcov.json.gz"):
            old.unlink()
    tool = tools.find_compiler("gcov")
    objects = (path.with_suffix(".o") for path in made.folder.rglob(toolchain.counters))
    results = gcov.run(tool, made.folder, objects, scratch, slot) if tool else "no gcov"
    if isinstance(results, str):
        return results
    try:
        return of_gcov(gcov.texts(results), str(made.folder))
    except ValueError as error:
        return f"gcov's output cannot be read: {error}"


@contextmanager
def counted(
    context: Context,
    tree: str,
    toolchain: Counting | FastCounting,
    oracles: Sequence[Oracle],
    scratch: Path,
    slot: Slot,
) -> Iterator[Compiled | str]:
    """The build of *tree* with the counters of its run by *oracles*, or why there is none.

    Within the context the build tree is locked for the caller. Raises ProbeFailed and other
    EnvironmentProblems if the machine fails, Stopped if *slot* was cancelled.
    """
    store = context.history.store
    key = binaries.build_key(store, tree, toolchain)
    with (
        slot.build_permits.acquired(slot.stop),
        compiling.compiled(context.workspace, store, tree, toolchain, key, slot) as made,
    ):
        if made.problem:
            yield f"it does not build with counters: {made.problem} (log: {made.log})"
            return
        made.tree.distrust()  # the tested programs write there, not only their counters
        forget(made, toolchain)
        exercise(context, oracles, made.binary, scratch, slot)
        if any(made.folder.rglob(toolchain.counters)):
            yield made
        else:
            yield "HAProxy wrote no counters: no test started it, or --make changed its flags"


def forget(made: Compiled, toolchain: Counting | FastCounting) -> None:
    """Remove the counters of earlier runs. Raises WorkspaceProblem."""
    with explained(f"cannot write {made.folder}"):
        for old in made.folder.rglob(toolchain.counters):
            old.unlink()


def exercise(
    context: Context, oracles: Sequence[Oracle], binary: Path, scratch: Path, slot: Slot
) -> None:
    """Run all tests, several at a time, which the counters' files allow: they are locked."""
    pace = UsualTimes(context.workspace)

    def run(number: int) -> None:
        slot.stop.check()  # another run may have been cancelled meanwhile
        oracle, log = oracles[number], scratch / f"{number}.log"
        limit = pace.limit(oracle.name, oracle.seconds)
        oracle.run(Trial(binary, log, context.tools, limit, slot, writes=(binary.parent,)))

    with ThreadPoolExecutor(slot.cores, thread_name_prefix="coverage") as pool:
        runs = [pool.submit(run, number) for number in range(len(oracles))]
        try:
            for finished in runs:
                finished.result()
        except BaseException:  # also Ctrl-C: nothing may keep running
            slot.cancel()
            pool.shutdown(cancel_futures=True)
            raise
