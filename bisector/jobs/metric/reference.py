"""The HAProxy with which others are compared in turns, for metrics that a busy machine disturbs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bisector.build import binaries
from bisector.build.toolchain import Toolchain
from bisector.errors import UnusableEnds
from bisector.probing.prober import Prober
from bisector.system.slots import Slot, cores
from bisector.testing.oracle import Oracle


@contextlib.contextmanager
def compared_with(prober: Prober, revision: str, toolchain: Toolchain) -> Iterator[Oracle]:
    """The job's oracle; if load disturbs it, one that measures in turns with *revision*.

    Its binary stays in the cache meanwhile. Raises UnusableEnds if *revision* does not build, and
    what a build raises.
    """
    context = prober.context
    if not context.oracle.is_disturbed_by_load:
        yield context.oracle
        return
    store, tree = context.history.store, context.history.tree_id(revision)
    name = context.history.release(revision)
    prober.report(f"building {name} to compare with ({toolchain.name})")
    slot = Slot(cores(), sandbox=context.sandbox)
    equipped = context.equipped(toolchain)
    with binaries.built(context.workspace, store, tree, equipped, slot) as built:
        if built.problem:
            what = f"{name}, with which others are to be compared, does not build: {built.problem}"
            raise UnusableEnds(what, f"see {built.log}")
        yield context.oracle.against(built.binary, built.content)
