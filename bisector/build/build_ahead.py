"""Build sources ahead of any question, and keep their objects."""

from __future__ import annotations

from collections.abc import Sequence

import pygit2

from bisector.build import compiling, linking
from bisector.build.prebuilt import Source, Writer
from bisector.build.toolchain import Toolchain
from bisector.system.slots import Slot
from bisector.system.workspace import Workspace


def parts(sources: Sequence[Source], size: int) -> list[Sequence[Source]]:
    """*sources* in parts of this size; neighbours stay together, as they share most objects."""
    return [sources[at : at + size] for at in range(0, len(sources), size)]


def build_ahead(
    workspace: Workspace,
    store: pygit2.Repository,
    toolchain: Toolchain,
    source: Source,
    writer: Writer,
    slot: Slot,
) -> None:
    """Build *source* by *toolchain*, and keep its objects with *writer*, or why there are none.

    Raises as build() does.
    """
    more = linking.recording(toolchain)
    key, tree = source.key, source.tree
    with compiling.compiled(workspace, store, tree, toolchain, key, slot, more) as made:
        link = linking.recorded(made.folder)
        if made.problem or link is None:
            writer.add_problem(source, made.problem or "make did not use its LD")
        else:
            writer.add(source, link, made.folder)
            made.draft.unlink()
