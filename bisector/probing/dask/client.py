"""An executor that probes on the workers of a Dask scheduler."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Self

from bisector.probing.dask.courier import Courier
from bisector.probing.dask.orders import Answer
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.executors import Task
from bisector.probing.probe import Probe, key_of, remember
from bisector.record.verdict import Result
from bisector.system.workspace import Workspace


class Cluster:
    """An executor whose probes run on a scheduler's workers.

    *notice* is called with a line of text when workers have left, or when there are none. Use it as
    a context manager: leaving it cancels all probes; workers end them within seconds.
    """

    def __init__(
        self,
        workspace: Workspace,
        scheduler: Scheduler,
        notice: Callable[[str], None],
        jobs: int = 0,
    ) -> None:
        self._workspace = workspace
        self._courier = Courier(scheduler)
        self._notice = notice
        self._jobs = jobs
        self._tasks: list[Task] = []
        # by tree and toolchain: a lock for building it
        self._builders: dict[tuple[str, str], asyncio.Lock] = {}

    def __enter__(self) -> Self:
        self._courier.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        for task in self._tasks:
            self.cancel(task)
        self._courier.__exit__(*raised)

    @property
    def jobs(self) -> int:
        """The number of parallel probes: one for each thread of a worker, at least one."""
        return self._jobs or max(1, self._courier.look()[1])

    @property
    def tests(self) -> int:
        """The number of parallel tests of one binary, which one worker has."""
        workers, threads = self._courier.look()
        return max(1, threads // max(1, workers))

    def submit(self, request: Probe) -> Task:
        """Start a probe; the future raises what the worker raises, and ClusterLost."""
        task = Task(self._courier.start(self._probe(request)))
        self._tasks = [other for other in self._tasks if not other.future.done()]
        self._tasks.append(task)
        return task

    def wait(self, tasks: Collection[Task]) -> None:
        """Wait until at least one of *tasks* has ended."""
        self._courier.wait([task.future for task in tasks], self._notice)

    def remark(self) -> str:
        """Why probes are not making progress, or workers that have left; '' if there is nothing."""
        return self._courier.remark()

    def cancel(self, task: Task) -> None:
        """Cancel a probe; the worker ends it within seconds."""
        task.future.cancel()

    async def _probe(self, request: Probe) -> Result:
        """The result of *request* from the worker that has its binary; only one builds that."""
        binary = request.tree, request.toolchain.identity
        async with self._builders.setdefault(binary, asyncio.Lock()):
            if not self._courier.holds(binary):
                return await self._asked(request)
        return await self._asked(request)

    async def _asked(self, request: Probe) -> Result:
        """The result of *request* from a worker; raises as Courier.ask() does."""
        from bisector.probing.dask import remote_probe

        order = await asyncio.to_thread(remote_probe.order_of, request, self._courier.scheduler)
        binary = request.tree, request.toolchain.identity
        answer = await self._courier.ask(remote_probe.answer, order, request.store, binary)
        return await asyncio.to_thread(self._store, request, order.tools_digest, answer)

    def _store(self, request: Probe, tools_digest: str, answer: Answer) -> Result:
        """Store a worker's log and result in the client's workspace.

        If the worker's tools are others than those of *tools_digest*, the result keeps its own key.
        """
        result = answer.result
        key = key_of(request) if answer.tools_digest == tools_digest else result.key
        kind = "vtest" if result.binary else "build"
        log = self._workspace.folder("logs") / f"{key}.{kind}.log"
        self._workspace.write(log, zlib.decompress(answer.log))
        result = replace(result, key=key, log=str(log))
        remember(self._workspace, result)
        return result
