"""A tree on its way to another machine: what a build reads of it, as a compressed archive.

An object's name there is its own hash, so whoever unpacks it cannot be told anything wrong.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

import pygit2
from pygit2.enums import FileMode, ObjectType

from bisector.errors import WorkspaceProblem
from bisector.store import NOT_BUILT

_KINDS = {"blob": ObjectType.BLOB, "tree": ObjectType.TREE}
_BASE = "bisector.base"  # the header that names it
_LEVEL = 1  # of gzip: half again as large as the best, in a tenth of the time


def pack(store: pygit2.Repository, tree: str, base: str = "") -> bytes:
    """The objects of *tree* that a build reads, but for those of *base*, which the other has.

    A *base* that *store* does not know saves nothing.
    """
    base = base if base and base in store else ""
    there = set(_objects(store, base)) if base else set()
    packed = io.BytesIO()
    with tarfile.open(
        fileobj=packed, mode="w:gz", compresslevel=_LEVEL, pax_headers={_BASE: base}
    ) as archive:
        for kind, name in dict.fromkeys(_objects(store, tree)):
            if (kind, name) not in there:
                data = store.odb.read(name)[1]
                entry = tarfile.TarInfo(f"{kind}/{name}")
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def unpack(store: pygit2.Repository, packed: bytes) -> None:
    """Put the objects of an archive into *store*, unless that lacks the base that it was made for.

    What needs another one comes after it: a tree that is there is there with all that it needs.
    Raises WorkspaceProblem if an object is not what it is called.
    """
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        base = archive.pax_headers.get(_BASE)
        if base and base not in store:
            return
        for entry in archive:
            kind, _, name = entry.name.partition("/")
            source = archive.extractfile(entry)
            if source is None or str(store.odb.write(_KINDS[kind], source.read())) != name:
                raise WorkspaceProblem(f"{entry.name} came damaged", "run the same command again")


def _objects(store: pygit2.Repository, tree: str) -> Iterator[tuple[str, str]]:
    """(kind, name) of what is needed of *tree*, parts first.

    Of what is not built these are the folders alone: trees are compared by them.
    """
    top = store[tree].peel(pygit2.Tree)
    for entry in top:
        yield from _below(store, entry, built=entry.name not in NOT_BUILT)
    yield "tree", str(top.id)


def _below(
    store: pygit2.Repository, entry: pygit2.Object, built: bool
) -> Iterator[tuple[str, str]]:
    if isinstance(entry, pygit2.Tree):
        for one in entry:
            yield from _below(store, one, built)
        yield "tree", str(entry.id)
    elif built and entry.filemode != FileMode.COMMIT:
        yield "blob", str(entry.id)
