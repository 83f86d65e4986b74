"""A probe on another machine: the order for it, and the worker's answer."""

from __future__ import annotations

import contextlib
import platform
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bisector.build.toolchain import Toolchain
from bisector.errors import ProbeFailed
from bisector.git.tree_archive import Archive
from bisector.probing.dask import remote
from bisector.probing.dask.orders import Answer, Lacking, ProbeOrder, Recipe
from bisector.probing.dask.remote import Place
from bisector.probing.dask.scheduler import Scheduler
from bisector.probing.probe import Probe, probe
from bisector.record.verdict import Result
from bisector.system.files import digest, explained
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing.companions import laid_out
from bisector.testing.oracle import Oracle


def order_of(request: Probe, scheduler: Scheduler) -> ProbeOrder:
    """The order for *request* on *scheduler*'s workers.

    Raises WorkspaceProblem if the test's files cannot be read.
    """
    toolchain = request.toolchain
    return ProbeOrder(
        trees=(request.tree,),
        recipe=Recipe.of(toolchain),
        tools_digest=_tools_digest(toolchain, request.oracle, request.tools),
        sandbox=scheduler.sandbox,
        oracle=request.oracle,
        files=request.oracle.files_of_user(),
        run=request.run,
        again=request.again,
        strict=scheduler.same,
    )


def answer(order: ProbeOrder, packed: Archive | None) -> Answer | Lacking:
    """Run *order* on this worker, as remote.carried_out() does; raises what that does."""

    def do(place: Place) -> Answer:
        with _test(place.workspace, order) as oracle:
            result, tools_digest = _probed(place, order, oracle)
        with explained(f"cannot read {result.log}"):
            log = zlib.compress(Path(result.log).read_bytes())
        return Answer(place.worker, result, log, tools_digest)

    return remote.carried_out(order, packed, do)


def _probed(place: Place, order: ProbeOrder, oracle: Oracle) -> tuple[Result, str]:
    """The result, with remarks on this worker, and the digest of its tools."""
    remarks: list[str] = []
    place_for = (order, place.workspace, remarks.append)
    toolchain = remote.equipped(*place_for, vtest=oracle.needs_vtest, others=oracle.programs)
    needed = oracle.find_tools(place.workspace)
    tools_digest = _tools_digest(toolchain, oracle, needed)
    if tools_digest != order.tools_digest:
        versions = ", with ".join((toolchain.compiler, *(tool.version for tool in needed)))
        other = f"not the client's tools: {toolchain.name} is {versions}"
        if order.strict:
            raise ProbeFailed(other, f"--same-toolchain requires {order.recipe.compiler}")
        remarks.append(f"{other}; its verdicts are kept apart")
    box, remark = remote.find_sandbox(remote.options(order), place.workspace, toolchain, needed)
    if remark:
        remarks.append(remark)
    (tree,), store = order.trees, str(place.store.path)
    request = Probe(store, tree, toolchain, oracle, needed, order.run, box, order.again)
    result = probe(place.workspace, request, place.slot)
    lines = (*(f"worker {platform.node()}: {remark}" for remark in remarks), result.remark)
    return replace(result, remark="; ".join(filter(None, lines))), tools_digest


def _tools_digest(toolchain: Toolchain, oracle: Oracle, needed: Sequence[Tool]) -> str:
    """A digest that is equal on machines whose verdicts are interchangeable."""
    tools = (tool.identity for tool in needed)
    return digest(toolchain.maker, *tools, *oracle.conditions())


@contextlib.contextmanager
def _test(workspace: Workspace, order: ProbeOrder) -> Iterator[Oracle]:
    """The order's oracle, with the user's files laid out in a folder of this machine."""
    with workspace.scratch() as scratch:
        with explained(f"cannot write {scratch}"):
            folder = laid_out(order.files, scratch)
        yield order.oracle.moved_to(folder)
