"""Building HAProxy: once for each source and toolchain, then from the cache."""

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

from bisector.build import build_log, shortage
from bisector.build.build_tree import BuildTree
from bisector.build.toolchain import Toolchain
from bisector.git.object_store import content_key
from bisector.system import cache, process, procfs
from bisector.system.process import Stopped
from bisector.system.slots import Lane
from bisector.system.workspace import (
    Workspace,
    digest,
    explained,
    hold,
    require_room,
    write_whole,
)

BUILD_SECONDS = 1800.0  # a build that takes longer hangs; -O2 takes 75 s on two cores
_ROOM = 64 << 20  # bytes; what one build needs, and more


@dataclass(frozen=True)
class Build:
    """A binary (``problem`` is empty), or why there is none. ``seconds`` is 0 from the cache.

    ``remark`` is what the user should know of how it came about.
    """

    key: str
    binary: Path
    content: str
    seconds: float
    log: Path
    problem: str = ""
    remark: str = ""


def build_key(store: pygit2.Repository, tree: str, chain: Toolchain) -> str:
    """What the binary of *tree* is known by: what the build reads, and the toolchain."""
    return digest(content_key(store, tree), chain.identity)


@contextlib.contextmanager
def built(
    workspace: Workspace,
    store: pygit2.Repository,
    tree: str,
    chain: Toolchain,
    lane: Lane | None = None,
) -> Iterator[Build]:
    """The binary of *tree*, as build() gives it; until the caller is done with it, it stays there.

    A fresh one may be one too many, so older ones go.
    """
    while True:
        found = build(workspace, store, tree, chain, lane)
        if found.problem:
            yield found
            return
        with hold(found.binary.parent) as held:
            if held:  # else another process made room just now
                if found.seconds:
                    cache.trim(workspace)
                yield found
                return


def build(
    workspace: Workspace,
    store: pygit2.Repository,
    tree: str,
    chain: Toolchain,
    lane: Lane | None = None,
) -> Build:
    """The binary of *tree*, from the cache or built now, when *lane* has its turn.

    A failure of the source is in ``problem``. Raises ProbeFailed for one of the machine,
    MissingLibrary or MissingProgram for what it lacks, Stopped when it was called off.
    """
    key = build_key(store, tree, chain)
    home = workspace.folder("binaries", key[:2]) / key
    if found := _cached(home):
        return found
    lane = lane or Lane()
    with lane.turns.taken(lane.stop), workspace.alone_with(key, lane.stop):
        # while it waited, another probe, or another hunt, may have built the same
        if found := _cached(home):
            return found
        remark = _discard(workspace, home)
        return replace(_make(workspace, store, tree, chain, key, lane), remark=remark)


@dataclass(frozen=True)
class Compiled:
    """What make left in a build *tree*: a binary there, unless there is a ``problem``.

    ``draft`` is the log while the tree is in use, ``log`` where it is to be found afterwards.
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
    chain: Toolchain,
    key: str,
    lane: Lane,
) -> Iterator[Compiled]:
    """Build in a tree of this toolchain's, from what lies there; it is the caller's meanwhile.

    Raises as build() does.
    """
    with (
        workspace.build_tree(chain.name) as (folder, lock),
        workspace.log(f"{key}.build.log") as (draft, log),
    ):
        place = BuildTree(folder, store, workspace)
        place.checkout(tree, chain.identity)
        words = [f"{name}={value}" for name, value in chain.variables]
        box = lane.sandbox.box(folder) if lane.sandbox else None
        killed_before = procfs.killed_for_memory()
        try:
            done = process.run(
                [chain.make, f"-j{lane.cores}", "haproxy", *words],
                log=draft,
                timeout=BUILD_SECONDS,
                cwd=folder,
                env={"TMPDIR": str(draft.parent)},  # a killed compiler leaves its files there
                keep_open=(lock,),
                stop=lane.stop,
                box=box,
            )
        except Stopped as stopped:
            if stopped.clean:
                place.keep(tree, chain.identity)  # see below: make removed what it was at
            raise
        binary = folder / "haproxy"
        # no link, which could lead to a file that is nobody else's business
        whole = done.ok and binary.is_file() and not binary.is_symlink()
        problem = ""
        if not whole:
            if box and not done.excess:
                require_room(folder, draft.parent, room=_ROOM)
            apart = box is not None and procfs.killed_for_memory() == killed_before
            problem = build_log.problem(done, log, apart)
            if done.status:
                known = None if chain.sees_as_gcc else shortage.gcc_finds
                shortage.require(done.output, store[tree].peel(pygit2.Tree), log, known)
        else:
            problem = chain.defect(binary, draft, lane)
        if problem and not done.excess:
            require_room(folder, draft.parent)
        if done.status is not None and chain.leaves_whole_objects(problem):
            place.keep(tree, chain.identity)
        yield Compiled(place, done, draft, log, problem)


def _make(
    workspace: Workspace,
    store: pygit2.Repository,
    tree: str,
    chain: Toolchain,
    key: str,
    lane: Lane,
) -> Build:
    """Build, and keep the binary."""
    home = workspace.root / "binaries" / key[:2] / key
    with compiled(workspace, store, tree, chain, key, lane) as made:
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
    """Move a fresh binary into the cache, whole or not at all."""
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
    """Move the finished *draft* to *home*, where nothing is, or a damaged entry that is in use.

    That one's files are replaced, so who runs its binary keeps it, and who starts it finds one.
    """
    with hold(home) as in_use:
        if in_use:
            for name in ("haproxy", "build.log", "meta.json"):  # the last one vouches for the rest
                (draft / name).replace(home / name)
        else:
            draft.rename(home)  # not publish(): the key's lock is held, so nobody built the same


def trees(workspace: Workspace) -> set[str]:
    """The trees of which the cache has a binary, by whatever toolchain."""
    found = set()
    for path in workspace.root.glob("binaries/*/*/meta.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            found.add(str(json.loads(path.read_text())["tree"]))
    return found


def _cached(home: Path) -> Build | None:
    """What the cache holds at *home*, unless it was damaged since."""
    try:
        content = json.loads((home / "meta.json").read_text())["content"]
        if _content(home / "haproxy") == content:
            cache.touch(home / "meta.json")
            return Build(home.name, home / "haproxy", content, 0.0, home / "build.log")
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _discard(workspace: Workspace, home: Path) -> str:
    """Throw away a damaged entry at *home*, unless it is in use; the remark that there was one."""
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
    now = binary.stat()
    return _hash(binary, now.st_ino, now.st_mtime_ns)


@functools.lru_cache(maxsize=64)  # verification asks for the same binary sixty times
def _hash(binary: Path, inode: int, changed: int) -> str:
    with binary.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
