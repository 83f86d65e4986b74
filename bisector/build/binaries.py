"""The binaries of HAProxy: each is built once for a source and a toolchain, then cached."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2

from bisector.build import build_log, dependencies, shortage
from bisector.build.build_tree import BuildTree
from bisector.build.toolchain import Toolchain
from bisector.git.object_store import content_key
from bisector.system import cache, process, procfs
from bisector.system.files import digest, explained, require_room, write_whole
from bisector.system.locks import hold
from bisector.system.sandbox import Network
from bisector.system.session import TEMPORARY
from bisector.system.slots import Slot
from bisector.system.stop import Stopped
from bisector.system.workspace import Workspace

BUILD_SECONDS = 1800.0  # after which a build is taken to hang; -O2 takes 75 s on two cores
_ROOM = 64 << 20  # bytes on the disk, more than one build needs


@dataclass(frozen=True)
class Build:
    """The result of a build: a binary, or the ``problem`` if there is none.

    ``key`` is its key in the cache, ``content`` the SHA-256 of the binary in hexadecimal, and
    ``seconds`` the time that the build took, 0 if the binary was cached. ``remark`` is a note for
    the user.
    """

    key: str
    binary: Path
    content: str
    seconds: float
    log: Path
    problem: str = ""
    remark: str = ""


def build_key(store: pygit2.Repository, tree: str, toolchain: Toolchain) -> str:
    """The cache's key of the binary of *tree*: a digest of the build's inputs and toolchain."""
    return digest(content_key(store, tree), _at(store, tree, toolchain).identity)


def _at(store: pygit2.Repository, tree: str, toolchain: Toolchain) -> Toolchain:
    """*toolchain* with what it needs for its features in *tree*."""

    def source(path: str) -> str:
        top = store[tree].peel(pygit2.Tree)
        return top[path].peel(pygit2.Blob).data.decode("utf-8", "replace") if path in top else ""

    return toolchain.at(source)


@contextlib.contextmanager
def built(
    workspace: Workspace,
    store: pygit2.Repository,
    tree: str,
    toolchain: Toolchain,
    slot: Slot | None = None,
) -> Iterator[Build]:
    """The result of build() in a context in which the binary is not evicted from the cache.

    A new binary may exceed the cache's limit, so the least recently used ones are evicted.
    """
    while True:
        result = build(workspace, store, tree, toolchain, slot)
        if result.problem:
            yield result
            return
        with hold(result.binary.parent) as held:
            if held:  # else another process has just evicted it
                if result.seconds:
                    cache.trim(workspace)
                yield result
                return


def build(
    workspace: Workspace,
    store: pygit2.Repository,
    tree: str,
    toolchain: Toolchain,
    slot: Slot | None = None,
) -> Build:
    """The binary of *tree*, from the cache, or built when it is the turn of *slot*.

    A failure of the source is returned as ``problem``. Raises ProbeFailed for a failure of the
    machine, MissingLibrary or MissingProgram for what the machine lacks, WorkspaceProblem for the
    disk, and Stopped if the slot was stopped.
    """
    key = build_key(store, tree, toolchain)
    home = workspace.folder("binaries", key[:2]) / key
    if cached := _cached(home):
        return cached
    slot = slot or Slot()
    with slot.build_permits.acquired(slot.stop), workspace.alone_with(key, slot.stop):
        # another probe or process may have built the same meanwhile
        if cached := _cached(home):
            return cached
        remark = _discard(workspace, home)
        return replace(_build_new(workspace, store, tree, toolchain, key, slot), remark=remark)


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
) -> Iterator[Compiled]:
    """Build in a build tree of this toolchain, which is locked for the caller in this context.

    Valid objects of earlier builds are reused. Raises as build() does.
    """
    toolchain = _at(store, tree, toolchain)
    with (
        workspace.build_tree(toolchain.name) as (folder, lock),
        workspace.log(f"{key}.build.log") as (draft, log),
    ):
        build_tree = BuildTree(folder, store, workspace)
        build_tree.checkout(tree, toolchain.identity)
        words = [f"{name}={value}" for name, value in _with_dependencies(toolchain).items()]
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


def _build_new(
    workspace: Workspace,
    store: pygit2.Repository,
    tree: str,
    toolchain: Toolchain,
    key: str,
    slot: Slot,
) -> Build:
    """Build *tree* and store the binary in the cache."""
    home = workspace.root / "binaries" / key[:2] / key
    with compiled(workspace, store, tree, toolchain, key, slot) as made:
        if made.problem:
            return Build(key, home, "", made.done.seconds, made.log, made.problem)
        return _store(workspace, key, home, tree, made.binary, made.done, made.draft)


def _store(
    workspace: Workspace,
    key: str,
    home: Path,
    tree: str,
    binary: Path,
    done: process.Finished,
    log: Path,
) -> Build:
    """Store a new binary with its log in the cache, atomically."""
    content = _content(binary)
    with workspace.scratch() as scratch, explained(f"cannot keep the binary in {home}"):
        draft = scratch / key
        draft.mkdir()
        shutil.copy2(binary, draft / "haproxy")
        log.rename(draft / "build.log")
        meta = {
            "content": content,
            "tree": tree,
            "seconds": round(done.seconds, 3),
            "make": done.argv,
        }
        write_whole(draft / "meta.json", json.dumps(meta).encode())
        _move(draft, home)
    return Build(key, home / "haproxy", content, done.seconds, home / "build.log")


def _move(draft: Path, home: Path) -> None:
    """Move the finished *draft* to *home*, which does not exist or is a damaged entry in use.

    The files of an entry in use are replaced one by one, so its binary exists at any time, and
    processes that run the old one are not affected.
    """
    with hold(home) as in_use:
        if in_use:
            for name in ("haproxy", "build.log", "meta.json"):  # meta.json last: it validates them
                (draft / name).replace(home / name)
        else:
            draft.rename(home)  # not publish(): the key's lock is held, so no other build exists


def trees(workspace: Workspace) -> set[str]:
    """The ids of the trees of which the cache has a binary, of any toolchain."""
    ids = set()
    for path in workspace.root.glob("binaries/*/*/meta.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            ids.add(str(json.loads(path.read_text())["tree"]))
    return ids


def _cached(home: Path) -> Build | None:
    """The cache's entry at *home*; None if there is none or if it is damaged."""
    try:
        content = json.loads((home / "meta.json").read_text())["content"]
        if _content(home / "haproxy") == content:
            cache.touch(home / "meta.json")
            return Build(home.name, home / "haproxy", content, 0.0, home / "build.log")
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _discard(workspace: Workspace, home: Path) -> str:
    """Remove a damaged entry at *home*, unless it is in use; the remark about it, '' for none."""
    if not os.path.lexists(home):
        return ""
    with (
        hold(home, alone=True) as free,
        workspace.scratch() as scratch,
        explained(f"cannot remove the damaged {home}"),
    ):
        if free:
            home.rename(scratch / home.name)
    return f"a damaged binary in the cache was built again: {home.name}"


def _content(binary: Path) -> str:
    """The SHA-256 of the file, computed again if the file was replaced or written."""
    status = binary.stat()
    return _hash(binary, status.st_ino, status.st_mtime_ns)


@functools.lru_cache(maxsize=64)  # a verification uses the same binary about sixty times
def _hash(binary: Path, inode: int, mtime_ns: int) -> str:
    with binary.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
