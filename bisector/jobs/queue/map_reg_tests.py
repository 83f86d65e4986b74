"""Make the coverage map of a branch's reg-tests: each is run once on a HAProxy that counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing

from bisector.build import binaries
from bisector.build.counting.toolchain import Counting, FastCounting
from bisector.errors import BuildFailed
from bisector.jobs import reg_test_files, reg_tests
from bisector.jobs.queue import kept_coverage
from bisector.jobs.queue.coverage_map import CoverageMap
from bisector.probing import counted_tests, counting
from bisector.probing.context import Context
from bisector.system.files import digest
from bisector.system.slots import Slot
from bisector.testing.oracle import Oracle

_FORMAT = "1"  # part of a map's key; changes with what is kept


def coverage_map(context: Context, tree: str, progress: Callable[[str], None]) -> CoverageMap | str:
    """The map of the reg-tests in the *tree* with this id, of the store; or why there is none.

    HAProxy is built once, with what all the tests ask for. What is known is kept in the workspace,
    and each result as it comes. *progress* is called with a line after each test. Raises
    ProbeFailed and other EnvironmentProblems if the machine fails.
    """
    found: CoverageMap | str = "no toolchain of the job has counters"
    with reg_test_files.exported(context.workspace, context.history.store, tree) as home:
        cases = reg_tests.oracles(home, [reg_test_files.FOLDER])
        if not cases:
            return CoverageMap({}, {})
        for toolchain in counting.with_counters(context, context.toolchains.search):
            if isinstance(toolchain, str):
                found = toolchain
                continue
            ready = context.equipped(toolchain, next(iter(cases.values())))
            try:
                return _mapped(context, tree, ready, cases, progress)
            except BuildFailed as problem:
                found = str(problem)
    return found


def _mapped(
    context: Context,
    tree: str,
    toolchain: Counting | FastCounting,
    cases: Mapping[str, Oracle],
    progress: Callable[[str], None],
) -> CoverageMap:
    """The map of *cases* with a build by *toolchain*; only what is not known is run."""
    with kept_coverage.held(context.workspace, _key(context, tree, toolchain, cases)) as kept:
        results = {name: result for name in cases if (result := kept.read(name)) is not None}
        rest = {name: case for name, case in cases.items() if name not in results}
        if rest:
            slot = Slot(sandbox=context.sandbox)
            with closing(counted_tests.each(context, tree, toolchain, rest, slot)) as runs:
                for name, result in runs:
                    kept.write(name, result)
                    results[name] = result
                    progress(f"what each reg-test executes: {len(results)} of {len(cases)}")
    return CoverageMap(
        {name: own for name, own in sorted(results.items()) if not isinstance(own, str)},
        {name: why for name, why in sorted(results.items()) if isinstance(why, str)},
    )


def _key(
    context: Context, tree: str, toolchain: Counting | FastCounting, cases: Mapping[str, Oracle]
) -> str:
    """The map's key in the cache: the build, the tests, and what else decides their rulings."""
    first = next(iter(cases.values()))
    return digest(
        _FORMAT,
        binaries.build_key(context.history.store, tree, toolchain),
        *(case.digest for _, case in sorted(cases.items())),
        *(tool.identity for tool in first.find_tools(context.workspace)),
        *first.conditions(),
    )
