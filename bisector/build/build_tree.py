"""Check out revisions into a build tree, writing only the files that differ.

The objects that depend on a changed file are removed, so incremental builds do not depend on file
times. HAProxy's Makefile makes every object depend on every header; here the compiler says which
files it read for an object (see :mod:`bisector.build.dependencies`), and sources are dated back for
make. The files that a build leaves are not trusted: symbolic links in them are not followed, the
folder is no git repository, so no hook runs, and the folder is cleared if any file changes that
make or a shell may execute.
"""

from __future__ import annotations

import functools
import json
import math
import os
import re
import shutil
import stat
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from bisector.build import dependencies
from bisector.build.dependencies import Change
from bisector.git.object_store import is_built
from bisector.system.files import explained, remove
from bisector.system.workspace import Workspace

# Files that only a compiler reads. Any other file may be executed: HAProxy's Makefile even puts the
# text of VERSION into a command.
_COMPILED = re.compile(r"[\w./-]+\.[ch]")
_REGULAR = (FileMode.BLOB, FileMode.BLOB_EXECUTABLE)
_HEADER = 50  # objects to compile after a change of one; see bisector.build.dependencies
_ALL = 1000  # all objects, of which there are some 170
_LONG_AGO = 1_000_000_000  # seconds since the epoch; before any object was built


@dataclass(frozen=True)
class _File:
    """A file of a source: its mode, and the id of its blob, the same in all repositories."""

    mode: int
    blob: str


_Files = Mapping[str, _File]
"""A source's files that a build reads, by path."""


class BuildTree:
    """A folder with one revision's sources and the objects built from them.

    A state file beside the folder names the toolchain and all files, so that a revision of another
    repository can be compared with them. It does not exist during a checkout or a build, so the
    folder is not trusted after a kill.
    """

    def __init__(self, folder: Path, store: pygit2.Repository, workspace: Workspace) -> None:
        self.folder = folder
        self._workspace = workspace
        self._store = store
        self._marker = folder.with_suffix(".state")

    def distance(self, tree: str, toolchain: str) -> float:
        """How much a build of *tree* by *toolchain* would compile here again, in rough figures.

        Infinite if it compiles all and clears objects that others may need.
        """
        if not self._marker.exists():
            return _ALL
        before, after = self._trusted(toolchain), _files(self._store, tree)
        changed = _changed(before, after) if before else ()
        if before is None or self._may_be_tampered(before, after, changed):
            return math.inf
        return sum(_HEADER if path.endswith(".h") else 1 for path in changed)

    def checkout(self, tree: str, toolchain: str) -> None:
        """Check out *tree*; keep only objects that *toolchain* built from unchanged files.

        *tree* is a tree's id, *toolchain* a toolchain's identity. Raises WorkspaceProblem if the
        folder cannot be written.
        """
        before, after = self._trusted(toolchain), _files(self._store, tree)
        self.distrust()
        with explained(f"cannot write the build tree {self.folder}"):
            changed, kept = _changed(before or {}, after), frozenset[str]()
            if before is None or self._may_be_tampered(before, after, changed):
                changed = list(after)
                kept = self._clear({p for p, file in after.items() if file.mode in _REGULAR})
            self._change(changed, after, kept)
            (self.folder / "haproxy").unlink(missing_ok=True)

    def trust(self, tree: str, toolchain: str) -> None:
        """Record that the folder holds *tree* and only complete objects, built by *toolchain*."""
        files = {path: [f.mode, f.blob] for path, f in _files(self._store, tree).items()}
        state = {"toolchain": toolchain, "files": files}
        self._workspace.write(self._marker, json.dumps(state).encode())

    def distrust(self) -> None:
        """Revoke trust(), before something writes to the folder."""
        self._marker.unlink(missing_ok=True)

    def _trusted(self, toolchain: str) -> _Files | None:
        """The files that the state file names; None without a valid one of *toolchain*."""
        try:
            state = json.loads(self._marker.read_text())
            files = {str(path): _File(mode, blob) for path, (mode, blob) in state["files"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return files if files and state["toolchain"] == toolchain else None

    def _may_be_tampered(self, before: _Files, after: _Files, changed: Iterable[str]) -> bool:
        """Whether files left by a build of *before* could affect a build of *after*."""
        compiled = all(map(_COMPILED.fullmatch, changed))
        return not compiled or any(map(self._is_replaced, _folders((*before, *after))))

    def _is_replaced(self, folder: str) -> bool:
        """Whether a symbolic link or a file is in the place of a *folder*."""
        path = self.folder / folder
        return os.path.lexists(path) and (path.is_symlink() or not path.is_dir())

    def _clear(self, wanted: Collection[str]) -> frozenset[str]:
        """Remove all but files in the places of *wanted* ones; those places, to be overwritten.

        To create a file takes ten times as long as to overwrite one.
        """
        folders = {str(parent) for path in wanted for parent in Path(path).parents}
        kept, unchecked = set[str](), [self.folder]
        while unchecked:
            for entry in os.scandir(unchecked.pop()):
                path = os.path.relpath(entry.path, self.folder)
                if not entry.is_dir(follow_symlinks=False):
                    if path in wanted and _may_be_overwritten(entry):
                        kept.add(path)
                    else:
                        Path(entry).unlink()
                elif path in folders and _is_open(entry):
                    unchecked.append(Path(entry))
                else:
                    remove(Path(entry))
        return frozenset(kept)

    def _change(self, changed: Sequence[str], after: _Files, kept: Collection[str]) -> None:
        """Make the *changed* paths what they are in *after*; *kept* files are overwritten.

        Outdated objects are removed, and files before others are written: a file may replace a
        folder, a folder a link.
        """
        # objects first, as a link written later could lead their paths out of the folder
        self._remove_objects(changed)
        removed = [path for path in changed if path not in after]
        written = [path for path in changed if path in after]
        for path in (*removed, *(path for path in written if path not in kept)):
            self._remove(path)
        for path in removed:
            self._prune(path)
        for folder in {Path(path).parent for path in written}:
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        for path in written:
            self._write(path, after[path])

    def _remove(self, path: str) -> None:
        target = self.folder / path
        try:
            target.unlink(missing_ok=True)
        except IsADirectoryError:  # which a file replaces
            shutil.rmtree(target)

    def _prune(self, path: str) -> None:
        """Remove the empty folders above *path*."""
        for parent in Path(path).parents:
            folder = self.folder / parent
            if folder == self.folder or not folder.is_dir() or any(folder.iterdir()):
                return
            folder.rmdir()

    def _write(self, path: str, file: _File) -> None:
        target = f"{self.folder}/{path}"
        _, data = self._store.read(file.blob)
        if file.mode == FileMode.LINK:
            Path(target).symlink_to(data.decode())
            return
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW)
        with os.fdopen(handle, "wb") as sink:
            sink.write(data)
            sink.truncate()
            os.fchmod(handle, 0o755 if file.mode == FileMode.BLOB_EXECUTABLE else 0o644)
            sink.flush()
            os.utime(handle, (_LONG_AGO, _LONG_AGO))

    def _remove_objects(self, changed: Collection[str]) -> None:
        """Remove the objects that *changed* files outdate, those of unknown dependencies, too."""
        change = Change(changed)
        for built in self.folder.rglob("*.o") if changed else ():
            if change.outdates(dependencies.read(built)):
                built.unlink()
                dependencies.file_of(built).unlink(missing_ok=True)


def _may_be_overwritten(entry: os.DirEntry[str]) -> bool:
    """Whether *entry* is a regular file that is in no other place, too."""
    state = entry.stat(follow_symlinks=False)
    is_own = state.st_nlink == 1 and state.st_mode & stat.S_IWUSR
    return stat.S_ISREG(state.st_mode) and bool(is_own)


def _is_open(entry: os.DirEntry[str]) -> bool:
    """Whether the owner may list and change the folder *entry*."""
    return entry.stat(follow_symlinks=False).st_mode & stat.S_IRWXU == stat.S_IRWXU


@functools.lru_cache(maxsize=4)  # each build tree is asked about the same source
def _files(store: pygit2.Repository, tree: str) -> _Files:
    """The files of *tree* that a build reads; of submodules it reads nothing."""
    found: dict[str, _File] = {}
    unread = [("", store[tree].peel(pygit2.Tree))]
    while unread:
        folder, entries = unread.pop()
        for entry in entries:
            path = f"{folder}{entry.name}"
            if isinstance(entry, pygit2.Tree):
                if is_built(path):
                    unread.append((f"{path}/", entry))
            elif is_built(path) and entry.filemode != FileMode.COMMIT:
                found[path] = _File(int(entry.filemode), str(entry.id))
    return found


def _changed(before: _Files, after: _Files) -> list[str]:
    """The paths at which two sources differ."""
    return [path for path in {**before, **after} if before.get(path) != after.get(path)]


def _folders(paths: Iterable[str]) -> set[str]:
    """All folders in which *paths* lie."""
    found: set[str] = set()
    for path in paths:
        while (path := path.rpartition("/")[0]) and path not in found:
            found.add(path)
    return found
