"""A probe on another machine: the question in words that mean the same there, and the answer.

A worker of a Dask cluster calls :func:`answer`, with its own tools, in its own workspace. Nothing
has to be set up on it but bisector and what ``bisector doctor`` asks for.
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
from bisector.probing import setup
from bisector.probing.probe import Probe, probe
from bisector.probing.setup import Options
from bisector.record.verdict import Result
from bisector.system.sandbox import Sandbox
from bisector.system.slots import Slot, cores
from bisector.system.tools import Tool
from bisector.system.workspace import DEFAULT_LIMIT, Workspace, digest, explained, one_use, publish
from bisector.testing.oracle import Oracle

if TYPE_CHECKING:
    from distributed import Worker

_LOOK_SECONDS = 0.5  # between two looks whether the task is still wanted
_BASE = "refs/bisector/base"  # in the worker's store: the tree that came last
LIMIT = "bisector-limit"  # the name of a worker's plugin that has its workspace's limit


@dataclass(frozen=True)
class Order:
    """A probe's question, for a worker.

    ``make`` are the variables that were asked for beyond the toolchain's own; ``files`` are those
    of a user's own test, by their names relative to it. ``kin`` stands for the tools by which the
    client itself would answer, ``tools`` describes them; if ``strict``, others' answers are not
    wanted. The ``sandbox`` is a mode of --sandbox.
    """

    tree: str
    chain: str
    make: tuple[tuple[str, str], ...]
    oracle: Oracle
    files: tuple[tuple[str, bytes], ...]
    run: int
    again: bool
    sandbox: str
    kin: str
    tools: str
    strict: bool
    version: str = __version__


@dataclass(frozen=True)
class Lacking:
    """No answer: the ``worker`` at this address lacks the tree. It has the tree ``base``, or ''."""

    worker: str
    base: str


@dataclass(frozen=True)
class Answer:
    """A worker's result, the log that goes with it (deflated), the tools that it came by."""

    worker: str
    result: Result
    log: bytes
    kin: str


def order_of(request: Probe, sandbox: str, strict: bool) -> Order:
    """The order for *request*. Raises WorkspaceProblem if the test's files cannot be read."""
    chain = request.chain
    return Order(
        request.tree,
        chain.name,
        chain.asked,
        request.oracle,
        request.oracle.files_of_user(),
        request.run,
        request.again,
        sandbox,
        _kin(chain, request.oracle, request.tools),
        chain.compiler,
        strict,
    )


def answer(order: Order, packed: Archive | None) -> Answer | Lacking:
    """What a worker does about *order*; *packed* is an archive that it was found lacking.

    Raises ProbeFailed, which names the machine, for whatever keeps it from an answer.
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
        with contextlib.suppress(OSError, pygit2.GitError):  # another thread is at it
            store.references.create(_BASE, order.tree, force=True)
        with _slot(worker) as slot, _test(workspace, order) as oracle:
            result, kin = _probed(workspace, str(store.path), order, oracle, slot)
        with explained(f"cannot read {result.log}"):
            log = zlib.compress(Path(result.log).read_bytes())
        return Answer(worker.address, result, log, kin)
    except BisectorError as problem:
        raise ProbeFailed(f"worker {here}: {problem.what}", problem.hint) from None
    except (OSError, pygit2.GitError) as error:
        advice = MAKE_ROOM if getattr(error, "errno", None) in NO_ROOM else ""
        raise ProbeFailed(f"worker {here}: {error}", advice) from None


def _probed(
    workspace: Workspace, store: str, order: Order, oracle: Oracle, slot: Slot
) -> tuple[Result, str]:
    """The result, which says what is special about this worker, and the kin of its tools."""
    words = tuple(f"{name}={value}" for name, value in order.make)
    options = Options(make=words, sandbox=order.sandbox)
    chain = setup.find_toolchain(options, workspace, order.chain)
    needed = oracle.find_tools(workspace)
    kin = _kin(chain, oracle, needed)
    remarks = []
    if kin != order.kin:
        versions = ", with ".join((chain.compiler, *(tool.version for tool in needed)))
        other = f"not the client's tools: {order.chain} is {versions}"
        if order.strict:
            raise ProbeFailed(other, f"--same-toolchain wants {order.tools}")
        remarks.append(f"{other}; its verdicts are kept apart")
    box, unboxed = _sandbox(options, workspace, chain, needed)
    if unboxed:
        remarks.append(f"not sandboxed: {unboxed}")
    request = Probe(
        store,
        order.tree,
        chain,
        oracle,
        needed,
        order.run,
        box,
        order.again,
    )
    result = probe(workspace, request, slot)
    told = [f"worker {platform.node()}: {remark}" for remark in remarks]
    return replace(result, remark="; ".join(filter(None, (*told, result.remark)))), kin


@functools.lru_cache(maxsize=8)  # tried anew for each test it would take as long as some tests
def _sandbox(
    options: Options, workspace: Workspace, chain: Toolchain, needed: tuple[Tool, ...]
) -> tuple[Sandbox | None, str]:
    return setup.find_sandbox(options, workspace, (chain,), needed)


def _kin(chain: Toolchain, oracle: Oracle, needed: Sequence[Tool]) -> str:
    """The same on two machines whose answers are."""
    tools = (tool.identity for tool in needed)
    return digest(chain.name, chain.kin, *tools, *oracle.conditions())


@contextlib.contextmanager
def _test(workspace: Workspace, order: Order) -> Iterator[Oracle]:
    """The oracle as it is here, where a user's files lie as they do there."""
    with workspace.scratch() as scratch:
        # what a name leads up to lies below it, too; a sandbox shows all from this folder on
        deep = max((name.split("/").count("..") for name, _ in order.files), default=0)
        folder = scratch.joinpath("reg-tests", *["below"] * deep)
        with explained(f"cannot write {scratch}"):
            for name, content in order.files:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
                (folder / name).chmod(0o755)  # some are programs
        yield order.oracle.moved_to(folder)


@contextlib.contextmanager
def _slot(worker: Worker) -> Iterator[Slot]:
    """A slot that is cancelled as soon as the scheduler no longer waits for this task.

    Dask only removes a cancelled task from its list and lets it run on; likewise if the client or
    the scheduler is gone.
    """
    from distributed.worker import WORKER_ANY_RUNNING

    task, ended = worker.get_current_task(), threading.Event()
    slot = Slot(max(1, cores() // worker.state.nthreads))

    def wanted() -> bool:
        state = worker.state.tasks.get(task)
        running = worker.status in WORKER_ANY_RUNNING
        return running and state is not None and state.state == "executing"

    def watch() -> None:
        while not ended.wait(_LOOK_SECONDS):
            if not wanted():
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
    """A worker's workspace, with the limit that it was started with, if it was by us."""
    plugin = worker.plugins.get(LIMIT)
    return Workspace.open(limit=getattr(plugin, "limit", DEFAULT_LIMIT))


def _store(worker: Worker) -> pygit2.Repository:
    """Where a worker keeps the trees that came to it, for as long as it lives."""
    folder = Path(worker.local_directory)
    path = folder / "received.git"
    if not path.exists():
        with one_use(folder) as draft:
            pygit2.init_repository(str(draft / path.name), bare=True)
            publish(draft / path.name, path)
    return pygit2.Repository(str(path))
