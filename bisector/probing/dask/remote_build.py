"""Building ahead on another machine: the order for it, and what the worker has built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bisector.build.build_ahead import build_ahead
from bisector.build.prebuilt import Prebuilt, Source, Writer
from bisector.build.toolchain import Toolchain
from bisector.errors import ProbeFailed
from bisector.git.tree_archive import Archive
from bisector.probing.dask import remote
from bisector.probing.dask.orders import BuildOrder, Built, Lacking, Recipe
from bisector.probing.dask.remote import Place
from bisector.system.files import explained
from bisector.system.workspace import Workspace


def order_of(toolchain: Toolchain, sources: Sequence[Source], sandbox: str) -> BuildOrder:
    """The order to build *sources* by *toolchain*, *sandbox* being a mode of --sandbox."""
    trees = tuple(source.tree for source in sources)
    recipe = Recipe.of(toolchain)
    return BuildOrder(trees=trees, recipe=recipe, tools_digest=toolchain.maker, sandbox=sandbox)


def build(order: BuildOrder, packed: Archive | None) -> Built | Lacking:
    """Build what *order* names on this worker, as remote.carried_out() does; raises what that does.

    It is kept in the worker's own workspace, too: what is there is not built again.
    """

    def do(place: Place) -> Built:
        toolchain = remote.equipped(order, place.workspace, lambda text: None)
        if toolchain.maker != order.tools_digest:
            what = f"not the client's tools: {toolchain.name} is {toolchain.compiler}"
            hint = f"its binaries need {order.recipe.compiler}, and the same libraries"
            raise ProbeFailed(what, hint)
        sources = [Source.of(place.store, tree, toolchain) for tree in order.trees]
        _build_missing(place, order, toolchain, sources)
        return _packed(place, sources)

    return remote.carried_out(order, packed, do)


def _build_missing(
    place: Place, order: BuildOrder, toolchain: Toolchain, sources: Sequence[Source]
) -> None:
    """Build those of *sources* that are not in the worker's workspace."""
    box, _ = remote.find_sandbox(remote.options(order), place.workspace, toolchain)
    slot = replace(place.slot, sandbox=box)
    prebuilt = Prebuilt(place.workspace)
    writer, there = Writer(prebuilt), prebuilt.keys()
    for source in sources:
        if source.key not in there:
            slot.stop.check()
            build_ahead(place.workspace, place.store, toolchain, source, writer, slot)


def _packed(place: Place, sources: Sequence[Source]) -> Built:
    """What the worker's workspace has of *sources*, in a file of their own."""
    prebuilt = Prebuilt(place.workspace)
    problems = prebuilt.problems()
    with place.workspace.scratch() as scratch:
        part = Prebuilt(Workspace(scratch))
        part.take(prebuilt.file, [source.key for source in sources])
        with explained(f"cannot read {part.file}"):
            content = part.file.read_bytes()
    broken = (source for source in sources if source.key in problems)
    return Built(place.worker, content, tuple((one.tree, problems[one.key]) for one in broken))
