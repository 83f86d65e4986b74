"""What a worker of a Dask cluster does with any order, with its own tools and workspace.

It needs bisector and what ``bisector doctor`` checks for.
"""

from __future__ import annotations

import contextlib
import functools
import platform
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pygit2

from bisector import __version__
from bisector.build.toolchain import Toolchain
from bisector.errors import MAKE_ROOM, NO_ROOM, BisectorError, ProbeFailed
from bisector.git.tree_archive import Archive, unpack
from bisector.probing import setup, toolchains
from bisector.probing.dask.orders import Lacking, Order, Reply
from bisector.probing.options import Options
from bisector.probing.supply import Supply, fetch_tools
from bisector.system.files import explained, publish
from bisector.system.sandbox import Sandbox
from bisector.system.slots import Slot, cores
from bisector.system.tools import Tool
from bisector.system.workspace import DEFAULT_LIMIT, Workspace, one_use

if TYPE_CHECKING:
    from distributed import Worker

AReply = TypeVar("AReply", bound=Reply)

_LOOK_SECONDS = 0.5  # between two checks whether the task was cancelled
_BASE = "refs/bisector/base"  # in the worker's store: the tree that was built last
LIMIT = "bisector-limit"  # name of the worker plugin that holds its workspace's limit (bytes)


@dataclass(frozen=True)
class Place:
    """Where an order is carried out: the worker's address, its workspace, and its trees."""

    worker: str
    workspace: Workspace
    store: pygit2.Repository
    slot: Slot


def carried_out(
    order: Order, packed: Archive | None, do: Callable[[Place], AReply]
) -> AReply | Lacking:
    """What *do* makes of *order* on this worker.

    *packed* has the trees, if an earlier reply was Lacking. Raises ProbeFailed, which names the
    machine, for every failure of it.
    """
    from distributed import get_worker

    worker, here = get_worker(), platform.node()
    try:
        if order.version != __version__:
            what = f"bisector {__version__} there, {order.version} here"
            raise ProbeFailed(what, "install the same")
        workspace = _workspace(worker)
        store = _store(worker)
        if packed:
            with explained(f"cannot write {store.path}"):
                unpack(store, packed)
        if any(tree not in store for tree in order.trees):
            base = store.references.get(_BASE)
            return Lacking(worker.address, str(base.target) if base else "")
        with contextlib.suppress(OSError, pygit2.GitError):  # another thread writes it
            store.references.create(_BASE, order.trees[-1], force=True)
        with _slot(worker) as slot:
            return do(Place(worker.address, workspace, store, slot))
    except BisectorError as problem:
        raise ProbeFailed(f"worker {here}: {problem.what}", problem.hint) from None
    except (OSError, pygit2.GitError) as error:
        advice = MAKE_ROOM if getattr(error, "errno", None) in NO_ROOM else ""
        raise ProbeFailed(f"worker {here}: {error}", advice) from None


def equipped(
    order: Order,
    workspace: Workspace,
    note: Callable[[str], None],
    *,
    vtest: bool = False,
    others: Collection[str] = (),
) -> Toolchain:
    """The toolchain of *order* on this machine, on which VTest is there, too, if *vtest* is needed.

    So are *others* of programs.KINDS. What is missing is fetched, and *note* called with a line on
    it. Raises MissingProgram and MissingLibrary.
    """
    fetch_tools(workspace, note, vtest=vtest, others=others)
    recipe = order.recipe
    supply = Supply(workspace, note)  # the client has decided on the features
    toolchain = toolchains.find_toolchain(options(order), workspace, recipe.toolchain)
    supply.require(toolchain, recipe.features)
    return supply.equip(toolchain, recipe.features)


def options(order: Order) -> Options:
    """The options that *order* stands for."""
    make = tuple(f"{name}={value}" for name, value in order.recipe.make)
    return Options(make=make, sandbox=order.sandbox)


@functools.lru_cache(maxsize=8)  # to try a sandbox takes as long as a short test
def find_sandbox(
    options: Options, workspace: Workspace, toolchain: Toolchain, needed: tuple[Tool, ...] = ()
) -> tuple[Sandbox | None, str]:
    """The sandbox, or None, and a remark; as setup.find_sandbox()."""
    return setup.find_sandbox(options, workspace, (toolchain,), needed)


@contextlib.contextmanager
def _slot(worker: Worker) -> Iterator[Slot]:
    """A slot for the current task, which is cancelled when the task is.

    Dask itself only forgets a running task when it is cancelled, or when the client or the
    scheduler is lost.
    """
    from distributed.worker import WORKER_ANY_RUNNING

    task, ended = worker.get_current_task(), threading.Event()
    slot = Slot(max(1, cores() // worker.state.nthreads))

    def is_running() -> bool:
        state = worker.state.tasks.get(task)
        running = worker.status in WORKER_ANY_RUNNING
        return running and state is not None and state.state == "executing"

    def watch() -> None:
        while not ended.wait(_LOOK_SECONDS):
            if not is_running():
                slot.cancel()
                return

    watcher = threading.Thread(target=watch, name="watcher", daemon=True)
    watcher.start()
    try:
        yield slot
    finally:
        ended.set()
        watcher.join()


def _workspace(worker: Worker) -> Workspace:
    """The workspace; its limit is that of `bisector worker`, else the default."""
    plugin = worker.plugins.get(LIMIT)
    return Workspace.open(limit=getattr(plugin, "limit", DEFAULT_LIMIT))


def _store(worker: Worker) -> pygit2.Repository:
    """The store of the trees that the worker received; it is deleted when the worker ends."""
    folder = Path(worker.local_directory)
    path = folder / "received.git"
    if not path.exists():
        with one_use(folder) as draft:
            pygit2.init_repository(str(draft / path.name), bare=True)
            publish(draft / path.name, path)
    return pygit2.Repository(str(path))
