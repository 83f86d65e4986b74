"""A probe on another machine: the request as sent to a worker, and the worker's answer.

A worker of a Dask cluster calls :func:`answer`, which uses the worker's own tools and workspace. It
needs bisector and what ``bisector doctor`` checks for.
"""

from __future__ import annotations

import contextlib
import functools
import platform
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pygit2

from bisector import __version__
from bisector.build.toolchain import Toolchain
from bisector.errors import MAKE_ROOM, NO_ROOM, BisectorError, ProbeFailed
from bisector.git.tree_archive import Archive, unpack
from bisector.probing import setup, toolchains
from bisector.probing.options import Options
from bisector.probing.probe import Probe, probe
from bisector.probing.supply import Supply
from bisector.record.verdict import Result
from bisector.system.files import digest, explained, publish
from bisector.system.sandbox import Sandbox
from bisector.system.slots import Slot, cores
from bisector.system.tools import Tool
from bisector.system.workspace import DEFAULT_LIMIT, Workspace, one_use
from bisector.testing.oracle import Oracle

if TYPE_CHECKING:
    from distributed import Worker

_LOOK_SECONDS = 0.5  # between two checks whether the task was cancelled
_BASE = "refs/bisector/base"  # in the worker's store: the tree that was probed last
LIMIT = "bisector-limit"  # name of the worker plugin that holds its workspace's limit (bytes)


@dataclass(frozen=True)
class Order:
    """A probe's request, as sent to a worker.

    ``toolchain`` is a toolchain's name, ``make`` are the variables of the scenario and the user,
    ``features`` what the test asks for.
    ``files`` are those of a user's own test, by relative name. ``tools_digest`` identifies the
    client's tools and ``tools`` describes its compiler; if ``strict``, a worker with other tools
    must refuse. ``sandbox`` is a mode of --sandbox, ``version`` that of the client's bisector.
    """

    tree: str
    toolchain: str
    make: tuple[tuple[str, str], ...]
    features: tuple[str, ...]
    oracle: Oracle
    files: tuple[tuple[str, bytes], ...]
    run: int
    again: bool
    sandbox: str
    tools_digest: str
    tools: str
    strict: bool
    version: str = __version__


@dataclass(frozen=True)
class Lacking:
    """The reply of a worker without the tree: its address, and a tree that it has ('': none)."""

    worker: str
    base: str


@dataclass(frozen=True)
class Answer:
    """A worker's address, its result, the log (deflated), and a digest of its tools."""

    worker: str
    result: Result
    log: bytes
    tools_digest: str


def order_of(request: Probe, sandbox: str, strict: bool) -> Order:
    """The order for *request*. Raises WorkspaceProblem if the test's files cannot be read.

    *sandbox* and *strict* are as in Order.
    """
    toolchain = request.toolchain
    return Order(
        request.tree,
        toolchain.name,
        toolchain.asked,
        toolchain.features,
        request.oracle,
        request.oracle.files_of_user(),
        request.run,
        request.again,
        sandbox,
        _tools_digest(toolchain, request.oracle, request.tools),
        toolchain.compiler,
        strict,
    )


def answer(order: Order, packed: Archive | None) -> Answer | Lacking:
    """Run *order* on this worker. *packed* has the tree, if an earlier reply was Lacking.

    Raises ProbeFailed, which names the machine, for every failure of it.
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
        if order.tree not in store:
            base = store.references.get(_BASE)
            return Lacking(worker.address, str(base.target) if base else "")
        with contextlib.suppress(OSError, pygit2.GitError):  # another thread writes it
            store.references.create(_BASE, order.tree, force=True)
        with _slot(worker) as slot, _test(workspace, order) as oracle:
            result, tools_digest = _probed(workspace, str(store.path), order, oracle, slot)
        with explained(f"cannot read {result.log}"):
            log = zlib.compress(Path(result.log).read_bytes())
        return Answer(worker.address, result, log, tools_digest)
    except BisectorError as problem:
        raise ProbeFailed(f"worker {here}: {problem.what}", problem.hint) from None
    except (OSError, pygit2.GitError) as error:
        advice = MAKE_ROOM if getattr(error, "errno", None) in NO_ROOM else ""
        raise ProbeFailed(f"worker {here}: {error}", advice) from None


def _probed(
    workspace: Workspace, store: str, order: Order, oracle: Oracle, slot: Slot
) -> tuple[Result, str]:
    """The result, with remarks on this worker, and the digest of its tools."""
    words = tuple(f"{name}={value}" for name, value in order.make)
    options = Options(make=words, sandbox=order.sandbox)
    remarks: list[str] = []
    supply = Supply(workspace, remarks.append)
    toolchain = toolchains.find_toolchain(options, workspace, order.toolchain)
    supply.require(toolchain, order.features)
    toolchain = supply.equip(toolchain, order.features)
    needed = oracle.find_tools(workspace)
    tools_digest = _tools_digest(toolchain, oracle, needed)
    if tools_digest != order.tools_digest:
        versions = ", with ".join((toolchain.compiler, *(tool.version for tool in needed)))
        other = f"not the client's tools: {order.toolchain} is {versions}"
        if order.strict:
            raise ProbeFailed(other, f"--same-toolchain requires {order.tools}")
        remarks.append(f"{other}; its verdicts are kept apart")
    box, remark = _sandbox(options, workspace, toolchain, needed)
    if remark:
        remarks.append(remark)
    request = Probe(store, order.tree, toolchain, oracle, needed, order.run, box, order.again)
    result = probe(workspace, request, slot)
    lines = (*(f"worker {platform.node()}: {remark}" for remark in remarks), result.remark)
    return replace(result, remark="; ".join(filter(None, lines))), tools_digest


@functools.lru_cache(maxsize=8)  # to try a sandbox takes as long as a short test
def _sandbox(
    options: Options, workspace: Workspace, toolchain: Toolchain, needed: tuple[Tool, ...]
) -> tuple[Sandbox | None, str]:
    return setup.find_sandbox(options, workspace, (toolchain,), needed)


def _tools_digest(toolchain: Toolchain, oracle: Oracle, needed: Sequence[Tool]) -> str:
    """A digest that is equal on machines whose verdicts are interchangeable."""
    tools = (tool.identity for tool in needed)
    return digest(toolchain.maker, *tools, *oracle.conditions())


@contextlib.contextmanager
def _test(workspace: Workspace, order: Order) -> Iterator[Oracle]:
    """The order's oracle, with the user's files laid out in a folder of this machine."""
    with workspace.scratch() as scratch:
        # names may begin with ../: they must stay below this folder, which a sandbox makes visible
        deep = max((name.split("/").count("..") for name, _ in order.files), default=0)
        folder = scratch.joinpath("reg-tests", *["below"] * deep)
        with explained(f"cannot write {scratch}"):
            for name, content in order.files:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
                (folder / name).chmod(0o755)  # some may be programs
        yield order.oracle.moved_to(folder)


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
