"""A tree on its way to another machine: what a build reads of it, compressed.

An object's name there is its own hash, so whoever unpacks it cannot be told anything wrong.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import pygit2
from pygit2.enums import FileMode, ObjectType

from bisector.errors import WorkspaceProblem
from bisector.git.object_store import NOT_BUILT

_KINDS = {"blob": ObjectType.BLOB, "tree": ObjectType.TREE}
_LEVEL = 1  # of zlib: half again as large as the best, in a tenth of the time
_ROOM = 64 << 20  # bytes that a packer keeps


@dataclass(frozen=True)
class Archive:
    """The (kind, name, deflated content) of a tree's objects, parts first.

    Those of the tree ``base`` are left out, unless that is ''.
    """

    base: str
    objects: tuple[tuple[str, str, bytes], ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(len(content) for _, _, content in self.objects)


class Packer:
    """Packs the trees of the object store at *path*; what it compressed lately it keeps.

    Trees of one history have most of their files in common: to compress each once instead of once
    for each worker is what a client's processor bears many workers by.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._kept: dict[str, bytes] = {}
        self._size = 0

    def pack(self, tree: str, base: str = "") -> Archive:
        """The objects of *tree* that a build reads, but for those of *base*, which the other has.

        A *base* that the store does not know saves nothing. May be called by several threads.
        """
        store = pygit2.Repository(self._path)
        base = base if base and base in store else ""
        there = set(_objects(store, base)) if base else set()
        needed = dict.fromkeys(one for one in _objects(store, tree) if one not in there)
        return Archive(base, tuple((*one, self._deflated(store, one[1])) for one in needed))

    def _deflated(self, store: pygit2.Repository, name: str) -> bytes:
        content = self._kept.get(name)
        if content is None:
            content = zlib.compress(store.odb.read(name)[1], _LEVEL)
            if self._size + len(content) > _ROOM:
                self._kept, self._size = {}, 0
            self._kept[name] = content
            self._size += len(content)
        return content


def unpack(store: pygit2.Repository, packed: Archive) -> None:
    """Put the objects of an archive into *store*, unless that lacks the base that it was made for.

    What needs another one comes after it: a tree that is there is there with all that it needs.
    Raises WorkspaceProblem if an object is not what it is called.
    """
    if packed.base and packed.base not in store:
        return
    for kind, name, content in packed.objects:
        if str(store.odb.write(_KINDS[kind], _inflated(content))) != name:
            raise WorkspaceProblem(f"{kind} {name} came damaged", "run the same command again")


def _inflated(content: bytes) -> bytes:
    """What was deflated; b'' if that cannot be told, which is nobody's content here."""
    try:
        return zlib.decompress(content)
    except zlib.error:
        return b""


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
