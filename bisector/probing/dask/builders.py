"""Builds sources ahead on the workers of a Dask scheduler, and brings them here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bisector.build.build_ahead import parts
from bisector.build.prebuilt import Prebuilt, Source, Writer
from bisector.build.toolchain import Toolchain
from bisector.probing.dask import remote_build
from bisector.probing.dask.courier import Courier
from bisector.probing.dask.orders import Built
from bisector.probing.dask.scheduler import Scheduler
from bisector.system.files import explained
from bisector.system.workspace import Workspace

# Sources in an order. With them come whole objects, 6 MB, so it should be many; what a lost worker
# was at is built again, and at the end all should have something to do.
_MOST, _ROUNDS = 32, 4


def count_workers(scheduler: Scheduler) -> int:
    """The number of workers. Raises ClusterLost if the scheduler cannot be reached."""
    with Courier(scheduler) as courier:
        return courier.look()[0]


def build(
    workspace: Workspace,
    scheduler: Scheduler,
    toolchain: Toolchain,
    store: Path,
    sources: Sequence[Source],
    notice: Callable[[str], None],
    built: Callable[[int], None],
) -> None:
    """Build *sources*, whose trees are in *store*, on *scheduler*'s workers; keep them here.

    *notice* is called with a line of text when workers have left, or when there are none; *built*
    with the number of sources that have come. Raises ProbeFailed from a worker, and ClusterLost;
    what has come is kept.
    """
    with Courier(scheduler) as courier:
        running = {}
        workers = max(1, courier.look()[0])
        size = max(1, min(_MOST, -(-len(sources) // (workers * _ROUNDS))))
        for part in parts(sources, size):
            order = remote_build.order_of(toolchain, part, scheduler.sandbox)
            asked = courier.ask(remote_build.build, order, str(store), part[0].key)
            running[courier.start(asked)] = part
        try:
            while running:
                for finished in courier.wait(running, notice):
                    part = running.pop(finished)
                    _keep(workspace, part, finished.result())
                    built(len(part))
        finally:
            for future in running:
                future.cancel()


def _keep(workspace: Workspace, part: Sequence[Source], built: Built) -> None:
    """Add to the workspace what a worker has made of *part*."""
    prebuilt, problems = Prebuilt(workspace), dict(built.problems)
    with workspace.scratch() as scratch:
        file = scratch / prebuilt.file.name
        with explained(f"cannot write {file}"):
            file.write_bytes(built.sources)
        prebuilt.take(file, [source.key for source in part])
    writer = Writer(prebuilt)
    for source in part:
        if source.tree in problems:
            writer.add_problem(source, problems[source.tree])
