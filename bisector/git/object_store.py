"""The private object store of a clone, and the entries of a tree that a build reads."""

from __future__ import annotations

from collections.abc import Iterator
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
        *("admin", "dev", "doc", "examples", "reg-tests", "scripts", "tests"),
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


def private_store(clone: pygit2.Repository, workspace: Workspace) -> pygit2.Repository:
    """The bare repository in the workspace that has the clone's objects as its alternates.

    It is created if it does not exist.
    """
    sources = list(_object_folders(_common_folder(Path(clone.path)) / "objects"))
    path = workspace.folder("stores") / f"{digest(str(sources[0]))}.git"
    if not path.exists():
        with workspace.scratch() as scratch:
            draft = scratch / path.name
            pygit2.init_repository(str(draft), bare=True)
            publish(draft, path)
    alternates = path / "objects" / "info" / "alternates"
    content = "".join(f"{source}\n" for source in sources).encode()
    if not alternates.exists() or alternates.read_bytes() != content:
        alternates.parent.mkdir(exist_ok=True)
        workspace.write(alternates, content)
    return pygit2.Repository(str(path))


def _common_folder(git_folder: Path) -> Path:
    """The git folder that holds the objects: for a linked work tree, that of the main one.

    See `commondir` in gitrepository-layout(5).
    """
    pointer = git_folder / "commondir"
    return (git_folder / pointer.read_text().strip()).resolve() if pointer.exists() else git_folder


def _object_folders(objects: Path) -> Iterator[Path]:
    """*objects* and its alternates, theirs included; relative paths are relative to each folder.

    See `objects/info/alternates` in gitrepository-layout(5).
    """
    objects = objects.resolve()
    yield objects
    alternates = objects / "info" / "alternates"
    if alternates.exists():
        for line in alternates.read_text().splitlines():
            if line and not line.startswith("#"):
                yield from _object_folders(objects / line)
