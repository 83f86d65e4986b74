"""One worker of a Dask cluster: a process that probes for whoever asks its scheduler."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bisector.probing.dask.remote import LIMIT
from bisector.probing.dask.scheduler import PATIENCE, Scheduler, is_loopback
from bisector.system.workspace import Workspace


def serve(scheduler: Scheduler, workspace: Workspace, ready: Callable[[str], None]) -> None:
    """Work for *scheduler* until interrupted; *ready* is told of each connection.

    Raises ClusterLost if it cannot be reached, or went and does not come back.
    """
    security = scheduler.security()
    from distributed import Worker, WorkerPlugin

    class Limit(WorkerPlugin):
        """How large this worker's workspace may be, for remote.answer()."""

        name = LIMIT
        limit = workspace.limit

    async def work() -> None:
        # one probe at a time, which builds with all processors; its memory is the sandbox's affair
        host = "127.0.0.1" if is_loopback(scheduler.host) else None
        while True:
            with workspace.scratch() as scratch:
                try:
                    worker = await Worker(
                        scheduler.address,
                        nthreads=1,
                        host=host,  # else it listens on every network
                        security=security,
                        memory_limit=0,
                        local_directory=str(scratch),
                        death_timeout=PATIENCE,
                        plugins=(Limit(),),
                    )
                except OSError as error:
                    raise scheduler.unreachable(error) from None
                try:
                    ready(worker.address)
                    await worker.finished()  # it does not outlive the connection; we do
                finally:
                    await worker.close()

    asyncio.run(work())
