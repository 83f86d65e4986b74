"""An executor that probes on the workers of a Dask scheduler.

Workers may join and leave at any time, and the scheduler may restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
import zlib
from collections.abc import Callable, Collection
from concurrent import futures
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from bisector.errors import ClusterLost, ProbeFailed
from bisector.git.tree_archive import Archive, Packer
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.executors import Task
from bisector.probing.probe import Probe, key_of, remember
from bisector.record.verdict import Result
from bisector.system.workspace import Workspace

if TYPE_CHECKING:
    from distributed import Future

    from bisector.probing.dask.remote import Answer, Lacking

_LOOK_SECONDS = 2.0  # between two checks of the cluster's state
_URGENT = 1  # Dask's priority of a tree that a worker waits for
_DEATHS = 3  # of workers during one probe, after which it fails; Dask's own limit is the same


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
        self._scheduler = scheduler
        self._notice = notice
        self._noticed = ""
        self._jobs = jobs
        self._tasks: list[Task] = []
        self._seen = 0, 0
        self._workers = 0  # at the last call of remark()
        # by tree and toolchain: the worker that has the binary, and a lock for building it
        self._holders: dict[tuple[str, str], str] = {}
        self._builders: dict[tuple[str, str], asyncio.Lock] = {}
        self._packers: dict[str, Packer] = {}

    def __enter__(self) -> Self:
        self._client = self._scheduler.connect()
        self._loop: asyncio.AbstractEventLoop = cast(Any, self._client.loop).asyncio_loop
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            self.cancel(task)
        self._client.close()

    @property
    def jobs(self) -> int:
        """The number of parallel probes: one for each thread of a worker, at least one."""
        return self._jobs or max(1, self._look()[1])

    @property
    def tests(self) -> int:
        """The number of parallel tests of one binary, which one worker has."""
        workers, threads = self._look()
        return max(1, threads // max(1, workers))

    def submit(self, request: Probe) -> Task:
        """Start a probe; the future raises what the worker raises, and ClusterLost."""
        task = Task(asyncio.run_coroutine_threadsafe(self._probe(request), self._loop))
        self._tasks = [other for other in self._tasks if not other.future.done()]
        self._tasks.append(task)
        return task

    def wait(self, tasks: Collection[Task]) -> None:
        """Wait until at least one of *tasks* has ended."""
        waiting = [task.future for task in tasks]
        while not futures.wait(waiting, _LOOK_SECONDS, futures.FIRST_COMPLETED).done:
            remark = self.remark()
            if remark and remark != self._noticed:
                self._notice(remark)
            self._noticed = remark

    def remark(self) -> str:
        """Why probes are not making progress, or workers that have left; '' if there is nothing."""
        address, before = self._scheduler.address, self._workers
        self._workers = self._look()[0]
        if self._client.status != "running":
            return f"waiting for the scheduler at {address} to be back"
        if not self._workers:
            return f"waiting for a worker at {address}"
        if self._workers < before:
            return f"{before - self._workers} of {before} workers left: their probes are repeated"
        return ""

    def cancel(self, task: Task) -> None:
        """Cancel a probe; the worker ends it within seconds."""
        task.future.cancel()

    def _look(self) -> tuple[int, int]:
        """The numbers of workers and of their threads; while disconnected, the last known ones."""
        if self._client.status == "running":
            info = self._client.scheduler_info(0)
            self._seen = info["n_workers"], info["total_threads"]
        return self._seen

    async def _probe(self, request: Probe) -> Result:
        """The result of *request* from the worker that has its binary; only one builds that."""
        binary = request.tree, request.toolchain.identity
        async with self._builders.setdefault(binary, asyncio.Lock()):
            if binary not in self._holders:
                return await self._retry(request, binary)
        return await self._retry(request, binary)

    async def _retry(self, request: Probe, binary: tuple[str, str]) -> Result:
        """The result of *request*, which is sent again when a worker or the scheduler is lost.

        Raises ProbeFailed from the worker or if too many workers die, and ClusterLost.
        """
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        from bisector.probing.dask import remote

        scheduler = self._scheduler
        order = await asyncio.to_thread(remote.order_of, request, scheduler.sandbox, scheduler.same)
        packed: Archive | None = None
        worker, deaths = "", 0
        while True:
            await self._connected()
            # only for the worker that has the binary: Dask would move the task to an idle worker,
            # which would have to build first
            chosen = worker or self._holders.get(binary, "")
            future = self._client.submit(
                remote.answer,
                order,
                packed,
                key=f"probe-{uuid.uuid4().hex}",
                **_only(chosen, urgent=bool(worker)),
            )
            try:
                reply = await self._reply(future, chosen)
            except (FutureCancelledError, OSError):  # the connection to the scheduler was lost
                if future.status == "error":  # it was not: the worker raised this
                    raise
                packed, worker = None, ""
                continue
            except KilledWorker:
                reply, deaths = None, _DEATHS
            except ModuleNotFoundError as error:
                what = f"a worker lacks a Python module: {error}"
                raise ProbeFailed(what, "install it there") from None
            finally:
                future.release()  # cancels it if it still runs
            if isinstance(reply, remote.Answer):
                self._holders[binary] = reply.worker
                return await asyncio.to_thread(self._store, request, order.tools_digest, reply)
            if reply:
                packer = self._packers.setdefault(request.store, Packer(request.store))
                packed = await asyncio.to_thread(packer.pack, request.tree, reply.base)
                worker = reply.worker
                continue
            if chosen and chosen == self._holders.get(binary):
                del self._holders[binary]
            deaths += bool(chosen)
            if deaths >= _DEATHS:
                what = f"{_DEATHS} workers died while they probed {request.tree}"
                raise ProbeFailed(what, "see the workers' output, then try again")
            packed, worker = None, ""

    async def _reply(
        self, future: Future[Answer | Lacking], worker: str
    ) -> Answer | Lacking | None:
        """The reply to a task; None as soon as the *worker* that it is for, if any, has left.

        Dask itself would wait until that worker is back.
        """
        scheduler = cast(Any, self._client.scheduler)
        answer: asyncio.Future[Answer | Lacking] = asyncio.ensure_future(future)
        try:
            while not (await asyncio.wait([answer], timeout=_LOOK_SECONDS))[0]:
                with contextlib.suppress(OSError):  # connection lost: the task gets cancelled
                    if worker and not await scheduler.ncores(workers=[worker]):
                        return None
            return await answer
        finally:
            answer.cancel()

    async def _connected(self) -> None:
        """Wait until the client is connected. Raises ClusterLost if it has given up."""
        while self._client.status == "connecting":
            await asyncio.sleep(_LOOK_SECONDS / 10)
        if self._client.status != "running":
            what = f"lost the connection to the scheduler at {self._scheduler.address}"
            raise ClusterLost(what, "when it runs again, the same command continues from here")

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


def _only(worker: str, urgent: bool) -> dict[str, Any]:
    """Arguments of Client.submit() for a task of *worker* ('': of any); *urgent* goes first."""
    return {"workers": [worker], "priority": _URGENT * urgent} if worker else {}
