"""Executors run probes. Local does so in threads, since the work is done by child processes."""

from __future__ import annotations

from collections.abc import Collection
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, Self

from bisector.probing.probe import Probe, probe
from bisector.record.verdict import Result
from bisector.system.slots import FairSemaphore, Slot, cores
from bisector.system.workspace import Workspace

# Two parallel builds take about as long as two in sequence, and two probes chosen at the same time
# narrow the search less than two in sequence: with fewer processors per probe a hunt gets slower.
CORES_A_JOB = 4
TESTS_A_CORE = 4  # a test takes 0.3 s, and 0.04 s of a processor


def default_jobs() -> int:
    """The number of parallel probes that suits this machine."""
    return max(1, cores() // CORES_A_JOB)


@dataclass(frozen=True)
class Task:
    """A submitted probe; ``slot`` is None if it runs on another machine."""

    future: Future[Result]
    slot: Slot | None = None


class Executor(Protocol):
    """Runs probes in the background.

    ``jobs`` is the number of parallel builds, ``tests`` that of parallel tests of one binary.
    """

    @property
    def jobs(self) -> int: ...

    @property
    def tests(self) -> int: ...

    def submit(self, request: Probe) -> Task:
        """Start a probe; the task's future gets its result or what it raises."""
        ...

    def wait(self, tasks: Collection[Task]) -> None:
        """Wait until at least one of *tasks* has ended."""
        ...

    def cancel(self, task: Task) -> None:
        """Cancel a probe, whether it waits, runs or has ended."""
        ...


class Local:
    """Runs up to *jobs* builds in parallel, and up to *tests* tests beside them (0: *jobs*).

    Builds run in separate trees. Use it as a context manager: leaving it cancels all probes and
    waits for their end.
    """

    def __init__(self, workspace: Workspace, jobs: int, tests: int = 0) -> None:
        self.jobs = jobs
        self.tests = tests or jobs
        self._workspace = workspace
        self._build_permits = FairSemaphore(jobs)
        self._threads = ThreadPoolExecutor(jobs + self.tests, thread_name_prefix="probe")
        self._slots: list[Slot] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        for slot in self._slots:
            slot.stop.requested = True  # else a waiting build would start when another ends
        for slot in self._slots:
            slot.cancel()
        self._threads.shutdown(cancel_futures=True)

    def submit(self, request: Probe) -> Task:
        """Start a probe; the future raises what the probe raises, Stopped if it was cancelled."""
        slot = Slot(max(1, cores() // self.jobs), self._build_permits)
        self._slots.append(slot)  # before the probe runs, so that Ctrl-C cancels it, too
        return Task(self._threads.submit(probe, self._workspace, request, slot), slot)

    def wait(self, tasks: Collection[Task]) -> None:
        """Wait until at least one of *tasks* has ended."""
        futures.wait([task.future for task in tasks], return_when=futures.FIRST_COMPLETED)

    def cancel(self, task: Task) -> None:
        """Cancel a probe and kill its child processes."""
        if not task.future.cancel() and task.slot:
            task.slot.cancel()
