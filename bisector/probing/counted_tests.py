"""Run many tests on one HAProxy that counts, and tell what each of them executes."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from bisector.build import binaries, compiling
from bisector.build.compiling import Compiled
from bisector.build.counting.functions import Function
from bisector.build.counting.toolchain import Counting, FastCounting
from bisector.errors import BuildFailed
from bisector.probing import counting
from bisector.probing.context import Context
from bisector.probing.executors import TESTS_A_CORE
from bisector.record.failure import FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system.files import explained
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle, Trial
from bisector.testing.timeouts import UsualTimes

Coverage = frozenset[Function] | str
"""The functions that a test executes, or why they are unknown."""

# What a second run, alone, does not change.
_SETTLED = (FailureClass.SKIPPED, FailureClass.UNSUPPORTED, FailureClass.MISSING)


def each(
    context: Context,
    tree: str,
    toolchain: Counting | FastCounting,
    oracles: Mapping[str, Oracle],
    slot: Slot,
) -> Generator[tuple[str, Coverage]]:
    """Build *tree* with counters, run each of *oracles* once, and yield its name and the result.

    What a test executes that is not good is unknown. One that fails beside others is run again
    alone, since some bind the same socket names. *oracles* are one or more of the same kind, and
    *toolchain* has the features that they ask for. To stop early, close the generator.
    Raises BuildFailed, ProbeFailed and other EnvironmentProblems if the machine fails, and Stopped
    if *slot* was cancelled.
    """
    workspace, store = context.workspace, context.history.store
    key = binaries.build_key(store, tree, toolchain)
    with (
        slot.build_permits.acquired(slot.stop),
        compiling.compiled(workspace, store, tree, toolchain, key, slot) as made,
    ):
        if made.problem:
            what = f"it does not build with counters: {made.problem}"
            raise BuildFailed(what, f"see {made.log}")
        tools = next(iter(oracles.values())).find_tools(workspace)
        yield from _Runs(workspace, tools, made, toolchain, slot).all(oracles)


@dataclass(frozen=True)
class _Runs:
    """Runs tests on the build ``made``, with ``tools``."""

    workspace: Workspace
    tools: tuple[Tool, ...]
    made: Compiled
    toolchain: Counting | FastCounting
    slot: Slot

    def all(self, oracles: Mapping[str, Oracle]) -> Iterator[tuple[str, Coverage]]:
        """The results as they come; those of tests that failed beside others come last."""
        apart = isinstance(self.toolchain, FastCounting)
        if not apart:  # gcov's counters are in one place, in the build tree
            self.made.tree.distrust()
        at_once, run = (self.slot.cores * TESTS_A_CORE, self._apart) if apart else (1, self._there)
        again = []
        with ThreadPoolExecutor(at_once, thread_name_prefix="coverage") as pool:
            runs = {pool.submit(run, oracles[name]): name for name in sorted(oracles)}
            try:
                for finished in as_completed(runs):
                    name, (ruling, result) = runs[finished], finished.result()
                    if _may_differ(ruling):
                        again.append(name)
                    else:
                        yield name, result
            except BaseException:  # also Ctrl-C, or the caller stops: nothing may keep running
                self.slot.cancel()
                pool.shutdown(cancel_futures=True)
                raise
        for name in sorted(again):
            yield name, run(oracles[name], again=True)[1]

    def _apart(self, oracle: Oracle, again: bool = False) -> tuple[Ruling, Coverage]:
        """Run a test on the binary by another path, beside which it writes its counters."""
        with self.workspace.scratch() as scratch:
            program = scratch / "program" / self.made.binary.name
            with explained(f"cannot write {program}"):
                program.parent.mkdir()
                program.hardlink_to(self.made.binary)
            return self._run(oracle, program, scratch, again)

    def _there(self, oracle: Oracle, again: bool = False) -> tuple[Ruling, Coverage]:
        """Run a test on the binary in the build tree."""
        counting.forget(self.made, self.toolchain)
        with self.workspace.scratch() as scratch:
            return self._run(oracle, self.made.binary, scratch, again)

    def _run(
        self, oracle: Oracle, program: Path, scratch: Path, again: bool
    ) -> tuple[Ruling, Coverage]:
        self.slot.stop.check()  # another run may have been cancelled meanwhile
        limit = UsualTimes(self.workspace).limit(oracle.name, oracle.seconds, again)
        log, writes = scratch / "log", (program.parent,)
        ruling = oracle.run(Trial(program, log, self.tools, limit, self.slot, writes))
        if ruling.verdict is not Verdict.GOOD:
            return ruling, ruling.reason
        found = counting.functions(self.made, self.toolchain, scratch, self.slot, program)
        return ruling, found or "HAProxy wrote no counters"


def _may_differ(ruling: Ruling) -> bool:
    """Whether a test may have failed because of those that ran beside it."""
    failure = ruling.failure
    return ruling.verdict is not Verdict.GOOD and not (failure and failure.kind in _SETTLED)
