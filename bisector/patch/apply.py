"""Apply patches to git trees, without a work tree.

A patch is applied exactly; or the tree has it already; or it is merged three-way with the file that
it was made from. Otherwise the result is a conflict, which is reported and never resolved here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import pygit2

from bisector.git.history import History
from bisector.patch import hunks
from bisector.patch.hunks import FileDiff
from bisector.patch.model import Patch, Series, reverse
from bisector.patch.three_way import merge_contents
from bisector.patch.tree_draft import TreeDraft
from bisector.record.words import How

# applies a file's hunks to its content
Fit = Callable[[pygit2.Repository, FileDiff, bytes], "bytes | tuple[ConflictPlace, ...]"]


@dataclass(frozen=True)
class Applied:
    """How a patch was applied, and the id of the tree that has it.

    ``how`` is ``exact``, ``three-way``, or ``already`` if the tree had it; ``variant`` is the label
    of the variant that was applied, None for the patch itself.
    """

    tree: pygit2.Oid
    how: How
    variant: str | None = None

    @property
    def text(self) -> str:
        """``how``, with the variant, for a reader."""
        return f"{self.how} ({self.variant})" if self.variant else str(self.how)


@dataclass(frozen=True)
class AppliedSeries:
    """The id of the tree that has all patches of a series; ``steps`` has one for each patch."""

    tree: pygit2.Oid
    steps: tuple[Applied, ...]


@dataclass(frozen=True)
class ConflictPlace:
    """Where a patch does not apply: the file, the hunk's header ('' for the whole file), why."""

    path: str
    hunk: str
    why: str

    @property
    def text(self) -> str:
        """The place in one line."""
        return f"{self.path} {self.hunk}".rstrip() + f": {self.why}"


@dataclass(frozen=True)
class ApplyConflict:
    """The patch of this name applies neither exactly nor three-way."""

    patch: str
    places: tuple[ConflictPlace, ...]

    @property
    def text(self) -> str:
        """All places in one line."""
        return "; ".join(place.text for place in self.places)

    @property
    def brief(self) -> str:
        """The first place, and the number of the others."""
        more = len(self.places) - 1
        return self.places[0].text + (f"; and {more} more" if more else "")


def apply_to(history: History, revision: str, series: Series) -> AppliedSeries | ApplyConflict:
    """Apply *series* to the tree of the commit *revision*, a full hash.

    The results are memoised by tree and series. Raises PatchProblem, ShallowClone.
    """
    return apply_to_tree(history, history.tree_id(revision), series)


def apply_to_tree(history: History, tree: str, series: Series) -> AppliedSeries | ApplyConflict:
    """The same for the tree with the id *tree*, which the store has."""
    return _applied(str(history.store_path), tree, series)


# not by the series' digest: it leaves out the names and labels that the result holds
@lru_cache(maxsize=256)
def _applied(store_path: str, tree: str, series: Series) -> AppliedSeries | ApplyConflict:
    store = pygit2.Repository(store_path)
    return apply_series(store, store[tree].id, series)


def apply_series(
    store: pygit2.Repository, tree: pygit2.Oid | pygit2.Tree, series: Series
) -> AppliedSeries | ApplyConflict:
    """Apply the patches of *series* to *tree* in their order; new objects are written to *store*.

    For each patch its forms (itself, then its variants) are tried: first to apply one exactly; then
    whether the tree has one already, that is, whether its reverse applies exactly; then to merge
    one three-way. Several patches that the tree has already are recognised together, as a later one
    may have changed the lines of an earlier one. Raises PatchProblem.
    """
    _write_post_images(store, series)
    draft = TreeDraft(store, tree)
    steps: list[Applied] = []
    while rest := series.patches[len(steps) :]:
        outcome = _next_steps(draft, rest)
        if isinstance(outcome, ApplyConflict):
            return outcome
        steps += outcome
        draft = TreeDraft(store, steps[-1].tree)
    return AppliedSeries(draft.write(), tuple(steps))


def apply_exactly(
    store: pygit2.Repository, tree: pygit2.Tree, patch: Patch
) -> pygit2.Oid | ApplyConflict:
    """The id of *tree* with *patch*, applied without a merge; that of *tree* if it has it already.

    New objects are written to *store*.
    """
    draft = TreeDraft(store, tree)
    result = _changed(draft, patch, _exact)
    if isinstance(result, TreeDraft):
        return result.write()
    return draft.write() if _present_forms(draft, [patch]) else ApplyConflict(patch.name, result)


def _next_steps(draft: TreeDraft, patches: Sequence[Patch]) -> list[Applied] | ApplyConflict:
    """Apply the first of *patches*, or recognise it, and perhaps those after it, in *draft*."""
    first = patches[0]
    if done := _first_form(draft, first, _exact):
        result, variant = done
        return [Applied(result.write(), How.EXACT, variant)]
    for count in range(len(patches), 0, -1):
        if variants := _present_forms(draft, patches[:count]):
            return [Applied(draft.write(), How.ALREADY, variant) for variant in variants]
    if done := _first_form(draft, first, _three_way):
        result, variant = done
        tree = result.write()
        # merging a change into files that have it leaves them as they are
        return [Applied(tree, How.ALREADY if tree == draft.write() else How.THREE_WAY, variant)]
    places = _changed(draft, first, _three_way)
    assert isinstance(places, tuple)
    return ApplyConflict(first.name, places)


def _first_form(draft: TreeDraft, patch: Patch, fit: Fit) -> tuple[TreeDraft, str | None] | None:
    """The draft with the first form of *patch* that applies, and the form's label."""
    for form in patch.forms:
        result = _changed(draft, form, fit)
        if isinstance(result, TreeDraft):
            return result, form.variant
    return None


def _present_forms(draft: TreeDraft, patches: Sequence[Patch]) -> list[str | None]:
    """The labels of the forms in which *draft* has all of *patches*; empty if it does not."""
    labels: list[str | None] = []
    for patch in reversed(patches):
        done = _first_form(draft, reverse(patch), _exact)
        if done is None:
            return []
        draft, label = done
        labels.insert(0, label)
    return labels


def _changed(draft: TreeDraft, patch: Patch, fit: Fit) -> TreeDraft | tuple[ConflictPlace, ...]:
    """A copy of *draft* with *patch* applied by *fit*, or all places that conflict."""
    draft = draft.copy()
    places: list[ConflictPlace] = []
    for file in patch.files:
        places += _change_file(draft, file, fit)
    return tuple(places) or draft


def _change_file(draft: TreeDraft, file: FileDiff, fit: Fit) -> tuple[ConflictPlace, ...]:
    """Apply one file's change to *draft*; the places that conflict, if any."""
    content, mode = b"", hunks.REGULAR_MODES[0]
    if file.old_path is not None:
        old = draft.get(file.old_path)
        if old is None:
            return (ConflictPlace(file.old_path, "", "there is no such file"),)
        content, mode = old
        into_link = mode == hunks.LINK and file.hunks  # a mere renaming states no mode
        if (into_link or file.is_link or file.new_mode) and file.old_mode != mode:
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
    """Apply the hunks to *content* byte by byte.

    Places that the hunks themselves have made are excluded, unless *content* is the very file that
    the patch was made from.
    """
    original = bool(file.old_id) and str(pygit2.hash(content)).startswith(file.old_id)
    result = hunks.fit(content, file.hunks, reapply=original)
    if isinstance(result, bytes):
        return result
    return tuple(ConflictPlace(file.path, reject.hunk.header, reject.why) for reject in result)


def _three_way(
    store: pygit2.Repository, file: FileDiff, content: bytes
) -> bytes | tuple[ConflictPlace, ...]:
    """Apply the hunks to the file that they were made from, and merge the result into *content*."""
    exact = _exact(store, file, content)
    if isinstance(exact, bytes):
        return exact
    base = pre_image(store, file)
    if base is None:
        base_id = file.old_id[:12] or "the patch does not name it"
        why = f"the file that the patch was made from ({base_id}) is not in the repository"
        return tuple(replace(place, why=f"{place.why}; {why}") for place in exact)
    theirs = hunks.fit(base, file.hunks)
    assert isinstance(theirs, bytes)
    merged = merge_contents(store, base, content, theirs)
    if merged is not None:
        return merged
    single = ((hunk, hunks.fit(base, [hunk])) for hunk in file.hunks)
    conflicting = [
        hunk
        for hunk, changed in single
        if isinstance(changed, bytes) and merge_contents(store, base, content, changed) is None
    ]
    why = "the same lines were changed in another way"
    return tuple(ConflictPlace(file.path, hunk.header, why) for hunk in conflicting or file.hunks)


def pre_image(store: pygit2.Repository, file: FileDiff) -> bytes | None:
    """The content that *file* was made from; None if *store* has neither it nor its result."""
    before = _blob(store, file.old_id)
    if before is None:
        after = _blob(store, file.new_id)
        undone = None if after is None else hunks.fit(after, file.reversed.hunks)
        before = undone if isinstance(undone, bytes) else None
    # the index line may belong to another diff
    usable = before is not None and isinstance(hunks.fit(before, file.hunks), bytes)
    return before if usable else None


def _blob(store: pygit2.Repository, blob_id: str) -> bytes | None:
    """The content of the blob with this id, which may be abbreviated; None if there is none."""
    try:
        blob = store.get(blob_id) if blob_id else None
    except ValueError:  # an ambiguous abbreviation
        return None
    return blob.data if isinstance(blob, pygit2.Blob) else None


def _write_post_images(store: pygit2.Repository, series: Series) -> None:
    """Write the files as each patch leaves them: a later patch may have been made from these."""
    for form in (form for patch in series.patches for form in patch.forms):
        for file in form.files:
            base = pre_image(store, file)
            result = None if base is None else hunks.fit(base, file.hunks)
            if file.new_id and isinstance(result, bytes) and _blob(store, file.new_id) is None:
                store.create_blob(result)
