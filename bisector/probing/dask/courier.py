"""Brings orders to the workers of a Dask scheduler, again where one is lost, with what they lack.

Workers may join and leave at any time, and the scheduler may restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Collection, Coroutine, Hashable
from concurrent import futures
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from bisector.errors import ClusterLost, ProbeFailed
from bisector.git.tree_archive import Archive, Packer
from bisector.probing.dask.orders import Lacking, Order, Reply
from bisector.probing.dask.scheduler import Scheduler

if TYPE_CHECKING:
    from distributed import Future as DaskFuture

AnOrder = TypeVar("AnOrder", bound=Order)
AReply = TypeVar("AReply", bound=Reply)
T = TypeVar("T")

LOOK_SECONDS = 2.0  # between two checks of the cluster's state
_URGENT = 1  # Dask's priority of trees that a worker waits for
_DEATHS = 3  # of workers during one order, after which it fails; Dask's own limit is the same


class Courier:
    """A connection to *scheduler*, as a context manager; leaving it cancels what is under way."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self._seen = 0, 0
        self._workers = 0  # at the last call of remark()
        self._noticed = ""
        self._holders: dict[Hashable, str] = {}
        self._packers: dict[str, Packer] = {}

    def __enter__(self) -> Self:
        self._client = self.scheduler.connect()
        self._loop: asyncio.AbstractEventLoop = cast(Any, self._client.loop).asyncio_loop
        return self

    def __exit__(self, *raised: object) -> None:
        self._client.close()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begin with *work*, which may use ask(), in the thread of the connection."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def look(self) -> tuple[int, int]:
        """The numbers of workers and of their threads; while disconnected, the last known ones."""
        if self._client.status == "running":
            info = self._client.scheduler_info(0)
            self._seen = info["n_workers"], info["total_threads"]
        return self._seen

    def remark(self) -> str:
        """Why nothing makes progress, or workers that have left; '' if there is nothing."""
        address, before = self.scheduler.address, self._workers
        self._workers = self.look()[0]
        if self._client.status != "running":
            return f"waiting for the scheduler at {address} to be back"
        if not self._workers:
            return f"waiting for a worker at {address}"
        if self._workers < before:
            return f"{before - self._workers} of {before} workers left: their work is done again"
        return ""

    def wait(self, waiting: Collection[Future[T]], notice: Callable[[str], None]) -> set[Future[T]]:
        """Those of *waiting* that have ended, at least one; *notice* gets each new remark()."""
        while not (done := futures.wait(waiting, LOOK_SECONDS, futures.FIRST_COMPLETED).done):
            remark = self.remark()
            if remark and remark != self._noticed:
                notice(remark)
            self._noticed = remark
        return done

    def holds(self, what: Hashable) -> bool:
        """Whether a worker is known that has *what*."""
        return what in self._holders

    async def ask(
        self,
        function: Callable[[AnOrder, Archive | None], AReply | Lacking],
        order: AnOrder,
        store: str,
        what: Hashable,
    ) -> AReply:
        """What *function* returns on a worker, which is sent the order's trees in *store*.

        The worker that replied for the same *what* does it again, as long as that is connected.
        Raises ProbeFailed from the worker or if too many workers die, and ClusterLost.
        """
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        packed: Archive | None = None
        worker, deaths = "", 0
        while True:
            await self._connected()
            # only for the worker that has the binary: Dask would move the task to an idle worker,
            # which would have to build first
            chosen = worker or self._holders.get(what, "")
            future = self._client.submit(
                function,
                order,
                packed,
                key=f"bisector-{uuid.uuid4().hex}",
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
                lack = f"a worker lacks a Python module: {error}"
                raise ProbeFailed(lack, "install it there") from None
            finally:
                future.release()  # cancels it if it still runs
            if isinstance(reply, Lacking):
                packer = self._packers.setdefault(store, Packer(store))
                packed = await asyncio.to_thread(packer.pack, order.trees, reply.base)
                worker = reply.worker
                continue
            if reply is not None:
                self._holders[what] = reply.worker
                return reply
            if chosen and chosen == self._holders.get(what):
                del self._holders[what]
            deaths += bool(chosen)
            if deaths >= _DEATHS:
                died = f"{_DEATHS} workers died while they were at {order.trees[0]}"
                raise ProbeFailed(died, "see the workers' output, then try again")
            packed, worker = None, ""

    async def _reply(self, future: DaskFuture[T], worker: str) -> T | None:
        """The reply to a task; None as soon as the *worker* that it is for, if any, has left.

        Dask itself would wait until that worker is back.
        """
        scheduler = cast(Any, self._client.scheduler)
        answer: asyncio.Future[T] = asyncio.ensure_future(future)
        try:
            while not (await asyncio.wait([answer], timeout=LOOK_SECONDS))[0]:
                with contextlib.suppress(OSError):  # connection lost: the task gets cancelled
                    if worker and not await scheduler.ncores(workers=[worker]):
                        return None
            return await answer
        finally:
            answer.cancel()

    async def _connected(self) -> None:
        """Wait until the client is connected. Raises ClusterLost if it has given up."""
        while self._client.status == "connecting":
            await asyncio.sleep(LOOK_SECONDS / 10)
        if self._client.status != "running":
            what = f"lost the connection to the scheduler at {self.scheduler.address}"
            raise ClusterLost(what, "when it runs again, the same command continues from here")


def _only(worker: str, urgent: bool) -> dict[str, Any]:
    """Arguments of Client.submit() for a task of *worker* ('': of any); *urgent* goes first."""
    return {"workers": [worker], "priority": _URGENT * urgent} if worker else {}
