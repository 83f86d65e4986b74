"""Put a revision's files into a build tree, touching only what differs from what lies there.

What was built from a file that changes is removed with it, so an incremental build depends on no
clock: HAProxy's Makefile makes every object depend on every header, and so does this.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from bisector.store import NOT_BUILT
from bisector.workspace import explained, write_whole

_REBUILD_ALL = (".h", ".mk", "Makefile", "Makefile.inc")


class BuildTree:
    """A folder with one revision's sources and what was built from them.

    Beside it a small file names the tree that it holds; while that is being changed or built there
    is no such file, so what a kill leaves behind is never taken for whole.
    """

    def __init__(self, folder: Path, store: pygit2.Repository) -> None:
        self.folder = folder
        self._store = store
        self._marker = folder.with_suffix(".state")

    def checkout(self, tree: str, toolchain: str) -> None:
        """Make the folder hold *tree*, and of what *toolchain* built before only what still holds.

        Raises WorkspaceProblem if the disk refuses.
        """
        before = self._held(toolchain)
        self._marker.unlink(missing_ok=True)
        with explained(f"cannot write the build tree {self.folder}"):
            if before is None:
                self._clear()
                changed = list(self._write_all(tree))
            else:
                changed = list(self._write_changes(before, tree))
            self._forget_objects(changed)
            (self.folder / "haproxy").unlink(missing_ok=True)

    def keep(self, tree: str, toolchain: str) -> None:
        """Vouch for the folder: it holds *tree*, and what *toolchain* built is whole."""
        write_whole(self._marker, json.dumps({"tree": tree, "toolchain": toolchain}).encode())

    def _held(self, toolchain: str) -> str | None:
        try:
            state = json.loads(self._marker.read_text())
            known = state["toolchain"] == toolchain and state["tree"] in self._store
        except (OSError, ValueError, KeyError):
            return None
        return str(state["tree"]) if known else None

    def _clear(self) -> None:
        for entry in self.folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _write_all(self, tree: str) -> Iterator[str]:
        empty = self._store.TreeBuilder().write()
        return self._write_changes(str(empty), tree)

    def _write_changes(self, before: str, after: str) -> Iterator[str]:
        """Remove first, then write: a file may take a folder's place, or a folder a link's."""
        diff = self._tree(before).diff_to_tree(self._tree(after), swap=False)
        deltas = [d for d in diff.deltas if d.new_file.path.split("/", 1)[0] not in NOT_BUILT]
        for delta in deltas:
            self._remove(delta.old_file.path)
        for delta in deltas:
            if delta.status_char() != "D":
                self._write(delta.new_file.path, delta.new_file.id, delta.new_file.mode)
            yield delta.new_file.path

    def _tree(self, name: str) -> pygit2.Tree:
        return self._store[name].peel(pygit2.Tree)

    def _remove(self, path: str) -> None:
        victim = self.folder / path
        victim.unlink(missing_ok=True)
        for parent in victim.relative_to(self.folder).parents:
            folder = self.folder / parent
            if folder == self.folder or not folder.is_dir() or any(folder.iterdir()):
                return
            folder.rmdir()

    def _write(self, path: str, blob: pygit2.Oid, mode: int) -> None:
        if mode == FileMode.COMMIT:  # a submodule: nothing that a build could read
            return
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        data = self._store[blob].peel(pygit2.Blob).data
        if mode == FileMode.LINK:
            target.symlink_to(data.decode())
            return
        target.write_bytes(data)
        target.chmod(0o755 if mode == FileMode.BLOB_EXECUTABLE else 0o644)

    def _forget_objects(self, changed: Iterable[str]) -> None:
        names = list(changed)
        if any(name.endswith(_REBUILD_ALL) for name in names):
            stale: Iterable[Path] = self.folder.rglob("*.o")
        else:
            stale = ((self.folder / name).with_suffix(".o") for name in names)
        for path in stale:
            path.unlink(missing_ok=True)
