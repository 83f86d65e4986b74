"""Check out revisions into a build tree, writing only the files that differ.

The objects that depend on a changed file are removed, so incremental builds do not depend on file
times. HAProxy's Makefile makes every object depend on every header; here the compiler says which
files it read for an object (see :mod:`bisector.build.dependencies`), and sources are dated back for
make. The files that a build leaves are not trusted: symbolic links in them are not followed, the
folder is no git repository, so no hook runs, and the folder is cleared if any file changes that
make or a shell may execute.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import stat
from collections.abc import Collection, Sequence
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


class BuildTree:
    """A folder with one revision's sources and the objects built from them.

    A state file beside the folder names its tree and toolchain. It does not exist during a checkout
    or a build, so the folder is not trusted after a kill.
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
        before = self._trusted_tree(toolchain)
        deltas = self._deltas(before, tree) if before else ()
        if before is None or self._may_be_tampered(before, tree, deltas):
            return math.inf
        return sum(_HEADER if d.new_file.path.endswith(".h") else 1 for d in deltas)

    def checkout(self, tree: str, toolchain: str) -> None:
        """Check out *tree*; keep only objects that *toolchain* built from unchanged files.

        *tree* is a tree's id, *toolchain* a toolchain's identity. Raises WorkspaceProblem if the
        folder cannot be written.
        """
        before = self._trusted_tree(toolchain)
        self.distrust()
        with explained(f"cannot write the build tree {self.folder}"):
            deltas, kept = self._deltas(before, tree), frozenset[str]()
            if before is None or self._may_be_tampered(before, tree, deltas):
                deltas = self._deltas(None, tree)
                kept = self._clear({d.new_file.path for d in deltas if d.new_file.mode in _REGULAR})
            self._change(deltas, kept)
            (self.folder / "haproxy").unlink(missing_ok=True)

    def trust(self, tree: str, toolchain: str) -> None:
        """Record that the folder holds *tree* and only complete objects, built by *toolchain*."""
        state = {"tree": tree, "toolchain": toolchain}
        self._workspace.write(self._marker, json.dumps(state).encode())

    def distrust(self) -> None:
        """Revoke trust(), before something writes to the folder."""
        self._marker.unlink(missing_ok=True)

    def _trusted_tree(self, toolchain: str) -> str | None:
        """The tree of the state file; None without a valid one of *toolchain*."""
        try:
            state = json.loads(self._marker.read_text())
            known = state["toolchain"] == toolchain and state["tree"] in self._store
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return str(state["tree"]) if known else None

    def _may_be_tampered(self, before: str, after: str, deltas: Sequence[pygit2.DiffDelta]) -> bool:
        """Whether files left by a build of *before* could affect a build of *after*."""
        compiled = all(_COMPILED.fullmatch(delta.new_file.path) for delta in deltas)
        return not compiled or any(map(self._has_replaced_folder, (before, after)))

    def _has_replaced_folder(self, tree: str) -> bool:
        """Whether a symbolic link or a file is in the place of a folder of *tree*."""
        unchecked = [(self.folder, self._tree(tree))]
        while unchecked:
            folder, entries = unchecked.pop()
            for entry in entries:
                path = folder / str(entry.name)
                if isinstance(entry, pygit2.Tree) and os.path.lexists(path):
                    if path.is_symlink() or not path.is_dir():
                        return True
                    unchecked.append((path, entry))
        return False

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

    def _deltas(self, before: str | None, after: str) -> list[pygit2.DiffDelta]:
        """The differences in files that a build reads; *before* is None for an empty folder."""
        diff = self._tree(before or str(self._store.TreeBuilder().write())).diff_to_tree(
            self._tree(after)
        )
        return [d for d in diff.deltas if is_built(d.new_file.path)]

    def _change(self, deltas: Sequence[pygit2.DiffDelta], kept: Collection[str]) -> None:
        """Apply *deltas* to the folder and remove outdated objects; *kept* files are overwritten.

        Files are removed before others are written: a file may replace a folder, a folder a link.
        """
        # objects first, as a link written later could lead their paths out of the folder
        self._remove_objects(deltas)
        removed = [d.old_file.path for d in deltas if d.status_char() == "D"]
        written = [d.new_file for d in deltas if d.status_char() != "D"]
        for path in (*removed, *(file.path for file in written if file.path not in kept)):
            self._remove(path)
        for path in removed:
            self._prune(path)
        for folder in {Path(file.path).parent for file in written}:
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        for file in written:
            self._write(file.path, file.id, file.mode)

    def _tree(self, name: str) -> pygit2.Tree:
        return self._store[name].peel(pygit2.Tree)

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

    def _write(self, path: str, blob: pygit2.Oid, mode: int) -> None:
        if mode == FileMode.COMMIT:  # a submodule, which no build reads
            return
        target = f"{self.folder}/{path}"
        _, data = self._store.read(blob)
        if mode == FileMode.LINK:
            Path(target).symlink_to(data.decode())
            return
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW)
        with os.fdopen(handle, "wb") as sink:
            sink.write(data)
            sink.truncate()
            os.fchmod(handle, 0o755 if mode == FileMode.BLOB_EXECUTABLE else 0o644)
            sink.flush()
            os.utime(handle, (_LONG_AGO, _LONG_AGO))

    def _remove_objects(self, deltas: Sequence[pygit2.DiffDelta]) -> None:
        """Remove the objects that *deltas* outdate, those of unknown dependencies among them."""
        change = Change({path for d in deltas for path in (d.old_file.path, d.new_file.path)})
        for built in self.folder.rglob("*.o") if deltas else ():
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
