"""The objects of trees that builds read, compressed for the transfer to another machine.

Each object is sent with its id, which is its hash, so the receiver detects damaged objects.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pygit2
from pygit2.enums import FileMode, ObjectType

from bisector.errors import WorkspaceProblem
from bisector.git.object_store import NOT_BUILT

_KINDS = {"blob": ObjectType.BLOB, "tree": ObjectType.TREE}
_LEVEL = 1  # of zlib: 1.5 times the size of the best level, in a tenth of its time
_CACHE_BYTES = 64 << 20  # of compressed objects that a packer keeps


@dataclass(frozen=True)
class Archive:
    """The objects of trees as (kind, id, deflated content), each after those that it refers to.

    The objects of the tree ``base`` are left out, if it is not ''.
    """

    base: str
    objects: tuple[tuple[str, str, bytes], ...]

    @property
    def size(self) -> int:
        """The number of compressed bytes."""
        return sum(len(content) for _, _, content in self.objects)


class Packer:
    """Packs trees of the object store at *path* and caches their compressed objects.

    Trees of one history share most of their files, so with many workers the client would otherwise
    compress most of them once for each worker.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._cache: dict[str, bytes] = {}
        self._cached_bytes = 0

    def pack(self, trees: Sequence[str], base: str = "") -> Archive:
        """The objects of *trees* that builds read, without those of *base*.

        *base* is a tree that the receiver has; it is ignored if the store lacks it. May be called
        by several threads.
        """
        store = pygit2.Repository(self._path)
        base = base if base and base in store else ""
        known = set(_objects(store, base)) if base else set()
        every = (entry for tree in trees for entry in _objects(store, tree))
        needed = dict.fromkeys(entry for entry in every if entry not in known)
        objects = ((kind, key, self._deflated(store, key)) for kind, key in needed)
        return Archive(base, tuple(objects))

    def _deflated(self, store: pygit2.Repository, object_id: str) -> bytes:
        content = self._cache.get(object_id)
        if content is None:
            content = zlib.compress(store.odb.read(object_id)[1], _LEVEL)
            if self._cached_bytes + len(content) > _CACHE_BYTES:
                self._cache, self._cached_bytes = {}, 0
            self._cache[object_id] = content
            self._cached_bytes += len(content)
        return content


def unpack(store: pygit2.Repository, packed: Archive) -> None:
    """Write the objects of an archive to *store*, unless it lacks the archive's base.

    Objects are written after those that they refer to, so a tree in the store is complete even if
    this is interrupted. Raises WorkspaceProblem for an object whose hash is not its id.
    """
    if packed.base and packed.base not in store:
        return
    for kind, object_id, content in packed.objects:
        if str(store.odb.write(_KINDS[kind], _inflated(content))) != object_id:
            raise WorkspaceProblem(
                f"{kind} {object_id} was damaged in transfer", "run the same command again"
            )


def _inflated(content: bytes) -> bytes:
    """The content before compression; b'' if it is damaged, which fails the check of the hash."""
    try:
        return zlib.decompress(content)
    except zlib.error:
        return b""


def _objects(store: pygit2.Repository, tree: str) -> Iterator[tuple[str, str]]:
    """The (kind, id) of the objects to send for *tree*, each after those that it refers to.

    Of folders that no build reads, only the trees are sent: comparing two trees reads them.
    """
    top = store[tree].peel(pygit2.Tree)
    for entry in top:
        yield from _entry_objects(store, entry, built=entry.name not in NOT_BUILT)
    yield "tree", str(top.id)


def _entry_objects(
    store: pygit2.Repository, entry: pygit2.Object, built: bool
) -> Iterator[tuple[str, str]]:
    if isinstance(entry, pygit2.Tree):
        for child in entry:
            yield from _entry_objects(store, child, built)
        yield "tree", str(entry.id)
    elif built and entry.filemode != FileMode.COMMIT:
        yield "blob", str(entry.id)
