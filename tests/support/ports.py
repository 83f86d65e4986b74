"""A mainline with a bug and branches of it, where a fake machine reads verdicts in the source."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2

from bisector.build.toolchain import Toolchains
from bisector.git.history import History
from bisector.jobs.backport.attempt import BackportPlan
from bisector.jobs.backport.backport import find_branches
from bisector.jobs.backport.branches import Backport
from bisector.jobs.backport.fix import Fix
from bisector.jobs.judge import Suite
from bisector.probing.context import Context
from bisector.probing.executors import Task
from bisector.probing.probe import Probe, key_of
from bisector.probing.prober import Prober
from bisector.record.events import Confirmed, Ended, Noted, Turned
from bisector.record.failure import Failure
from bisector.record.journal import Journal
from bisector.record.patch_events import Judged, Ported
from bisector.record.patch_outcome import Outcome
from bisector.record.verdict import Result, Ruling, Verdict
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.clone import Clone
from tests.support.toolchains import GCC

FLAP, SPARE = (
    VTestCase(name, name, f"{name}.vtc", bad="x", control="y") for name in ("flap", "spare")
)
OTHER = replace(FLAP, digest="other", variant="other")  # of the same scenario; sees `harm`
C = "src/server.c"
OWN, BLIND = "reg-tests/server/own.vtc", "reg-tests/server/blind.vtc"
BASE = "".join(f"line {number}\n" for number in range(1, 21))


class Machine:
    """Builds and tests nothing: reads the verdict in the source."""

    def __init__(self, store: pygit2.Repository) -> None:
        self.jobs = self.tests = 1
        self.store = store
        self.asked: list[tuple[str, str]] = []
        self.says: Callable[[str, str, str], Verdict] = verdict
        self.failing: Callable[[str, str, int], Failure | None] = lambda source, name, run: None
        self.lucky = -1

    def submit(self, request: Probe) -> Task:
        tree = self.store[request.tree].peel(pygit2.Tree)
        source = tree[C].peel(pygit2.Blob).data.decode()
        self.asked.append((request.oracle.name, request.toolchain.name))
        name = "spare" if request.oracle == OTHER else request.oracle.name
        told = self.says(source, name, request.toolchain.name)
        if told is Verdict.BAD and request.run == self.lucky:
            told = Verdict.GOOD
        failure = self.failing(source, name, request.run) if told is Verdict.BAD else None
        if failure and not failure.kind.speaks_for_itself:
            told = Verdict.UNTESTABLE
        ruling = Ruling(told, f"it is {told}", failure=failure)
        future: Future[Result] = Future()
        future.set_result(Result(ruling, key_of(request), "binary"))
        return Task(future, Slot())

    def wait(self, tasks: Collection[Task]) -> None:
        """All of them are done."""

    def cancel(self, task: Task) -> None:
        """Nothing to call off."""


def verdict(source: str, scenario: str, toolchain: str) -> Verdict:
    """`#error` does not compile, `deaf` cannot be tested; `bug` is one, and `harm` another.

    Of the reg-tests OWN sees the bug, BLIND sees nothing; others want nothing to be right.
    """
    bad = {"flap": "bug", OWN: "bug", BLIND: "nothing", "spare": "harm"}.get(scenario, "right")
    if "#error" in source:
        return Verdict.UNBUILDABLE
    if "deaf" in source:
        return Verdict.UNTESTABLE
    return Verdict.BAD if bad in source else Verdict.GOOD


@dataclass
class World:
    """A mainline with a bug from 3.0 on, and branches that part from it."""

    clone: Clone
    workspace: Workspace
    journal: Path
    text: str = BASE

    def __post_init__(self) -> None:
        self.toolchains = Toolchains(GCC, None)
        self.root = self.clone.commit({C: BASE, "VERSION": "2.9.0\n"})
        self.branch("2.9")
        self.bug = self.step("line 10\n", "line 10 bug\n", version="3.0.0")
        self.branch("3.0")
        self.history = History.open(self.clone.path, self.workspace)

    def branch(self, name: str) -> None:
        tip = self.clone.git.references["refs/heads/master"].target
        self.clone.git.references.create(f"refs/heads/{name}", tip)

    def step(
        self,
        was: str,
        to: str,
        *,
        subject: str = "MINOR: x",
        version: str = "3.1-dev1",
        files: Mapping[str, str | None] = {},
    ) -> str:
        assert was in self.text
        self.text = self.text.replace(was, to)
        change = {C: self.text, "VERSION": f"{version}\n", **files}
        return self.clone.commit(change, subject=subject)

    def fix(
        self,
        to: str = "line 10 right",
        message: str = "BUG/MINOR: x: do it right",
        files: Mapping[str, str | None] = {},
    ) -> str:
        return self.step("line 10 bug", to, subject=message, files=files)

    def other_fix(
        self,
        message: str = "BUG/MINOR: y: do it right",
        files: Mapping[str, str | None] = {},
    ) -> str:
        """A fix of something else, which no scenario sees."""
        return self.step("line 15\n", "line 15 as it should be\n", subject=message, files=files)

    def plan(self, fix: str, *onto: str, **more: object) -> BackportPlan:
        what, branches = Fix.find(fix, self.history), find_branches(self.history, onto)
        suites = (Suite("flap", True, (FLAP,)), Suite("spare", False, (SPARE,)))
        made = BackportPlan(what, (3, 1), branches, suites, (("flap", self.bug, ""),))
        return replace(made, **more)  # type: ignore[arg-type]

    def run(
        self,
        plan: BackportPlan,
        says: Callable[[str, str, str], Verdict] = verdict,
        failing: Callable[[str, str, int], Failure | None] = lambda source, name, run: None,
        lucky: int = -1,
    ) -> Machine:
        """Carry out *plan*; what is bad fails as *failing* says, and passes in run *lucky*."""
        prober, machine = self.prober()
        machine.says, machine.failing, machine.lucky = says, failing, lucky
        Backport(plan, prober, lambda text: None).run()
        return machine

    def prober(self) -> tuple[Prober, Machine]:
        machine = Machine(self.history.store)
        tool = Tool(Path("/vtest"), "vtest", "id")
        context = Context(self.workspace, self.history, self.toolchains, FLAP, (tool,))
        journal = Journal(self.journal)
        return Prober(context, journal, machine, lambda text: None, fresh=False), machine

    def ported(self, plan: BackportPlan) -> list[Ported]:
        self.run(plan)
        events = Journal(self.journal).events
        assert isinstance(events[-1], Ended)
        return [event for event in events if isinstance(event, Ported)]

    def one(self, fix: str, onto: str, **more: object) -> Ported:
        (ported,) = self.ported(self.plan(fix, onto, **more))
        return ported

    def notes(self) -> list[str]:
        """What the reader is told beside the rows."""
        events = Journal(self.journal).events
        return [event.text for event in events if isinstance(event, Noted | Turned)]

    def confirmed(self) -> list[str]:
        """What a real toolchain confirmed."""
        return [e.what for e in Journal(self.journal).events if isinstance(e, Confirmed)]

    def judgements(self) -> list[Judged]:
        return [event for event in Journal(self.journal).events if isinstance(event, Judged)]

    def judged(self) -> dict[tuple[str, str], Outcome]:
        return {(one.branch, one.scenario): one.outcome for one in self.judgements()}
