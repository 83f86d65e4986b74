"""The files of a revision's own reg-tests, written for VTest."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from bisector.system import cache
from bisector.system.files import digest, explained, publish
from bisector.system.locks import hold
from bisector.system.workspace import Workspace

FOLDER = "reg-tests"  # in HAProxy's tree, and in the workspace


@contextmanager
def exported(workspace: Workspace, store: pygit2.Repository, tree: str) -> Iterator[Path]:
    """A context manager that yields a folder with the `reg-tests/` of the tree with this id.

    The folder is kept in the workspace's cache and not evicted within the context. In place of a
    symbolic link to a file outside of `reg-tests/` there is a copy of that; other links that lead
    out of it are left out.
    """
    top, empty = (store[key].peel(pygit2.Tree) for key in (tree, store.TreeBuilder().write()))
    folders = (entry for entry in top if entry.name == FOLDER and isinstance(entry, pygit2.Tree))
    source = next(folders, empty)
    copies = dict(_linked(top, source))
    parts = (part for name, blob in copies.items() for part in (name, str(blob.id)))
    home = workspace.folder(FOLDER) / (digest(str(source.id), *parts) if copies else str(source.id))
    while True:
        if not home.is_dir():
            with workspace.scratch() as scratch:
                _export(source, copies, scratch / home.name)
                publish(scratch / home.name, home)
        with hold(home) as held:
            if held:  # else another process has just evicted it
                cache.touch(home)
                yield home
                return


def _linked(top: pygit2.Tree, source: pygit2.Tree) -> Iterator[tuple[str, pygit2.Blob]]:
    """The symbolic links of *source*, `reg-tests/` of *top*, to files outside of it, by name."""
    for name, target in _links(source, FOLDER):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        if not path.startswith((f"{FOLDER}/", "../", "/")) and path in top:
            entry = top[path]
            if isinstance(entry, pygit2.Blob) and entry.filemode != FileMode.LINK:
                yield name, entry


def _links(tree: pygit2.Tree, folder: str) -> Iterator[tuple[str, str]]:
    """The symbolic links of *tree*, which is called *folder*, by name, with their targets."""
    for entry in tree:
        name = f"{folder}/{entry.name}"
        if isinstance(entry, pygit2.Tree):
            yield from _links(entry, name)
        elif isinstance(entry, pygit2.Blob) and entry.filemode == FileMode.LINK:
            yield name, os.fsdecode(entry.data)


def _export(source: pygit2.Tree, copies: Mapping[str, pygit2.Blob], draft: Path) -> None:
    root = draft / FOLDER
    with explained(f"cannot write {draft}"):
        links = list(_write(source, root))
        for link, target in links:  # last, so that no file is written through a link
            link.symlink_to(target)
        for link, _ in links:
            if not Path(os.path.realpath(link)).is_relative_to(root.resolve()):
                link.unlink()
        for name, blob in copies.items():
            (draft / name).unlink(missing_ok=True)
            (draft / name).write_bytes(blob.data)


def _write(tree: pygit2.Tree, folder: Path) -> Iterator[tuple[Path, str]]:
    """Write the files of *tree*; yield its symbolic links with their targets."""
    folder.mkdir(parents=True)
    for entry in tree:
        path = folder / str(entry.name)
        if isinstance(entry, pygit2.Tree):
            yield from _write(entry, path)
        elif isinstance(entry, pygit2.Blob) and entry.filemode == FileMode.LINK:
            yield path, os.fsdecode(entry.data)
        elif isinstance(entry, pygit2.Blob):
            path.write_bytes(entry.data)
            path.chmod(0o755 if entry.filemode == FileMode.BLOB_EXECUTABLE else 0o644)
