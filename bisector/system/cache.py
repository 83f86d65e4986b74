"""The size of the workspace: eviction of the least recently used entries.

Only cached entries are removed, and only those that are not in use: a binary and a reg-test folder
have a shared lock while they are run, prebuilt sources and coverage maps while they are read or
written, a build tree has an exclusive one during a build. An entry is moved to scratch space before
it is deleted, and a verdict before its log, so that no process reads a partial entry.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bisector.errors import WorkspaceProblem
from bisector.system.locks import hold, lock
from bisector.system.workspace import Workspace

_KEY = re.compile(r"[0-9a-f]{32}")
_LOG = re.compile(r"([0-9a-f]{32})\.(vtest|build)\.log")
_CLOCK_SECONDS = 60.0  # by which the clock of a file server may be ahead of this machine's
_BINARY_FILES = ("build.log", "haproxy", "meta.json")  # the last one's mtime is the last use
_KEPT: Mapping[str, tuple[str, ...]] = {
    "fetched": ("apt", "sources", "tools", "playgrounds", "stores", "upstream"),
    "hunts": ("hunts",),
}


class Kind(StrEnum):
    """The kinds of entry that are evicted."""

    BINARY = "binaries"
    VERDICT = "verdicts and logs"
    TREE = "build trees"
    REG_TESTS = "reg-tests"
    COVERAGE = "coverage maps"
    PREBUILT = "prebuilt sources"


_FOLDERS: Mapping[Kind, tuple[str, ...]] = {
    Kind.BINARY: ("binaries",),
    Kind.VERDICT: ("verdicts", "logs"),
    Kind.TREE: ("trees",),
    Kind.REG_TESTS: ("reg-tests",),
    Kind.COVERAGE: ("coverage",),
    Kind.PREBUILT: ("prebuilt",),
}
# in this order: a new build tree makes the next build a full one, prebuilt sources take hours
_LAST = (Kind.TREE, Kind.PREBUILT)


@dataclass(frozen=True)
class Entry:
    """A cached entry: its paths, in the order in which they are removed.

    ``size`` is in bytes, ``used`` is the time of the last use in seconds since the epoch.
    """

    kind: Kind
    paths: tuple[str, ...]
    size: int
    used: float


@dataclass(frozen=True)
class Freed:
    """The bytes that were freed, and the entries that were not removed since they are in use."""

    size: int
    kept: tuple[Entry, ...]


@dataclass(frozen=True)
class Share:
    """The number of things of one kind, their bytes, folders, and if the limit counts them."""

    what: str
    count: int
    size: int
    folders: tuple[str, ...]
    limited: bool


def trim(workspace: Workspace) -> Freed:
    """Remove the least recently used entries until the rest is within the workspace's limit."""
    with _one_at_a_time(workspace):
        entries = scan(workspace)
        return _evict(workspace, entries, sum(entry.size for entry in entries) - workspace.limit)


def clear(workspace: Workspace) -> Freed:
    """Remove all entries that are not in use."""
    with _one_at_a_time(workspace):
        return _evict(workspace, scan(workspace), math.inf)


def touch(path: Path) -> None:
    """Set the time of the last use of an entry to now: the mtime of its *path*.

    *path* is the meta.json of a binary, a verdict, or a folder of reg-tests or of a coverage map.
    """
    with suppress(OSError):  # another process may have removed it
        os.utime(path)


def shares(workspace: Workspace) -> list[Share]:
    """What is in the workspace: first what the limit counts, then what is never evicted."""
    entries = scan(workspace)
    found = []
    for kind, folders in _FOLDERS.items():
        sizes = [entry.size for entry in entries if entry.kind is kind]
        found.append(Share(kind, len(sizes), sum(sizes), folders, True))
    for what, folders in _KEPT.items():
        tops = [top for folder in folders for top in _list(workspace.root / folder)]
        found.append(Share(what, len(tops), sum(map(_size, tops)), folders, False))
    return found


def scan(workspace: Workspace) -> list[Entry]:
    """All entries in the order of eviction; unknown files are skipped.

    Those that take longest to make again come last.
    """
    entries = [*_binaries(workspace), *_verdicts(workspace), *_trees(workspace)]
    entries += [*_whole(workspace, Kind.REG_TESTS), *_whole(workspace, Kind.COVERAGE)]
    entries += _prebuilt(workspace)
    order = {kind: place for place, kind in enumerate(_LAST, 1)}
    return sorted(entries, key=lambda entry: (order.get(entry.kind, 0), entry.used))


def _binaries(workspace: Workspace) -> Iterator[Entry]:
    for home in _keyed(workspace.root / "binaries"):
        path, size, used = home.path, 0, 0.0
        for name in _BINARY_FILES:  # twice as fast as scandir or Path
            try:
                state = os.stat(f"{path}/{name}")  # noqa: PTH116
            except OSError:
                continue
            size, used = size + state.st_size, state.st_mtime
        yield Entry(Kind.BINARY, (path,), size, _used(used))


def _verdicts(workspace: Workspace) -> Iterator[Entry]:
    """Verdicts with their logs; logs without a verdict, e.g. of failed builds."""
    logs = {}
    for log in _list(workspace.root / "logs"):
        if name := _LOG.fullmatch(log.name):
            logs[name[1], name[2]] = log
    for verdict in _keyed(workspace.root / "verdicts"):
        yield from _files(verdict, logs.pop((verdict.name, "vtest"), None))
    for log in logs.values():
        yield from _files(log)


def _files(first: os.DirEntry[str], second: os.DirEntry[str] | None = None) -> Iterator[Entry]:
    """The entry of one file or two; the mtime of the first is the last use."""
    with suppress(OSError):
        state = first.stat(follow_symlinks=False)
        size = state.st_size + (second.stat(follow_symlinks=False).st_size if second else 0)
        paths = (first.path, second.path) if second else (first.path,)
        yield Entry(Kind.VERDICT, paths, size, _used(state.st_mtime))


def _trees(workspace: Workspace) -> Iterator[Entry]:
    for tree in _list(workspace.root / "trees"):
        path = Path(tree.path)
        if tree.is_dir(follow_symlinks=False) and path.with_suffix(".lock").exists():
            state = path.with_suffix(".state")
            with suppress(OSError):
                # a tree whose build was killed has no state file and goes first
                used = state.stat().st_mtime if state.exists() else 0.0
                yield Entry(Kind.TREE, (str(state), tree.path), _size(tree), _used(used))


def _whole(workspace: Workspace, kind: Kind) -> Iterator[Entry]:
    """The entries of a *kind* each of which is a folder."""
    for folder in _list(workspace.root / _FOLDERS[kind][0]):
        with suppress(OSError):
            used = folder.stat(follow_symlinks=False).st_mtime
            yield Entry(kind, (folder.path,), _size(folder), _used(used))


def _prebuilt(workspace: Workspace) -> Iterator[Entry]:
    """All prebuilt sources together, as they share their objects."""
    for folder in _list(workspace.root):
        if folder.name in _FOLDERS[Kind.PREBUILT]:
            used = folder.stat(follow_symlinks=False).st_mtime
            yield Entry(Kind.PREBUILT, (folder.path,), _size(folder), _used(used))


def _used(stamp: float) -> float:
    """A time of last use; 0 for one in the future, which comes from a wrong clock."""
    return stamp if stamp <= time.time() + _CLOCK_SECONDS else 0.0


def _evict(workspace: Workspace, entries: Sequence[Entry], enough: float) -> Freed:
    """Remove *entries* in their order until at least *enough* bytes are freed."""
    freed = 0
    kept = []
    for entry in entries:
        if freed >= enough:
            break
        if _remove(workspace, entry):
            freed += entry.size
        else:
            kept.append(entry)
    return Freed(freed, tuple(kept))


def _remove(workspace: Workspace, entry: Entry) -> bool:
    """Remove *entry* if it is not in use; whether it is gone, perhaps by another process."""
    with suppress(OSError, WorkspaceProblem), _exclusive(entry) as free:
        if free:
            with workspace.scratch() as scratch:
                for path in map(Path, filter(os.path.lexists, entry.paths)):
                    path.rename(scratch / path.name)
    return not any(map(os.path.lexists, entry.paths))


def _exclusive(entry: Entry) -> AbstractContextManager[bool]:
    """A context manager that yields False if *entry* is in use."""
    if entry.kind in (Kind.BINARY, Kind.REG_TESTS, Kind.COVERAGE, Kind.PREBUILT):
        return hold(Path(entry.paths[0]), alone=True)
    if entry.kind is Kind.TREE:
        return _locked(Path(entry.paths[-1]).with_suffix(".lock"))
    return nullcontext(True)  # a verdict is read at once, a log only by the user


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    with lock(path) as held:
        yield held is not None


@contextmanager
def _one_at_a_time(workspace: Workspace) -> Iterator[None]:
    """Hold the lock of eviction.

    Two processes that evict at once would each skip the entries that the other one removes as in
    use, and remove more instead.
    """
    with lock(workspace.folder() / "cache.lock", wait=True):
        yield


def _keyed(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The entries at folder/xx/KEY, where KEY begins with xx."""
    for shard in _list(folder):
        if len(shard.name) == 2 and shard.is_dir(follow_symlinks=False):
            for entry in _list(shard.path):
                if entry.name.startswith(shard.name) and _KEY.fullmatch(entry.name):
                    yield entry


def _list(folder: str | Path) -> list[os.DirEntry[str]]:
    """The entries of *folder*; none if it cannot be read."""
    with suppress(OSError), os.scandir(folder) as entries:
        return list(entries)
    return []


def _size(entry: os.DirEntry[str]) -> int:
    """The bytes of a file, or of all files below a folder."""
    total, pending = 0, [entry]
    while pending:
        found = pending.pop()
        with suppress(OSError):
            if found.is_dir(follow_symlinks=False):
                pending += _list(found.path)
            else:
                total += found.stat(follow_symlinks=False).st_size
    return total
