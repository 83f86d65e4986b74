"""What lies in the workspace, and how it keeps to its size: least recently used goes first.

Only what can be made again goes, and only if nobody uses it: binaries and reg-tests are held by who
runs them, a build tree is locked by who builds in it. An entry is renamed away before it is
deleted, and a verdict goes before its log, so that nobody takes half an entry for a whole one.
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
from bisector.system.workspace import Workspace, hold, lock

_KEY = re.compile(r"[0-9a-f]{32}")
_LOG = re.compile(r"([0-9a-f]{32})\.(vtest|build)\.log")
_CLOCK_SECONDS = 60.0  # that the clock of a file server may be ahead of ours
_BINARY_FILES = ("build.log", "haproxy", "meta.json")  # the last one's time is the last use's
_KEPT: Mapping[str, tuple[str, ...]] = {
    "fetched": ("apt", "sources", "tools", "playgrounds", "stores", "upstream"),
    "hunts": ("hunts",),
}


class Kind(StrEnum):
    """What can be made again."""

    BINARY = "binaries"
    VERDICT = "verdicts and logs"
    TREE = "build trees"
    REG_TESTS = "reg-tests"


_FOLDERS: Mapping[Kind, tuple[str, ...]] = {
    Kind.BINARY: ("binaries",),
    Kind.VERDICT: ("verdicts", "logs"),
    Kind.TREE: ("trees",),
    Kind.REG_TESTS: ("reg-tests",),
}


@dataclass(frozen=True)
class Entry:
    """Something that can be made again: its paths, in the order in which they are to go.

    ``size`` is in bytes, ``used`` in seconds since the epoch.
    """

    kind: Kind
    paths: tuple[str, ...]
    size: int
    used: float


@dataclass(frozen=True)
class Freed:
    """What went, in bytes, and what could not because it is in use."""

    size: int
    kept: tuple[Entry, ...]


@dataclass(frozen=True)
class Share:
    """What one kind of things takes up: how many there are, bytes, folders, if it is limited."""

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
    """Remove every entry that nobody uses."""
    with _one_at_a_time(workspace):
        return _evict(workspace, scan(workspace), math.inf)


def touch(path: Path) -> None:
    """Note that the entry with this meta.json, verdict or folder was used just now."""
    with suppress(OSError):  # another process may have removed it
        os.utime(path)


def shares(workspace: Workspace) -> list[Share]:
    """What is in the workspace: first what the limit counts, then what is never removed."""
    entries = scan(workspace)
    found = []
    for kind, folders in _FOLDERS.items():
        sizes = [entry.size for entry in entries if entry.kind is kind]
        found.append(Share(kind, len(sizes), sum(sizes), folders, True))
    for what, folders in _KEPT.items():
        tops = [top for folder in folders for top in _list(workspace.root / folder)]
        found.append(Share(what, len(tops), sum(map(_weight, tops)), folders, False))
    return found


def scan(workspace: Workspace) -> list[Entry]:
    """What can be made again, in the order in which it is to go; anything else is passed over."""
    entries = [*_binaries(workspace), *_verdicts(workspace), *_trees(workspace)]
    entries += _reg_tests(workspace)
    return sorted(entries, key=lambda entry: (entry.kind is Kind.TREE, entry.used))


def _binaries(workspace: Workspace) -> Iterator[Entry]:
    for home in _keyed(workspace.root / "binaries"):
        path, size, used = home.path, 0, 0.0
        for name in _BINARY_FILES:  # twice as fast as to list the folder, or to make each a Path
            try:
                state = os.stat(f"{path}/{name}")  # noqa: PTH116
            except OSError:
                continue
            size, used = size + state.st_size, state.st_mtime
        yield Entry(Kind.BINARY, (path,), size, _used(used))


def _verdicts(workspace: Workspace) -> Iterator[Entry]:
    """Verdicts with their logs; logs of what was no verdict, and of builds that failed."""
    logs = {}
    for log in _list(workspace.root / "logs"):
        if name := _LOG.fullmatch(log.name):
            logs[name[1], name[2]] = log
    for verdict in _keyed(workspace.root / "verdicts"):
        yield from _files(verdict, logs.pop((verdict.name, "vtest"), None))
    for log in logs.values():
        yield from _files(log)


def _files(first: os.DirEntry[str], second: os.DirEntry[str] | None = None) -> Iterator[Entry]:
    """Files that go together; the first one's time is that of the last use."""
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
                # a tree whose build was killed has no state, and is worth the least
                used = state.stat().st_mtime if state.exists() else 0.0
                yield Entry(Kind.TREE, (str(state), tree.path), _weight(tree), _used(used))


def _reg_tests(workspace: Workspace) -> Iterator[Entry]:
    """Revisions' own reg-tests, as they were written for VTest."""
    for folder in _list(workspace.root / "reg-tests"):
        with suppress(OSError):
            used = folder.stat(follow_symlinks=False).st_mtime
            yield Entry(Kind.REG_TESTS, (folder.path,), _weight(folder), _used(used))


def _used(stamp: float) -> float:
    """A time of last use. One that is yet to come says that the clock was wrong: long ago."""
    return stamp if stamp <= time.time() + _CLOCK_SECONDS else 0.0


def _evict(workspace: Workspace, entries: Sequence[Entry], enough: float) -> Freed:
    """Remove *entries* in their order until *enough* bytes are free."""
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
    """Whether *entry* is gone, by us or by another process that trims."""
    with suppress(OSError, WorkspaceProblem), _alone(entry) as free:
        if free:
            with workspace.scratch() as scratch:
                for path in map(Path, filter(os.path.lexists, entry.paths)):
                    path.rename(scratch / path.name)
    return not any(map(os.path.lexists, entry.paths))


def _alone(entry: Entry) -> AbstractContextManager[object]:
    """Gives something false if somebody uses *entry*."""
    if entry.kind in (Kind.BINARY, Kind.REG_TESTS):
        return hold(Path(entry.paths[0]), alone=True)
    if entry.kind is Kind.TREE:
        return _locked(Path(entry.paths[-1]).with_suffix(".lock"))
    return nullcontext(True)  # who reads a verdict has all of it, and a log is for people


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    with lock(path) as held:
        yield held is not None


@contextmanager
def _one_at_a_time(workspace: Workspace) -> Iterator[None]:
    """Two at once would each take what the other removes for in use, and remove more instead."""
    with lock(workspace.folder() / "cache.lock", wait=True):
        yield


def _keyed(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The entries folder/xx/KEY."""
    for shard in _list(folder):
        if len(shard.name) == 2 and shard.is_dir(follow_symlinks=False):
            for entry in _list(shard.path):
                if entry.name.startswith(shard.name) and _KEY.fullmatch(entry.name):
                    yield entry


def _list(folder: str | Path) -> list[os.DirEntry[str]]:
    """What is in *folder*; nothing if there is none."""
    with suppress(OSError), os.scandir(folder) as entries:
        return list(entries)
    return []


def _weight(entry: os.DirEntry[str]) -> int:
    """The bytes of a file, or of all the files below a folder, however deep."""
    total, waiting = 0, [entry]
    while waiting:
        one = waiting.pop()
        with suppress(OSError):
            if one.is_dir(follow_symlinks=False):
                waiting += _list(one.path)
            else:
                total += one.stat(follow_symlinks=False).st_size
    return total
