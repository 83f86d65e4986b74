"""The private object store of a clone, and the entries of a tree that a build reads."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pygit2

from bisector.system.files import digest, publish
from bisector.system.workspace import Workspace

# Entries at the top level of HAProxy's tree that `make haproxy` never reads. Any other entry counts
# as an input of the build: a missing name costs a build, a wrong name would cost a wrong verdict.
NOT_BUILT = frozenset(
    {
        *(".cirrus.yml", ".gitattributes", ".github", ".gitignore", ".mailmap", ".travis.yml"),
        *("BRANCHES", "CHANGELOG", "CONTRIBUTING", "INSTALL", "LICENSE", "MAINTAINERS", "README"),
        *("README.md", "ROADMAP", "BSDmakefile"),
        *("admin", "debian", "dev", "doc", "examples", "reg-tests", "scripts", "tests"),
    }
)

# Paths whose change mostly rebuilds every object file, as HAProxy's Makefile makes each depend on
# all headers; for estimates.
REBUILD_ALL = ("include", "Makefile")


def is_built(path: str) -> bool:
    """Whether a build of HAProxy may read the file at *path*."""
    return path.partition("/")[0] not in NOT_BUILT


def built_entries(tree: pygit2.Tree) -> tuple[tuple[str, int, str], ...]:
    """The (name, mode, id) of the top-level entries of *tree* that a build of HAProxy reads."""
    return tuple(
        (str(entry.name), int(entry.filemode), str(entry.id))
        for entry in tree
        if entry.name not in NOT_BUILT
    )


def entry_id(tree: pygit2.Tree, path: str) -> pygit2.Oid | None:
    """The id of the file, folder or submodule at *path* in *tree*; None if there is none."""
    try:
        return tree[path].id
    except KeyError:
        return None


def content_key(store: pygit2.Repository, tree: str) -> str:
    """A digest of what a build reads of *tree*: trees with the same key give the same binary."""
    entries = built_entries(store[tree].peel(pygit2.Tree))
    return digest(*(f"{name} {mode:o} {oid}" for name, mode, oid in entries))


def private_store(
    clone: pygit2.Repository, workspace: Workspace, beside: Iterable[pygit2.Repository] = ()
) -> pygit2.Repository:
    """The bare repository in the workspace whose alternates are the objects of the repositories.

    It is created if it does not exist. Each set of repositories has a store of its own, since
    several processes may use a store at the same time, and each needs all of its objects.
    """
    home = _common_folder(clone) / "objects"
    others = {_common_folder(one) / "objects" for one in beside} - {home}
    path = workspace.folder("stores") / f"{digest(str(home), *sorted(map(str, others)))}.git"
    if not path.exists():
        with workspace.scratch() as scratch:
            draft = scratch / path.name
            pygit2.init_repository(str(draft), bare=True)
            publish(draft, path)
    alternates = path / "objects" / "info" / "alternates"
    sources = _object_folders([home, *sorted(others)])
    content = os.fsencode("".join(f"{source}\n" for source in sources))
    if not alternates.exists() or alternates.read_bytes() != content:
        alternates.parent.mkdir(exist_ok=True)
        workspace.write(alternates, content)
    return pygit2.Repository(str(path))


def with_objects_of(
    clone: pygit2.Repository, beside: Iterable[pygit2.Repository]
) -> pygit2.Repository:
    """*clone* opened again, in a way that it also finds the objects of the repositories *beside*.

    Objects are found faster there than through a store. Nothing is written to be so.
    """
    opened = pygit2.Repository(clone.path)
    known = _object_folders([_common_folder(clone) / "objects"])
    for folder in _object_folders([_common_folder(one) / "objects" for one in beside]):
        if folder not in known and folder.is_dir():
            opened.odb.add_disk_alternate(str(folder))
    return opened


def _common_folder(repository: pygit2.Repository) -> Path:
    """The git folder that holds the objects: for a linked work tree, that of the main one.

    See `commondir` in gitrepository-layout(5).
    """
    folder = Path(repository.path)
    pointer = folder / "commondir"
    return (folder / pointer.read_text().strip() if pointer.exists() else folder).resolve()


def _object_folders(roots: Iterable[Path]) -> list[Path]:
    """The folders *roots* and their alternates, theirs included, each once.

    Relative paths are relative to each folder, see `objects/info/alternates` in
    gitrepository-layout(5).
    """
    found: list[Path] = []
    todo = list(roots)
    while todo:
        folder = todo.pop(0).resolve()
        if folder not in found:
            found.append(folder)
            alternates = folder / "info" / "alternates"
            lines = os.fsdecode(alternates.read_bytes()).splitlines() if alternates.exists() else []
            todo += (folder / line for line in lines if line and not line.startswith("#"))
    return found
