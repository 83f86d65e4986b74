"""Compile a source in a build tree: make, in the sandbox, with what its toolchain needs there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pygit2

from bisector.build import build_log, dependencies, shortage
from bisector.build.build_tree import BuildTree
from bisector.build.toolchain import Toolchain
from bisector.system import process, procfs
from bisector.system.files import explained, require_room
from bisector.system.sandbox import Network
from bisector.system.session import TEMPORARY
from bisector.system.slots import Slot
from bisector.system.stop import Stopped
from bisector.system.workspace import Workspace

BUILD_SECONDS = 1800.0  # after which a build is taken to hang; -O2 takes 75 s on two cores
_ROOM = 64 << 20  # bytes on the disk, more than one build needs


@dataclass(frozen=True)
class Compiled:
    """The result of make in a build ``tree``: a binary there, or the ``problem``.

    ``done`` is the finished make. Its log is at ``draft`` while the tree is in use, and at ``log``
    afterwards.
    """

    tree: BuildTree
    done: process.Finished
    draft: Path
    log: Path
    problem: str

    @property
    def folder(self) -> Path:
        return self.tree.folder

    @property
    def binary(self) -> Path:
        return self.folder / "haproxy"


@contextlib.contextmanager
def compiled(
    workspace: Workspace,
    store: pygit2.Repository,
    tree: str,
    toolchain: Toolchain,
    key: str,
    slot: Slot,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Compiled]:
    """Build in a build tree of this toolchain, which is locked for the caller in this context.

    Valid objects of earlier builds are reused. *more* are make variables that do not change the
    binary. Raises as build() does.
    """
    toolchain = at(store, tree, toolchain)

    def distance(folder: Path) -> float:
        return BuildTree(folder, store, workspace).distance(tree, toolchain.identity)

    with (
        workspace.build_tree(toolchain.name, distance) as (folder, lock),
        workspace.log(f"{key}.build.log") as (draft, log),
    ):
        build_tree = BuildTree(folder, store, workspace)
        build_tree.checkout(tree, toolchain.identity)
        variables = {**_with_dependencies(toolchain), **more}
        words = [f"{name}={value}" for name, value in variables.items()]
        goals = (toolchain.first, "haproxy")
        temporary = draft.parent / TEMPORARY  # where a killed compiler leaves its files
        with explained(f"cannot write {temporary}"):
            temporary.mkdir()
        none = Network.NONE
        box = slot.sandbox.box(folder, temporary, network=none) if slot.sandbox else None
        killed_before = procfs.killed_for_memory()
        try:
            done = process.run(
                [toolchain.make, f"-j{slot.cores}", *filter(None, goals), *words],
                log=draft,
                timeout=BUILD_SECONDS,
                cwd=folder,
                env={"TMPDIR": str(temporary)},
                keep_open=(lock,),
                stop=slot.stop,
                box=box,
            )
        except Stopped as stopped:
            if stopped.clean:  # make has removed the targets that it was building
                build_tree.trust(tree, toolchain.identity)
            raise
        binary = folder / "haproxy"
        # a symbolic link could lead out of the build tree
        if done.ok and binary.is_file() and not binary.is_symlink():
            problem = toolchain.defect(binary, draft, slot)
        else:
            if box and not done.excess:
                require_room(folder, draft.parent, room=_ROOM)
            sandboxed = box is not None and procfs.killed_for_memory() == killed_before
            problem = build_log.problem(done, log, sandboxed)
            if done.status:
                is_present = None if toolchain.sees_as_gcc else shortage.gcc_finds
                source = store[tree].peel(pygit2.Tree)
                shortage.raise_if_missing(done.output, source, log, is_present)
        if problem and not done.excess:
            require_room(folder, draft.parent)
        if done.status is not None and toolchain.leaves_whole_objects(problem):
            build_tree.trust(tree, toolchain.identity)
        yield Compiled(build_tree, done, draft, log, problem)


def _with_dependencies(toolchain: Toolchain) -> dict[str, str]:
    """The make variables of *toolchain*, with which each object's dependencies are written, too."""
    words = dict(toolchain.variables)
    given = (words.get(dependencies.VARIABLE, ""), dependencies.OPTION)
    return words | {dependencies.VARIABLE: " ".join(given).strip()}


def at(store: pygit2.Repository, tree: str, toolchain: Toolchain) -> Toolchain:
    """*toolchain* with what it needs for its features in *tree*."""

    def source(path: str) -> str:
        top = store[tree].peel(pygit2.Tree)
        return top[path].peel(pygit2.Blob).data.decode("utf-8", "replace") if path in top else ""

    return toolchain.at(source)
