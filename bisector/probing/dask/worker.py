"""A worker of a Dask cluster: a process that runs probes for the scheduler's clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bisector.probing.dask.remote import LIMIT
from bisector.probing.dask.scheduler import PATIENCE, Scheduler, is_loopback
from bisector.system.workspace import Workspace


def serve(scheduler: Scheduler, workspace: Workspace, ready: Callable[[str], None]) -> None:
    """Run probes for *scheduler* until interrupted; *ready* gets the address of each connection.

    Raises ClusterLost if the scheduler cannot be reached, or stays away for PATIENCE seconds.
    """
    security = scheduler.security()
    from distributed import Worker, WorkerPlugin

    class Limit(WorkerPlugin):
        """Holds the limit of the workspace in bytes, for remote.answer()."""

        name = LIMIT
        limit = workspace.limit

    async def work() -> None:
        # one probe at a time, which builds with all processors; the sandbox limits its memory
        host = "127.0.0.1" if is_loopback(scheduler.host) else None
        while True:
            with workspace.scratch() as scratch:
                try:
                    worker = await Worker(
                        scheduler.address,
                        nthreads=1,
                        host=host,  # else it listens on all interfaces
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
                    await worker.finished()  # when the connection ends; then connect again
                finally:
                    await worker.close()

    asyncio.run(work())
