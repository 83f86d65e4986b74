"""Tests that run side by side on a HAProxy that counts: each has counters of its own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from bisector.build import compiling
from bisector.build.build_tree import BuildTree
from bisector.build.compiling import Compiled
from bisector.build.counting.toolchain import FastCounting
from bisector.build.toolchain import Toolchains
from bisector.errors import BuildFailed
from bisector.git.history import History
from bisector.probing.context import Context
from bisector.probing.counted_tests import Coverage, each
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system.process import Finished
from bisector.system.slots import Slot
from bisector.system.stop import Stopped
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle, Trial
from tests.support.clone import Clone
from tests.support.toolchains import GCC

Act = Callable[[int], Ruling]
GOOD = Ruling(Verdict.GOOD, "")
BAD = Ruling(Verdict.BAD, "it failed", failure=Failure(FailureClass.EXPECTATION, "x"))
SKIPPED = Ruling(Verdict.UNTESTABLE, "skipped", failure=Failure(FailureClass.SKIPPED, "x"))
TCC = FastCounting("make", (), "id")
RUNS: Counter[str] = Counter()


@dataclass(frozen=True)
class Made(Oracle):
    """A test that executes a function of its own name; *act* rules by the number of the run."""

    act: Act = lambda run: GOOD

    def run(self, trial: Trial) -> Ruling:
        RUNS[self.name] += 1
        counts = trial.binary.parent / "haproxy.counts"
        assert not counts.exists(), "each run has its own counters"
        assert trial.binary.read_text() == "binary"
        if self.name != "silent":
            counts.write_text(f"src/a.c\t{self.name}\n")
        return self.act(RUNS[self.name])


def made(name: str, act: Act = lambda run: GOOD) -> Made:
    return Made(name, name, act=act)


@dataclass
class World:
    """A machine whose builds are made up; ``problem`` is that of the build."""

    context: Context
    problem: str = ""

    @contextmanager
    def compiled(self, workspace: Workspace, *_: object) -> Iterator[Compiled]:
        folder = workspace.folder("trees", "x")
        (folder / "haproxy").write_text("binary")
        tree = BuildTree(folder, self.context.history.store, workspace)
        done = Finished(("make",), 0, "", 1.0)
        yield Compiled(tree, done, folder / "draft", folder / "log", self.problem)

    def each(self, *oracles: Made, slot: Slot | None = None) -> list[tuple[str, Coverage]]:
        history, named = self.context.history, {oracle.name: oracle for oracle in oracles}
        tree = history.tree_id(history.head().id)
        return list(each(self.context, tree, TCC, named, slot or Slot(cores=1)))


@pytest.fixture
def world(clone: Clone, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> World:
    clone.commit({})
    history = History.open(clone.path, workspace)
    found = World(Context(workspace, history, Toolchains(GCC), made("job"), ()))
    monkeypatch.setattr(compiling, "compiled", found.compiled)
    RUNS.clear()
    return found


def executes(name: str) -> tuple[str, Coverage]:
    return name, frozenset([("src/a.c", name)])


def test_each_test_gets_what_it_executes_itself(world: World) -> None:
    assert sorted(world.each(made("a"), made("b"))) == [executes("a"), executes("b")]


def test_they_run_side_by_side(world: World) -> None:
    both = threading.Barrier(2, timeout=60)

    def meet(run: int) -> Ruling:
        both.wait()
        return GOOD

    assert len(world.each(made("a", meet), made("b", meet))) == 2


def test_one_that_fails_beside_others_is_run_again_alone(world: World) -> None:
    found = world.each(made("a", lambda run: GOOD if run > 1 else BAD), made("b"))
    assert found == [executes("b"), executes("a")]
    assert RUNS == {"a": 2, "b": 1}


def test_one_that_fails_again_is_not_in_the_map_and_says_why(world: World) -> None:
    assert world.each(made("a", lambda run: BAD)) == [("a", "it failed")]
    assert RUNS["a"] == 2


def test_one_that_is_skipped_is_not_run_again(world: World) -> None:
    assert world.each(made("a", lambda run: SKIPPED)) == [("a", "skipped")]
    assert RUNS["a"] == 1


def test_one_that_starts_no_haproxy_says_so(world: World) -> None:
    assert world.each(made("silent")) == [("silent", "HAProxy wrote no counters")]


def test_what_does_not_build_says_so(world: World) -> None:
    world.problem = "src/a.c:1: no"
    with pytest.raises(BuildFailed, match=r"does not build with counters: src/a\.c:1: no"):
        world.each(made("a"))


def test_a_cancelled_run_starts_no_more(world: World) -> None:
    slot = Slot(cores=1)

    def cancel(run: int) -> Ruling:
        slot.cancel()
        return GOOD

    with pytest.raises(Stopped):
        world.each(*(made(f"{number:02}", cancel) for number in range(40)), slot=slot)
    assert sum(RUNS.values()) < 40
    assert not list((world.context.workspace.root / "scratch").iterdir())


def test_results_come_before_the_last_test_has_run(world: World) -> None:
    first = threading.Event()

    def wait(run: int) -> Ruling:
        assert first.wait(60)
        return GOOD

    history = world.context.history
    named = {name: made(name, wait if name == "b" else lambda run: GOOD) for name in "ab"}
    results = each(world.context, history.tree_id(history.head().id), TCC, named, Slot(cores=1))
    assert next(results) == executes("a")
    first.set()
    assert list(results) == [executes("b")]


def test_a_caller_that_stops_ends_all(world: World, workspace: Workspace) -> None:
    history = world.context.history
    named = {f"{number:02}": made(f"{number:02}") for number in range(40)}
    slot = Slot(cores=1)
    results = each(world.context, history.tree_id(history.head().id), TCC, named, slot)
    next(results)
    results.close()
    assert slot.stop.requested
    assert not list((workspace.root / "scratch").iterdir())
