"""A fake machine that reads the verdict in the source instead of building and testing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Future
from pathlib import Path

import pygit2

from bisector.build.toolchain import Toolchains
from bisector.git.history import History
from bisector.probing.context import Context
from bisector.probing.executors import Task
from bisector.probing.probe import Probe, key_of
from bisector.probing.prober import Prober
from bisector.record.failure import Failure
from bisector.record.journal import Journal
from bisector.record.verdict import Result, Ruling, Verdict
from bisector.system.files import digest
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.clone import Clone

Reading = Callable[[str, Oracle, str], Verdict]
"""The verdict on a source text, in a case, built by the toolchain of that name."""


def case(scenario: str, variant: str) -> Oracle:
    return VTestCase(
        scenario, f"{scenario} {variant}", "x.vtc", bad="b", control="c", variant=variant
    )


class Answering:
    """A fake executor that answers one probe at a time, the oldest first.

    With ``other_tools`` it acts as a worker with another compiler: its results have other keys.
    """

    def __init__(self) -> None:
        self.jobs = self.tests = 1
        self.other_tools = False
        self._waiting: list[tuple[Probe, Task]] = []

    def submit(self, request: Probe) -> Task:
        task = Task(Future(), Slot())
        self._waiting.append((request, task))
        return task

    def wait(self, tasks: Collection[Task]) -> None:
        request, task = next(one for one in self._waiting if one[1] in tasks)
        self._waiting.remove((request, task))
        task.future.set_result(self._answer(request))

    def cancel(self, task: Task) -> None:
        self._waiting = [one for one in self._waiting if one[1] is not task]

    def _key(self, request: Probe) -> str:
        """The key of the result on the machine that answers *request*."""
        return digest("other tools", key_of(request)) if self.other_tools else key_of(request)

    def _answer(self, request: Probe) -> Result:
        raise NotImplementedError


class Reader(Answering):
    """Reads the verdict in the tree's src/haproxy.c; what is ``failing`` fails by itself."""

    def __init__(self, store: pygit2.Repository, reading: Reading) -> None:
        super().__init__()
        self.reading = reading
        self.failing: Callable[[str, Oracle, int], Failure | None] = lambda source, oracle, run: (
            None
        )
        self.asked: list[tuple[str, str, str]] = []
        self._store = store

    def _answer(self, request: Probe) -> Result:
        tree = self._store[request.tree].peel(pygit2.Tree)
        source = tree["src/haproxy.c"].peel(pygit2.Blob).data.decode()
        self.asked.append((source, request.oracle.variant, request.toolchain.name))
        verdict = self.reading(source, request.oracle, request.toolchain.name)
        failure = self.failing(source, request.oracle, request.run)
        if failure:
            verdict = Verdict.BAD if failure.kind.speaks_for_itself else Verdict.UNTESTABLE
        signature = ("signature",) * (verdict == Verdict.BAD and not failure)
        reason = failure.text if failure else f"{verdict}, as it is"
        ruling = Ruling(verdict, reason, signature, failure=failure)
        return Result(ruling, self._key(request), "binary", 1.0, 1.0, "/log")


def reading_prober(
    clone: Clone,
    workspace: Workspace,
    path: Path,
    reading: Reading,
    toolchains: Toolchains,
    oracle: Oracle | None = None,
) -> Prober:
    """A real prober with a Reader as executor and a journal at *path*."""
    history = History.open(clone.path, workspace)
    oracle = oracle or case("flap", "a=1")
    tool = Tool(Path("/v"), "v", "id")
    context = Context(workspace, history, toolchains, oracle, (tool,))
    reader = Reader(history.store, reading)
    return Prober(context, Journal(path), reader, lambda text: None, fresh=False)
