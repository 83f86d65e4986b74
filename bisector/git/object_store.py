"""The private object store beside a clone, and which part of a tree makes the binary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pygit2

from bisector.system.workspace import Workspace, digest, publish

# What `make haproxy` never reads. Whatever is not named here counts as a part of the binary: a
# name too few costs a build, a name too many would cost a wrong verdict.
NOT_BUILT = frozenset(
    {
        *(".cirrus.yml", ".gitattributes", ".github", ".gitignore", ".mailmap", ".travis.yml"),
        *("BRANCHES", "CHANGELOG", "CONTRIBUTING", "INSTALL", "LICENSE", "MAINTAINERS", "README"),
        *("README.md", "ROADMAP", "BSDmakefile"),
        *("admin", "dev", "doc", "examples", "reg-tests", "scripts", "tests"),
    }
)

# Where the files lie whose change rebuilds every object, mostly: for estimates.
REBUILD_ALL = ("include", "Makefile")


def is_built(path: str) -> bool:
    """Whether a build of HAProxy may read the file at *path*."""
    return path.partition("/")[0] not in NOT_BUILT


def built_entries(tree: pygit2.Tree) -> tuple[tuple[str, int, str], ...]:
    """The (name, mode, id) of what a build of HAProxy reads at a tree's top level."""
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
    """A name for what a build reads of *tree*: two trees with one key give one binary."""
    found = store[tree].peel(pygit2.Tree)
    return digest(*(f"{name} {mode:o} {oid}" for name, mode, oid in built_entries(found)))


def private_store(clone: pygit2.Repository, workspace: Workspace) -> pygit2.Repository:
    """The bare repository in the workspace that sees the clone's objects."""
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
    """Where the objects are: a linked work tree's folder only points at the main one's."""
    pointer = git_folder / "commondir"
    return (git_folder / pointer.read_text().strip()).resolve() if pointer.exists() else git_folder


def _object_folders(objects: Path) -> Iterator[Path]:
    """*objects* and what it borrows from in turn; a relative name there is relative to it."""
    objects = objects.resolve()
    yield objects
    borrowed = objects / "info" / "alternates"
    if borrowed.exists():
        for line in borrowed.read_text().splitlines():
            if line and not line.startswith("#"):
                yield from _object_folders(objects / line)
