"""Apply patches to trees, without a work tree.

A patch is applied exactly; or it is in the tree already; or it is merged, three-way, with the
file that it was made from. Otherwise it is a conflict, which is a result to show, not to resolve.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import pygit2
from pygit2.enums import MergeFileFlag

from bisector.git.history import History
from bisector.patch import hunks
from bisector.patch.hunks import FileDiff
from bisector.patch.model import Patch, Series, reverse
from bisector.record.words import How

AS_GIT = MergeFileFlag.DIFF_MINIMAL  # libgit2's default finds conflicts where git has none

Fit = Callable[[pygit2.Repository, FileDiff, bytes], "bytes | tuple[ConflictPlace, ...]"]


@dataclass(frozen=True)
class Applied:
    """A patch is in the tree with this id now; ``variant`` labels the variant that fitted."""

    tree: pygit2.Oid
    how: How
    variant: str | None = None

    @property
    def text(self) -> str:
        """How, with the variant, for a reader."""
        return f"{self.how} ({self.variant})" if self.variant else str(self.how)


@dataclass(frozen=True)
class AppliedSeries:
    """All patches of a series are in the tree with this id now; ``steps`` says how each."""

    tree: pygit2.Oid
    steps: tuple[Applied, ...]


@dataclass(frozen=True)
class ConflictPlace:
    """Where a patch does not apply: the file, the hunk's header if it is about one, and why."""

    path: str
    hunk: str
    why: str

    @property
    def text(self) -> str:
        """The place in one line."""
        return f"{self.path} {self.hunk}".rstrip() + f": {self.why}"


@dataclass(frozen=True)
class Conflict:
    """The patch of this name applies neither exactly nor three-way."""

    patch: str
    where: tuple[ConflictPlace, ...]

    @property
    def text(self) -> str:
        """All places, in one line."""
        return "; ".join(place.text for place in self.where)

    @property
    def brief(self) -> str:
        """The first place, and how many more there are."""
        more = len(self.where) - 1
        return self.where[0].text + (f"; and {more} more" if more else "")


def apply_to(history: History, revision: str, series: Series) -> AppliedSeries | Conflict:
    """Apply *series* to the tree of the commit *revision*, a full hash.

    The result is remembered for each tree and series. Raises PatchProblem, ShallowClone.
    """
    return _applied(str(history.store_path), history.tree_id(revision), series)


# by the series itself, as its digest leaves out the names that the result carries
@lru_cache(maxsize=256)
def _applied(store_path: str, tree: str, series: Series) -> AppliedSeries | Conflict:
    store = pygit2.Repository(store_path)
    return apply_series(store, store[tree].id, series)


def apply_series(
    store: pygit2.Repository, tree: pygit2.Oid | pygit2.Tree, series: Series
) -> AppliedSeries | Conflict:
    """Apply the patches of *series* to *tree*, one after the other; new objects go to *store*.

    Each in its first form that applies: exactly, each form in turn; else it may be there already:
    one form's reverse applies exactly; else three-way. Patches that are there already are
    recognised together: the lines of the first may be there only as the second has left them.
    Raises PatchProblem.
    """
    _remember(store, series)
    draft = _Draft(store, tree)
    steps: list[Applied] = []
    while rest := series.patches[len(steps) :]:
        outcome = _next_step(draft, rest)
        if isinstance(outcome, Conflict):
            return outcome
        steps += outcome
        draft = _Draft(store, steps[-1].tree)
    return AppliedSeries(draft.write(), tuple(steps))


def _next_step(draft: _Draft, patches: Sequence[Patch]) -> list[Applied] | Conflict:
    """Apply the first of *patches*; or find it, and perhaps more of them, there already."""
    first = patches[0]
    if done := _first_form(draft, first, _exact):
        result, variant = done
        return [Applied(result.write(), How.EXACT, variant)]
    for count in range(len(patches), 0, -1):
        if variants := _undone(draft, patches[:count]):
            return [Applied(draft.write(), How.ALREADY, variant) for variant in variants]
    if done := _first_form(draft, first, _three_way):
        result, variant = done
        tree = result.write()
        # merging a change into files that have it leaves them as they are
        return [Applied(tree, How.ALREADY if tree == draft.write() else How.THREE_WAY, variant)]
    places = _changed(draft, first, _three_way)
    assert isinstance(places, tuple)
    return Conflict(first.name, places)


def _first_form(draft: _Draft, patch: Patch, fit: Fit) -> tuple[_Draft, str | None] | None:
    """The result of the first form of *patch* that fits, and that form's label."""
    for form in patch.forms:
        result = _changed(draft, form, fit)
        if isinstance(result, _Draft):
            return result, form.variant
    return None


def _undone(draft: _Draft, patches: Sequence[Patch]) -> list[str | None]:
    """The labels of the forms in which *draft* has all of *patches*; empty if it does not."""
    labels: list[str | None] = []
    for patch in reversed(patches):
        done = _first_form(draft, reverse(patch), _exact)
        if done is None:
            return []
        draft, label = done
        labels.insert(0, label)
    return labels


def _changed(draft: _Draft, patch: Patch, fit: Fit) -> _Draft | tuple[ConflictPlace, ...]:
    """*draft* with *patch*, its hunks placed by *fit*; or where they have no place."""
    draft = draft.copy()
    places: list[ConflictPlace] = []
    for file in patch.files:
        places += _change_file(draft, file, fit)
    return tuple(places) or draft


def _change_file(draft: _Draft, file: FileDiff, fit: Fit) -> tuple[ConflictPlace, ...]:
    """Make one file's change in *draft*; say where that is not possible."""
    content, mode = b"", hunks.REGULAR_MODES[0]
    if file.old_path is not None:
        found = draft.get(file.old_path)
        if found is None:
            return (ConflictPlace(file.old_path, "", "there is no such file"),)
        content, mode = found
        if file.new_mode and file.old_mode and mode != file.old_mode:
            return (ConflictPlace(file.old_path, "", f"its mode is {mode:o}"),)
    if file.new_path not in (None, file.old_path) and draft.occupied(file.new_path):
        return (ConflictPlace(file.new_path, "", "it is there already"),)
    result = fit(draft.store, file, content)
    if isinstance(result, tuple):
        return result
    if file.old_path is not None:
        draft.remove(file.old_path)
    if file.new_path is not None:
        draft.put(file.new_path, result, file.new_mode or mode)
    elif result:
        return (ConflictPlace(file.path, "", "it has lines that the patch does not remove"),)
    return ()


def _exact(
    store: pygit2.Repository, file: FileDiff, content: bytes
) -> bytes | tuple[ConflictPlace, ...]:
    """*content* with the hunks where all their lines stand, and are not their own work."""
    original = bool(file.old_id) and str(pygit2.hash(content)).startswith(file.old_id)
    result = hunks.fit(content, file.hunks, again=original)
    if isinstance(result, bytes):
        return result
    return tuple(ConflictPlace(file.path, misfit.hunk.header, misfit.why) for misfit in result)


def _three_way(
    store: pygit2.Repository, file: FileDiff, content: bytes
) -> bytes | tuple[ConflictPlace, ...]:
    """*content* merged with what the hunks make of the file that they were made from."""
    exact = _exact(store, file, content)
    if isinstance(exact, bytes):
        return exact
    base = pre_image(store, file)
    if base is None:
        made_from = file.old_id[:12] or "nobody says which"
        why = f"the file that the patch was made from ({made_from}) is not in the repository"
        return tuple(replace(place, why=f"{place.why}; {why}") for place in exact)
    theirs = hunks.fit(base, file.hunks)
    assert isinstance(theirs, bytes)
    merged = _merge(store, base, content, theirs)
    if merged is not None:
        return merged
    alone = ((hunk, hunks.fit(base, [hunk])) for hunk in file.hunks)
    colliding = [
        hunk
        for hunk, changed in alone
        if isinstance(changed, bytes) and _merge(store, base, content, changed) is None
    ]
    why = "the same lines were changed in another way"
    return tuple(ConflictPlace(file.path, hunk.header, why) for hunk in colliding or file.hunks)


def pre_image(store: pygit2.Repository, file: FileDiff) -> bytes | None:
    """The content that *file* was made from, if the repository has it before or after."""
    before = _blob(store, file.old_id)
    if before is None:
        after = _blob(store, file.new_id)
        undone = None if after is None else hunks.fit(after, file.reversed.hunks)
        before = undone if isinstance(undone, bytes) else None
    # an index line that belongs to another diff is no help
    usable = before is not None and isinstance(hunks.fit(before, file.hunks), bytes)
    return before if usable else None


def _blob(store: pygit2.Repository, name: str) -> bytes | None:
    """The content of the blob with this id, perhaps abbreviated."""
    try:
        found = store.get(name) if name else None
    except ValueError:  # several have it
        return None
    return found.data if isinstance(found, pygit2.Blob) else None


def _merge(store: pygit2.Repository, base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """The three-way merge of a file's content, or None where it conflicts."""
    # merge_file_from_index would decode the result, and sources need not be UTF-8
    ancestor, mine, other = (_tree_of_one(store, side) for side in (base, ours, theirs))
    merged = store.merge_trees(ancestor, mine, other, file_flags=AS_GIT)
    return None if merged.conflicts else _blob(store, str(merged["file"].id))


def _tree_of_one(store: pygit2.Repository, content: bytes) -> pygit2.Oid:
    builder = store.TreeBuilder()
    builder.insert("file", store.create_blob(content), pygit2.enums.FileMode.BLOB)
    return builder.write()


def _remember(store: pygit2.Repository, series: Series) -> None:
    """Write what each patch makes of its files: what the next one in a series was made from."""
    for form in (form for patch in series.patches for form in patch.forms):
        for file in form.files:
            base = pre_image(store, file)
            made = None if base is None else hunks.fit(base, file.hunks)
            if file.new_id and isinstance(made, bytes) and _blob(store, file.new_id) is None:
                store.create_blob(made)


class _Draft:
    """A tree with changes, in memory until written."""

    def __init__(self, store: pygit2.Repository, tree: pygit2.Oid | pygit2.Tree) -> None:
        self.store = store
        found = store[tree] if isinstance(tree, pygit2.Oid) else tree
        assert isinstance(found, pygit2.Tree)
        self.tree = found
        self.changes: dict[str, tuple[bytes, int] | None] = {}

    def copy(self) -> _Draft:
        """Another draft that starts from this one."""
        other = _Draft(self.store, self.tree)
        other.changes = dict(self.changes)
        return other

    def get(self, path: str) -> tuple[bytes, int] | None:
        """The content and mode of the regular file *path*, or None."""
        if path in self.changes:
            return self.changes[path]
        found = self._entry(path)
        if not isinstance(found, pygit2.Blob) or found.filemode not in hunks.REGULAR_MODES:
            return None
        return found.data, found.filemode

    def occupied(self, path: str) -> bool:
        """Is there something where the file *path* would be, or a file in place of a folder?"""
        if path in self.changes:
            return self.changes[path] is not None
        folders = [path[:at] for at, char in enumerate(path) if char == "/"]
        return self._entry(path) is not None or any(
            not isinstance(self._entry(folder) or self.tree, pygit2.Tree) for folder in folders
        )

    def put(self, path: str, content: bytes, mode: int) -> None:
        """Make *path* a file."""
        self.changes[path] = (content, mode)

    def remove(self, path: str) -> None:
        """Take the file *path* away."""
        self.changes[path] = None

    def write(self) -> pygit2.Oid:
        """The id of the changed tree, which is in the store then."""
        if not self.changes:
            return self.tree.id
        index = pygit2.Index()
        index.read_tree(self.tree)
        for path, change in self.changes.items():
            if change is None:
                if path in index:
                    index.remove(path)
            else:
                blob = self.store.create_blob(change[0])
                index.add(pygit2.IndexEntry(path, blob, pygit2.enums.FileMode(change[1])))
        return index.write_tree(self.store)

    def _entry(self, path: str) -> pygit2.Object | None:
        try:
            return self.tree[path]
        except KeyError:
            return None
