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

from bisector.build import compiling, linking
from bisector.build.prebuilt import Prebuilt, Source
from bisector.build.toolchain import Toolchain
from bisector.errors import DamagedStore
from bisector.git.object_store import content_key
from bisector.system import cache, process
from bisector.system.files import digest, explained, write_whole
from bisector.system.locks import hold
from bisector.system.slots import Slot
from bisector.system.workspace import Workspace


@dataclass(frozen=True)
class Build:
    """The result of a build: a binary, or the ``problem`` if there is none.

    ``key`` is its key in the cache, ``content`` the SHA-256 of the binary in hexadecimal, and
    ``seconds`` the time that the build took, 0 if the binary was cached or prebuilt. ``is_new``: it
    was not in the cache. ``remark`` is a note for the user.
    """

    key: str
    binary: Path
    content: str
    seconds: float
    log: Path
    problem: str = ""
    remark: str = ""
    is_new: bool = False


def build_key(store: pygit2.Repository, tree: str, toolchain: Toolchain) -> str:
    """The cache's key of the binary of *tree*: a digest of the build's inputs and toolchain."""
    return digest(content_key(store, tree), compiling.at(store, tree, toolchain).identity)


def home_of(workspace: Workspace, key: str) -> Path:
    """The folder in the cache of the binary with this *key*."""
    return workspace.root / "binaries" / key[:2] / key


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
                if result.is_new:
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
    """The binary of *tree*: cached, linked from prebuilt objects, or built when *slot* may.

    A failure of the source is returned as ``problem``. Raises ProbeFailed for a failure of the
    machine, MissingLibrary or MissingProgram for what the machine lacks, WorkspaceProblem for the
    disk, and Stopped if the slot was stopped.
    """
    key = build_key(store, tree, toolchain)
    home = workspace.folder("binaries", key[:2]) / key
    if cached := _cached(home):
        return cached
    slot = slot or Slot()
    damage = ""
    if Prebuilt(workspace).file.exists():  # to link takes no permit
        with workspace.alone_with(key, slot.stop):
            try:
                linked = _cached(home) or _linked(workspace, store, tree, toolchain, key, slot)
            except DamagedStore as problem:
                linked, damage = None, str(problem)
        if linked:
            return linked
    with slot.build_permits.acquired(slot.stop), workspace.alone_with(key, slot.stop):
        # another probe or process may have built the same meanwhile
        if cached := _cached(home):
            return cached
        remark = _discard(workspace, home)
        made = _build_new(workspace, store, tree, toolchain, key, slot)
        return replace(made, remark=remark or damage)


def _linked(
    workspace: Workspace,
    store: pygit2.Repository,
    tree: str,
    toolchain: Toolchain,
    key: str,
    slot: Slot,
) -> Build | None:
    """Link the binary of *tree* from prebuilt objects and store it; None if there are none."""
    home = home_of(workspace, key)
    prebuilt, source = Prebuilt(workspace), Source.of(store, tree, toolchain)
    with workspace.scratch() as scratch, workspace.log(f"{key}.link.log") as (log, _):
        folder = scratch / "objects"
        link = prebuilt.unpack(source, folder)
        if link is None:
            return None
        done = linking.link(link, compiling.at(store, tree, toolchain), folder, log, slot)
        if not done.ok:
            prebuilt.forget(source)
            return None
        remark = _discard(workspace, home)
        done = replace(done, seconds=0.0)
        made = _store(workspace, key, home, tree, folder / linking.BINARY, done, log)
        return replace(made, remark=remark)


def _build_new(
    workspace: Workspace,
    store: pygit2.Repository,
    tree: str,
    toolchain: Toolchain,
    key: str,
    slot: Slot,
) -> Build:
    """Build *tree* and store the binary in the cache."""
    home = home_of(workspace, key)
    with compiling.compiled(workspace, store, tree, toolchain, key, slot) as made:
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
    path = home / "haproxy"
    return Build(key, path, content, done.seconds, home / "build.log", is_new=True)


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
