"""Probes on the workers of a Dask scheduler, all of which may come and go."""

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
from bisector.record.verdict import Result, Verdict
from bisector.system.workspace import Workspace

if TYPE_CHECKING:
    from distributed import Future

    from bisector.probing.dask.remote import Answer, Lacking

_LOOK_SECONDS = 2.0  # between two looks at how the cluster does
_URGENT = 1  # Dask's priority of what a worker waits for
_DEATHS = 3  # of workers at one probe, after which it is to blame; as many as Dask bears


class Cluster:
    """An executor whose probes run on a scheduler's workers; to be used as a context.

    *notice* is told when workers went, or nobody is there to do the work. At its end no probe of it
    goes on for longer than it takes to end a build.
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
        self._workers = 0  # when somebody was told last
        # by tree and toolchain: who has the binary, and who waits until somebody has
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
        """How many probes at once: one for each thread of the workers', at least one."""
        return self._jobs or max(1, self._look()[1])

    def submit(self, request: Probe) -> Task:
        """Begin a probe; the future raises what the worker raises, and ClusterLost."""
        task = Task(asyncio.run_coroutine_threadsafe(self._ask(request), self._loop))
        self._tasks = [one for one in self._tasks if not one.future.done()]
        self._tasks.append(task)
        return task

    def wait(self, tasks: Collection[Task]) -> None:
        """Until at least one of *tasks* has ended."""
        waited = [task.future for task in tasks]
        while not futures.wait(waited, _LOOK_SECONDS, futures.FIRST_COMPLETED).done:
            remark = self.remark()
            if remark and remark != self._noticed:
                self._notice(remark)
            self._noticed = remark

    def remark(self) -> str:
        """What somebody who waits should know of the cluster; '' while all is well."""
        address, before = self._scheduler.address, self._workers
        self._workers = self._look()[0]
        if self._client.status != "running":
            return f"waiting for the scheduler at {address} to be back"
        if not self._workers:
            return f"waiting for a worker at {address}"
        if self._workers < before:
            return f"{before - self._workers} of {before} workers went: what they did is done again"
        return ""

    def cancel(self, task: Task) -> None:
        """Call a probe off; the worker ends what it started within seconds."""
        task.future.cancel()

    def _look(self) -> tuple[int, int]:
        """How many workers there are, and how many threads they have; as last seen."""
        if self._client.status == "running":
            info = self._client.scheduler_info(0)
            self._seen = info["n_workers"], info["total_threads"]
        return self._seen

    async def _ask(self, request: Probe) -> Result:
        """The answer to *request*, from who has its binary; one worker builds that."""
        binary = request.tree, request.chain.identity
        async with self._builders.setdefault(binary, asyncio.Lock()):
            if binary not in self._holders:
                return await self._asked(request, binary)
        return await self._asked(request, binary)

    async def _asked(self, request: Probe, binary: tuple[str, str]) -> Result:
        """The answer to *request*, asked again for as long as it gets lost."""
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        from bisector.probing.dask import remote

        scheduler = self._scheduler
        order = await asyncio.to_thread(remote.order_of, request, scheduler.sandbox, scheduler.same)
        packed: Archive | None = None
        worker, deaths = "", 0
        while True:
            await self._back()
            # by no other than who has the binary: Dask would let whoever is free steal the task,
            # and does not know that they have to build first
            chosen = worker or self._holders.get(binary, "")
            asked = self._client.submit(
                remote.answer,
                order,
                packed,
                key=f"probe-{uuid.uuid4().hex}",
                **_only(chosen, urgent=bool(worker)),
            )
            try:
                told = await self._told(asked, chosen)
            except (FutureCancelledError, OSError):  # since the scheduler went
                if asked.status == "error":  # the worker's own
                    raise
                packed, worker = None, ""
                continue
            except KilledWorker:
                told, deaths = None, _DEATHS
            except ModuleNotFoundError as error:
                raise ProbeFailed(f"a worker lacks something: {error}", "install it") from None
            finally:
                asked.release()  # so that nobody works on it any more
            if isinstance(told, remote.Answer):
                self._holders[binary] = told.worker
                return await asyncio.to_thread(self._take, request, order.kin, told)
            if told:
                packer = self._packers.setdefault(request.store, Packer(request.store))
                packed = await asyncio.to_thread(packer.pack, request.tree, told.base)
                worker = told.worker
                continue
            if chosen and chosen == self._holders.get(binary):
                del self._holders[binary]
            deaths += bool(chosen)
            if deaths >= _DEATHS:
                what = f"{_DEATHS} workers died while they probed {request.tree}"
                raise ProbeFailed(what, "see what they say, then try again")
            packed, worker = None, ""

    async def _told(self, asked: Future[Answer | Lacking], worker: str) -> Answer | Lacking | None:
        """What comes of a task; None as soon as the *worker* that it is for, if any, is gone.

        Dask would wait for that one to be back.
        """
        scheduler = cast(Any, self._client.scheduler)
        answer: asyncio.Future[Answer | Lacking] = asyncio.ensure_future(asked)
        try:
            while not (await asyncio.wait([answer], timeout=_LOOK_SECONDS))[0]:
                with contextlib.suppress(OSError):  # then the task is cancelled in a moment
                    if worker and not await scheduler.ncores(workers=[worker]):
                        return None
            return await answer
        finally:
            answer.cancel()

    async def _back(self) -> None:
        """Wait until there is a connection. Raises ClusterLost if there will be none."""
        while self._client.status == "connecting":
            await asyncio.sleep(_LOOK_SECONDS / 10)
        if self._client.status != "running":
            what = f"the scheduler at {self._scheduler.address} went away"
            raise ClusterLost(what, "when it is back, the same command goes on from here")

    def _take(self, request: Probe, kin: str, told: Answer) -> Result:
        """A worker's answer, its log in our workspace; other tools' answers keep their own key."""
        result = told.result
        key = key_of(request) if told.kin == kin else result.key
        kind = "build" if result.verdict is Verdict.UNBUILDABLE else "vtest"
        log = self._workspace.folder("logs") / f"{key}.{kind}.log"
        self._workspace.write(log, zlib.decompress(told.log))
        result = replace(result, key=key, log=str(log))
        remember(self._workspace, result)
        return result


def _only(worker: str, urgent: bool) -> dict[str, Any]:
    """How to submit what is for one *worker*, if it is; *urgent* if that waits for it."""
    return {"workers": [worker], "priority": _URGENT * urgent} if worker else {}
