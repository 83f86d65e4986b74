"""Three-way merges in memory: of a file's content, and of whole trees, file by file.

Trees merge as git merges them, but for lists of object files, see object_lists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pygit2
from pygit2.enums import DeltaStatus, FileMode, MergeFavor, MergeFileFlag

from bisector.git.object_store import is_built
from bisector.patch import object_lists
from bisector.patch.conflict import FileConflict, Region, Span, changes, regions, touch
from bisector.patch.hunks import REGULAR_MODES

AS_GIT = MergeFileFlag.DIFF_MINIMAL  # libgit2's default finds conflicts where git has none
_WITH_MARKERS = AS_GIT | MergeFileFlag.STYLE_DIFF3 | MergeFileFlag.ACCEPT_CONFLICTS
_BINARY_PROBE = 8000  # bytes; git takes a file for binary if these hold a NUL (xdiff-interface.c)

# the entries of one file in the base, in ours and in theirs; None where it does not exist
Sides = tuple[pygit2.IndexEntry | None, pygit2.IndexEntry | None, pygit2.IndexEntry | None]


@dataclass(frozen=True)
class MergedTree:
    """The id of a merged tree, and the paths whose changes were ``left_out`` of the merge."""

    tree: pygit2.Oid
    left_out: tuple[str, ...] = ()


def merge_contents(
    store: pygit2.Repository, base: bytes, ours: bytes, theirs: bytes
) -> bytes | None:
    """The three-way merge of a file's content; None where it conflicts."""
    # merge_file_from_index would decode the result, and sources need not be UTF-8
    blobs = [store.create_blob(side) for side in (base, ours, theirs)]
    merged = _merge_blobs(store, blobs, AS_GIT)
    return None if merged.conflicts else store[merged["file"].id].peel(pygit2.Blob).data


def merge_trees(
    store: pygit2.Repository, base: pygit2.Tree, ours: pygit2.Tree, theirs: pygit2.Tree
) -> MergedTree | tuple[FileConflict, ...]:
    """The tree of *ours* with the changes from *base* to *theirs*, or the files that conflict.

    If only files conflict that no build reads, and other changes remain, those files stay as they
    are in *ours*.
    """
    if simple := _merge_contents_of(store, base, ours, theirs):
        contents, clashing = simple
        if not clashing:
            return MergedTree(_with_contents(store, ours, contents))
        if any(map(is_built, _paths(clashing))):
            return _file_conflicts(store, clashing)
    index = store.merge_trees(base, ours, theirs, file_flags=AS_GIT)
    sides = _clashing(store, index)
    if not sides:
        return MergedTree(index.write_tree(store))
    conflicts = _file_conflicts(store, sides)
    paths = _paths(sides)
    if not any(map(is_built, paths)):
        remaining = _with_files_of(store, base, theirs, paths)
        index = store.merge_trees(base, ours, remaining, file_flags=AS_GIT)
        if index.conflicts is None and remaining != base.id:
            left_out = tuple(conflict.path for conflict in conflicts)
            return MergedTree(index.write_tree(store), left_out)
    return conflicts


def _merge_contents_of(
    store: pygit2.Repository, base: pygit2.Tree, ours: pygit2.Tree, theirs: pygit2.Tree
) -> tuple[dict[str, pygit2.Oid], list[Sides]] | None:
    """The new content of each file of *ours* that the merge changes, and the files that conflict.

    None if it does more than to change contents. A merge of whole trees finds the same and takes
    some 20 ms, whatever the change, since it reads them all.
    """
    contents, clashing = dict[str, pygit2.Oid](), list[Sides]()
    for delta in base.diff_to_tree(theirs).deltas:
        path, old, new = delta.new_file.path, delta.old_file, delta.new_file
        own = _entry(ours, path)
        is_same = own is not None and own.filemode == old.mode == new.mode in REGULAR_MODES
        if own is None or delta.status != DeltaStatus.MODIFIED or not is_same:
            return None
        if own.id == old.id:
            contents[path] = new.id
        elif own.id != new.id:
            versions, mode = (old, own, new), FileMode(new.mode)
            merged = _merge_blobs(store, [one.id for one in versions], AS_GIT)
            sides = [pygit2.IndexEntry(path, one.id, mode) for one in versions]
            blob = _merged_lists(store, *sides) if merged.conflicts else merged["file"].id
            if blob is None:
                clashing.append((sides[0], sides[1], sides[2]))
            else:
                contents[path] = blob
    return contents, clashing


def _clashing(store: pygit2.Repository, index: pygit2.Index) -> list[Sides]:
    """The files that conflict in *index*, a merge, after lists of object files were merged."""
    clashing = list[Sides]()
    for sides in list(index.conflicts or ()):
        base, ours, theirs = sides
        blob = _merged_lists(store, base, ours, theirs) if base and ours and theirs else None
        if blob is None or ours is None:
            clashing.append(sides)
        else:
            index.add(pygit2.IndexEntry(ours.path, blob, FileMode(ours.mode)))
            del index.conflicts[ours.path]
    return clashing


def _merged_lists(
    store: pygit2.Repository,
    base: pygit2.IndexEntry,
    ours: pygit2.IndexEntry,
    theirs: pygit2.IndexEntry,
) -> pygit2.Oid | None:
    """A merge of a Makefile that conflicts, if that is in lists of object files alone; or None."""
    if ours.path != object_lists.PATH:
        return None
    blobs = [one.id for one in (base, ours, theirs)]
    marked, with_ours = (
        store[_merge_blobs(store, blobs, flags, favor)["file"].id].peel(pygit2.Blob).data
        for flags, favor in ((_WITH_MARKERS, MergeFavor.NORMAL), (AS_GIT, MergeFavor.OURS))
    )
    merged = object_lists.merge(marked, with_ours)
    return None if merged is None else store.create_blob(merged)


def _entry(tree: pygit2.Tree, path: str) -> pygit2.Object | None:
    try:
        return tree[path]
    except KeyError:
        return None


def _with_contents(
    store: pygit2.Repository, tree: pygit2.Tree, contents: Mapping[str, pygit2.Oid]
) -> pygit2.Oid:
    """*tree* with other *contents* of some of its files, by path."""
    builder = store.TreeBuilder(tree)
    folders = defaultdict[str, dict[str, pygit2.Oid]](dict)
    for path, blob in contents.items():
        name, _, rest = path.partition("/")
        if rest:
            folders[name][rest] = blob
        else:
            builder.insert(name, blob, tree[name].filemode)
    for name, inner in folders.items():
        folder = store[tree[name].id].peel(pygit2.Tree)
        builder.insert(name, _with_contents(store, folder, inner), FileMode.TREE)
    return builder.write()


def _paths(conflicts: Iterable[Sides]) -> list[str]:
    """The paths of all conflicting files, before and after a renaming."""
    return list({str(entry.path) for sides in conflicts for entry in sides if entry})


def _with_files_of(
    store: pygit2.Repository, source: pygit2.Tree, target: pygit2.Tree, paths: Iterable[str]
) -> pygit2.Oid:
    """*target* with the files at *paths* as they are in *source*."""
    old, index = pygit2.Index(), pygit2.Index()
    old.read_tree(source)
    index.read_tree(target)
    for path in paths:
        if path in index:
            index.remove(path)
        if path in old:
            index.add(old[path])
    return index.write_tree(store)


def _file_conflicts(
    store: pygit2.Repository, conflicts: Iterable[Sides]
) -> tuple[FileConflict, ...]:
    """The conflicts as data, first those of files that a build reads."""
    found = (_file_conflict(store, *sides) for sides in conflicts)
    return tuple(sorted(found, key=lambda conflict: not is_built(conflict.path)))


def _file_conflict(
    store: pygit2.Repository,
    base: pygit2.IndexEntry | None,
    ours: pygit2.IndexEntry | None,
    theirs: pygit2.IndexEntry | None,
) -> FileConflict:
    path = str(next(entry.path for entry in (ours, theirs, base) if entry))
    base_id = str(base.id) if base else ""
    if base is None:
        return FileConflict(path, "the branch and the change both add a file of this name")
    if ours is None or theirs is None:
        why = "the branch does not have this file" if theirs else "the change removes this file"
        why += ", the change changes it" if theirs else ", and the branch has changed it"
        spans = _changed_spans(store, base, theirs) if theirs else ()
        return FileConflict(str(base.path), why, (), base_id, spans)
    if not all(_is_text(_content(store, entry)) for entry in (base, ours, theirs)):
        why = "a binary file that the branch has changed, too"
        return FileConflict(path, why, (), base_id)
    if ours.id == base.id or theirs.id == base.id or ours.id == theirs.id:
        return FileConflict(path, f"its mode is {ours.mode:o} on the branch", (), base_id)
    spans = _changed_spans(store, base, theirs)
    ours_spans = _changed_spans(store, base, ours)
    both = tuple(span for span in spans if any(touch(span, other) for other in ours_spans))
    why = "the branch and the change disagree"
    return FileConflict(path, why, _regions(store, base, ours, theirs), base_id, both)


def _regions(
    store: pygit2.Repository,
    base: pygit2.IndexEntry,
    ours: pygit2.IndexEntry,
    theirs: pygit2.IndexEntry,
) -> tuple[Region, ...]:
    """The regions in which a file does not merge."""
    merged = _merge_blobs(store, [entry.id for entry in (base, ours, theirs)], _WITH_MARKERS)
    return tuple(regions(store[merged["file"].id].peel(pygit2.Blob).data))


def _changed_spans(
    store: pygit2.Repository, base: pygit2.IndexEntry, side: pygit2.IndexEntry
) -> tuple[Span, ...]:
    """The lines of *base* that *side* changes."""
    return tuple(old for old, _ in changes(_content(store, base), _content(store, side)))


def _content(store: pygit2.Repository, entry: pygit2.IndexEntry) -> bytes:
    return store[entry.id].peel(pygit2.Blob).data


def _merge_blobs(
    store: pygit2.Repository,
    blobs: Sequence[pygit2.Oid],
    flags: MergeFileFlag,
    favor: MergeFavor = MergeFavor.NORMAL,
) -> pygit2.Index:
    """The index of a merge of three trees (base, ours, theirs) with one file, called `file`."""
    trees = []
    for blob in blobs:
        builder = store.TreeBuilder()
        builder.insert("file", blob, FileMode.BLOB)
        trees.append(builder.write())
    base, ours, theirs = trees
    return store.merge_trees(base, ours, theirs, favor=favor, file_flags=flags)


def _is_text(content: bytes) -> bool:
    return b"\0" not in content[:_BINARY_PROBE]
