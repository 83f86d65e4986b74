"""Where probes run: in threads of this process, since their work is in child processes."""

from __future__ import annotations

from collections.abc import Collection
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from bisector.probing.probe import Probe, probe
from bisector.record.verdict import Result
from bisector.system.slots import FairSemaphore, Slot, cores
from bisector.system.workspace import Workspace

# Two builds side by side take about as long as one after the other, and two questions asked at once
# tell less than two in a row: below four processors for each, one at a time is the faster hunt.
CORES_A_JOB = 4
TESTS_A_CORE = 4  # a test takes 0.3 s, and 0.04 s of a processor


def default_jobs() -> int:
    """How many probes at once this machine bears."""
    return max(1, cores() // CORES_A_JOB)


@dataclass(frozen=True)
class Task:
    """A running probe, with its ``slot`` if it runs on this machine."""

    future: Future[Result]
    slot: Slot | None = None


class Executor(Protocol):
    """Takes probes and gives their results as they come."""

    @property
    def jobs(self) -> int: ...

    def submit(self, request: Probe) -> Task: ...

    def wait(self, tasks: Collection[Task]) -> None: ...

    def cancel(self, task: Task) -> None: ...


class Local:
    """Up to *jobs* builds at once, each in its own tree, and *tests* beside them (default: jobs).

    To be used as a context; at its end nothing runs any more.
    """

    def __init__(self, workspace: Workspace, jobs: int, tests: int = 0) -> None:
        self.jobs = jobs
        self._workspace = workspace
        self._build_permits = FairSemaphore(jobs)
        self._threads = ThreadPoolExecutor(jobs + (tests or jobs), thread_name_prefix="probe")
        self._slots: list[Slot] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for slot in self._slots:
            slot.stop.requested = True  # of all, or one would start when another ends
        for slot in self._slots:
            slot.cancel()
        self._threads.shutdown(cancel_futures=True)

    def submit(self, request: Probe) -> Task:
        """Begin a probe; the future raises what the probe raises, Stopped if it was cancelled."""
        slot = Slot(max(1, cores() // self.jobs), self._build_permits)
        self._slots.append(slot)  # before anything runs: Ctrl-C may come at any time
        return Task(self._threads.submit(probe, self._workspace, request, slot), slot)

    def wait(self, tasks: Collection[Task]) -> None:
        """Until at least one of *tasks* has ended."""
        futures.wait([task.future for task in tasks], return_when=futures.FIRST_COMPLETED)

    def cancel(self, task: Task) -> None:
        """Cancel a probe and end all processes that it started."""
        if not task.future.cancel() and task.slot:
            task.slot.cancel()
