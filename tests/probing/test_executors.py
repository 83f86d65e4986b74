"""Probes in threads: parallel builds and tests; a cancelled probe leaves no process behind."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bisector.build.toolchains.dev import Dev
from bisector.errors import ProbeFailed
from bisector.probing import executors
from bisector.probing.executors import Local, default_jobs
from bisector.probing.probe import Probe
from bisector.record.verdict import Result, Ruling, Verdict
from bisector.system import process
from bisector.system.slots import Slot
from bisector.system.stop import Stopped
from bisector.system.workspace import Workspace
from bisector.testing.oracles.vtest_case import VTestCase
from tests.support.waiting import is_gone, until

Work = Callable[[Workspace, Probe, Slot], Result]


def request(tree: str) -> Probe:
    oracle = VTestCase("a", "digest", "a.vtc")
    return Probe("/store", tree, Dev("make", (), "id"), oracle, ())


def result(asked: Probe) -> Result:
    return Result(Ruling(Verdict.GOOD, "why"), asked.tree)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Callable[[Work], None]:
    """Replace building and testing."""
    return lambda does: monkeypatch.setattr(executors, "probe", does)


@pytest.fixture(autouse=True)
def _nothing_goes_on() -> Iterator[None]:
    before = threading.active_count()
    yield
    # except the timers that kill processes which do not end
    until(lambda: sum(not isinstance(t, threading.Timer) for t in threading.enumerate()) <= before)


def test_each_probe_is_answered_by_its_own_result(
    workspace: Workspace, work: Callable[[Work], None]
) -> None:
    work(lambda workspace, asked, slot: result(asked))
    with Local(workspace, 2) as local:
        tasks = [local.submit(request(str(number))) for number in range(9)]
        for number, task in enumerate(tasks):
            local.wait([task])
            assert task.future.result().key == str(number)


def test_wait_returns_when_the_first_task_ends(
    workspace: Workspace, work: Callable[[Work], None]
) -> None:
    slow = threading.Event()

    def does(workspace: Workspace, asked: Probe, slot: Slot) -> Result:
        if asked.tree == "slow":
            slow.wait(10)
        return result(asked)

    work(does)
    with Local(workspace, 1) as local:
        tasks = [local.submit(request("slow")), local.submit(request("quick"))]
        local.wait(tasks)
        assert [task.future.done() for task in tasks] == [False, True]
        slow.set()


@pytest.mark.parametrize("jobs", [1, 3])
def test_up_to_jobs_builds_run_in_parallel_with_tests_beside_them(
    workspace: Workspace, work: Callable[[Work], None], jobs: int
) -> None:
    now = {"building": 0, "testing": 0}
    most = dict(now)
    together = []
    lock = threading.Lock()

    def busy(what: str) -> None:
        with lock:
            now[what] += 1
            most[what] = max(most[what], now[what])
            together.append(now["building"] and now["testing"])
        time.sleep(0.02)
        with lock:
            now[what] -= 1

    def does(workspace: Workspace, asked: Probe, slot: Slot) -> Result:
        with slot.build_permits.acquired(slot.stop):
            busy("building")
        busy("testing")
        return result(asked)

    work(does)
    with Local(workspace, jobs) as local:
        tasks = [local.submit(request(str(number))) for number in range(12)]
        for task in tasks:
            local.wait([task])
    assert most["building"] == jobs
    assert any(together), "nothing was tested while something was built"


def test_the_processors_are_divided_among_the_jobs(
    workspace: Workspace, work: Callable[[Work], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def does(workspace: Workspace, asked: Probe, slot: Slot) -> Result:
        seen.append(slot.cores)
        return result(asked)

    work(does)
    for processors, jobs in ((8, 2), (2, 3)):
        monkeypatch.setattr(executors, "cores", lambda n=processors: n)
        with Local(workspace, jobs) as local:
            local.wait([local.submit(request("x"))])
    assert seen == [4, 1]


@pytest.mark.parametrize(("tests", "parallel"), [(0, 2), (8, 8)])
def test_it_runs_as_many_tests_as_builds_unless_more_are_asked_for(
    workspace: Workspace, tests: int, parallel: int
) -> None:
    with Local(workspace, 2, tests) as local:
        assert local.tests == parallel


@pytest.mark.parametrize(("processors", "jobs"), [(1, 1), (2, 1), (4, 1), (8, 2), (64, 16)])
def test_small_machines_run_one_job(
    monkeypatch: pytest.MonkeyPatch, processors: int, jobs: int
) -> None:
    monkeypatch.setattr(executors, "cores", lambda: processors)
    assert default_jobs() == jobs


def test_a_failure_of_the_machine_is_raised_by_the_future(
    workspace: Workspace, work: Callable[[Work], None]
) -> None:
    def does(workspace: Workspace, asked: Probe, slot: Slot) -> Result:
        raise ProbeFailed("no room")

    work(does)
    with Local(workspace, 1) as local:
        task = local.submit(request("x"))
        local.wait([task])
        with pytest.raises(ProbeFailed, match="no room"):
            task.future.result()


# --- cancelled ------------------------------------------------------------------------------------


def children(folder: Path) -> Work:
    """A build that would take a minute, in two processes whose ids are written down."""

    def does(workspace: Workspace, asked: Probe, slot: Slot) -> Result:
        with slot.build_permits.acquired(slot.stop):
            process.run(
                ["sh", "-c", "sleep 60 & echo $! $$; wait"],
                log=folder / asked.tree,
                timeout=60,
                stop=slot.stop,
            )
        return result(asked)

    return does


def begun(path: Path) -> list[int]:
    until(lambda: path.exists() and path.read_text().endswith("\n"))
    return [int(word) for word in path.read_text().split()]


def test_cancelling_kills_the_processes_and_starts_the_next_build(
    workspace: Workspace, work: Callable[[Work], None], tmp_path: Path
) -> None:
    work(children(tmp_path))
    with Local(workspace, 1) as local:
        first = local.submit(request("first"))
        pids = begun(tmp_path / "first")
        second = local.submit(request("second"))
        assert not (tmp_path / "second").exists(), "it waits for its turn"
        local.cancel(first)
        local.wait([first])
        with pytest.raises(Stopped):
            first.future.result()
        assert all(is_gone(pid) for pid in pids)
        begun(tmp_path / "second")
        local.cancel(second)


def test_a_waiting_probe_can_be_cancelled(
    workspace: Workspace, work: Callable[[Work], None], tmp_path: Path
) -> None:
    work(children(tmp_path))
    with Local(workspace, 1) as local:
        tasks = [local.submit(request("one"))]
        begun(tmp_path / "one")
        tasks += [local.submit(request(name)) for name in ("two", "three", "four")]
        for task in tasks[1:]:
            local.cancel(task)
        local.wait([tasks[1]])
        assert all(task.future.done() for task in tasks[2:])
        assert not tasks[0].future.done()
    assert {path.name for path in tmp_path.iterdir()} <= {"one", "workspace"}


def test_leaving_the_context_ends_all_probes(
    workspace: Workspace, work: Callable[[Work], None], tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    work(children(logs))
    started = time.monotonic()
    with Local(workspace, 2) as local:
        for name in "abcdefg":
            local.submit(request(name))
        until(lambda: len(list(logs.iterdir())) == 2)
        pids = [pid for path in logs.iterdir() for pid in begun(path)]
    assert time.monotonic() - started < 10
    assert all(is_gone(pid) for pid in pids)
    assert len(list(logs.iterdir())) == 2


def test_an_interrupt_ends_all_probes(
    workspace: Workspace, work: Callable[[Work], None], tmp_path: Path
) -> None:
    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    work(children(tmp_path))
    pids: list[int] = []
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt), Local(workspace, 1) as local:
            tasks = [local.submit(request("a"))]
            pids += begun(tmp_path / "a")
            tasks += [local.submit(request(name)) for name in "bc"]
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            local.wait(tasks)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(pids) == 2
    assert all(is_gone(pid) for pid in pids)


def test_cancelling_an_ended_probe_has_no_effect(
    workspace: Workspace, work: Callable[[Work], None]
) -> None:
    work(lambda workspace, asked, slot: result(asked))
    with Local(workspace, 1) as local:
        task = local.submit(request("x"))
        local.wait([task])
        local.cancel(task)
        assert task.future.result().key == "x"
