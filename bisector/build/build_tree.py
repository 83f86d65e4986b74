"""Put a revision's files into a build tree, touching only what differs from what lies there.

What was built from a file that changes is removed with it, so an incremental build depends on no
clock: HAProxy's Makefile makes every object depend on every header, and so does this. What was
built there is not trusted: no link that it planted is followed, no hook is run, for the folder is
no repository, and whatever it left goes when anything changes that make or a shell may run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from bisector.git.object_store import is_built
from bisector.system.workspace import Workspace, explained, remove

# What a compiler alone reads, which runs nothing of it. All else may be code: even VERSION's text
# is put into a command by HAProxy's Makefile.
_COMPILED = re.compile(r"[\w./-]+\.[ch]")


class BuildTree:
    """A folder with one revision's sources and what was built from them.

    Beside it a small file names the tree that it holds; while that is being changed or built there
    is no such file, so what a kill leaves behind is never taken for whole.
    """

    def __init__(self, folder: Path, store: pygit2.Repository, workspace: Workspace) -> None:
        self.folder = folder
        self._workspace = workspace
        self._store = store
        self._marker = folder.with_suffix(".state")

    def checkout(self, tree: str, toolchain: str) -> None:
        """Make the folder hold *tree*, and of what *toolchain* built before only what still holds.

        Raises WorkspaceProblem if the disk refuses.
        """
        before = self._held(toolchain)
        self.distrust()
        with explained(f"cannot write the build tree {self.folder}"):
            deltas = self._deltas(before, tree)
            if before is None or self._may_be_spoiled(before, tree, deltas):
                self._clear()
                deltas = self._deltas(None, tree)
            self._change(deltas)
            (self.folder / "haproxy").unlink(missing_ok=True)

    def keep(self, tree: str, toolchain: str) -> None:
        """Vouch for the folder: it holds *tree*, and what *toolchain* built is whole."""
        state = {"tree": tree, "toolchain": toolchain}
        self._workspace.write(self._marker, json.dumps(state).encode())

    def distrust(self) -> None:
        """Take keep() back: something else writes to the folder."""
        self._marker.unlink(missing_ok=True)

    def _held(self, toolchain: str) -> str | None:
        try:
            state = json.loads(self._marker.read_text())
            known = state["toolchain"] == toolchain and state["tree"] in self._store
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return str(state["tree"]) if known else None

    def _may_be_spoiled(self, before: str, after: str, deltas: Sequence[pygit2.DiffDelta]) -> bool:
        """Can what was built of *before*, or left by it, do harm to a build of *after*?"""
        compiled = all(_COMPILED.fullmatch(delta.new_file.path) for delta in deltas)
        return not compiled or self._is_planted(before) or self._is_planted(after)

    def _is_planted(self, tree: str) -> bool:
        """Has a build put something else, such as a link that leads out, in a folder's place?"""
        waiting = [(self.folder, self._tree(tree))]
        while waiting:
            folder, held = waiting.pop()
            for one in held:
                path = folder / str(one.name)
                if isinstance(one, pygit2.Tree) and os.path.lexists(path):
                    if path.is_symlink() or not path.is_dir():
                        return True
                    waiting.append((path, one))
        return False

    def _clear(self) -> None:
        for entry in self.folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                remove(entry)
            else:
                entry.unlink()

    def _deltas(self, before: str | None, after: str) -> list[pygit2.DiffDelta]:
        """What differs of what a build reads; *before* is None for an empty folder."""
        diff = self._tree(before or str(self._store.TreeBuilder().write())).diff_to_tree(
            self._tree(after)
        )
        return [d for d in diff.deltas if is_built(d.new_file.path)]

    def _change(self, deltas: Sequence[pygit2.DiffDelta]) -> None:
        """Remove first, then write: a file may take a folder's place, or a folder a link's."""
        # as long as the folder is as it was: a new link could lead out of it
        self._forget_objects([d.old_file.path for d in deltas if d.status_char() != "A"])
        if any(d.new_file.path.endswith(".h") for d in deltas):
            self._forget_objects(self._objects())
        gone = [d.old_file.path for d in deltas if d.status_char() == "D"]
        kept = [d.new_file for d in deltas if d.status_char() != "D"]
        for path in (*gone, *(file.path for file in kept)):
            self._remove(path)
        for path in gone:
            self._prune(path)
        for folder in {Path(file.path).parent for file in kept}:
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        for file in kept:
            self._write(file.path, file.id, file.mode)

    def _tree(self, name: str) -> pygit2.Tree:
        return self._store[name].peel(pygit2.Tree)

    def _remove(self, path: str) -> None:
        victim = self.folder / path
        try:
            victim.unlink(missing_ok=True)
        except IsADirectoryError:  # a file takes its place
            shutil.rmtree(victim)

    def _prune(self, path: str) -> None:
        """Remove the folders that are empty without *path*."""
        for parent in Path(path).parents:
            folder = self.folder / parent
            if folder == self.folder or not folder.is_dir() or any(folder.iterdir()):
                return
            folder.rmdir()

    def _write(self, path: str, blob: pygit2.Oid, mode: int) -> None:
        if mode == FileMode.COMMIT:  # a submodule: nothing that a build could read
            return
        target = self.folder / path
        data = self._store[blob].peel(pygit2.Blob).data
        if mode == FileMode.LINK:
            target.symlink_to(data.decode())
            return
        target.write_bytes(data)
        target.chmod(0o755 if mode == FileMode.BLOB_EXECUTABLE else 0o644)

    def _objects(self) -> list[str]:
        return [str(path.relative_to(self.folder)) for path in self.folder.rglob("*.o")]

    def _forget_objects(self, sources: Iterable[str]) -> None:
        for name in sources:
            (self.folder / name).with_suffix(".o").unlink(missing_ok=True)
