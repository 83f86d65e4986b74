"""Whether a fix keeps the reg-tests of a branch: those that execute what it changes are run."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bisector.git.history import History
from bisector.jobs import reg_test_files, reg_tests
from bisector.jobs.queue.coverage_map import CoverageMap
from bisector.patch import function_changes
from bisector.patch.function_changes import Function
from bisector.probing.prober import Prober
from bisector.record.patch_events import RegTested


@dataclass(frozen=True)
class Choice:
    """The ``functions`` that a change changes, and the ``tests`` to run for it, best first.

    Without tests, none executes the functions. Of those that execute them, the tests may be a part.
    """

    functions: frozenset[Function]
    tests: tuple[str, ...]


def choose(history: History, before: str, after: str, coverage: CoverageMap) -> Choice:
    """The tests in *coverage* to run for what differs in two trees (ids) of the store."""
    functions = function_changes.between(history.store, before, after)
    return Choice(functions, coverage.executing(functions))


def check(
    prober: Prober, tip: str, after: str, tests: Collection[str], features: frozenset[str]
) -> Iterator[RegTested]:
    """Run *tests* (paths) on the branch's *tip* (full hash) and on *after*, a tree made from it.

    The builds have what all the branch's reg-tests ask for, and *features*. A test that *after*
    lacks is left out. Raises BuildFailed if a side does not compile.
    """
    if tests:
        folders = [reg_test_files.FOLDER]
        yield from reg_tests.compare(prober, tip, after, folders, only=tests, features=features)
