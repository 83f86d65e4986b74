"""Ablation of a patch: drop each hunk in turn and test the rest, to see which hunks are tested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pygit2

from bisector.git import object_store
from bisector.jobs.judge import Judge
from bisector.jobs.tree_under_test import was_run
from bisector.patch import c_source
from bisector.patch.apply import ApplyConflict, apply_to
from bisector.patch.model import Patch, Series, without_hunk
from bisector.record.events import Probed
from bisector.record.patch_events import HunkDropped
from bisector.record.verdict import Verdict
from bisector.record.words import HunkState, Purpose


class HunkAblation:
    """Drops the hunks of a series at one *revision*, to which the whole series applies."""

    def __init__(self, judge: Judge, revision: str) -> None:
        self.judge = judge
        self.revision = revision
        self.history = judge.history

    def drop_each(self, series: Series) -> Iterator[HunkDropped]:
        """Drop each hunk of each patch. Later patches are left out, as they may need the hunk."""
        for last in range(len(series.patches)):
            yield from self._of_patch(series.patches[:last], series.patches[last])

    def _of_patch(self, earlier: Sequence[Patch], patch: Patch) -> Iterator[HunkDropped]:
        whole = self._applied([*earlier, patch])
        assert not isinstance(whole, ApplyConflict)
        complete = self.judge.try_tree(self.revision, whole, Purpose.HUNK_DROPPED)
        files = [file.path for file in patch.files for _ in file.hunks]
        for index, (path, hunk) in enumerate(zip(files, patch.hunks, strict=True)):
            rest = [without_hunk(patch, index)] if len(files) > 1 else []
            unchanged = HunkDropped(
                revision=self.revision,
                name=self.history.release(self.revision),
                patch=patch.subject,
                hunk=index,
                path=path,
                header=hunk.header,
                state=HunkState.COMMENT,
                noticed_by=(),
            )
            yield self._judged(unchanged, whole, complete, self._applied([*earlier, *rest]))

    def _judged(
        self,
        unchanged: HunkDropped,
        whole: str,
        complete: Sequence[Probed],
        rest: str | ApplyConflict,
    ) -> HunkDropped:
        """The event for a hunk; *unchanged* is that for a hunk that changes no code.

        *whole* is the tree with the hunk and *complete* the results on it, *rest* is the tree
        without the hunk.
        """
        if isinstance(rest, ApplyConflict):
            return replace(unchanged, state=HunkState.NEEDED, problem=rest.text)
        if self._is_same_code(whole, rest):
            return unchanged
        without = self.judge.try_tree(self.revision, rest, Purpose.HUNK_DROPPED)
        if without[0].verdict is Verdict.UNBUILDABLE:
            return replace(unchanged, state=HunkState.NEEDED, problem=without[0].reason)
        noticed = _differing(complete, without)
        state = HunkState.NOTICED if noticed else HunkState.UNCOVERED
        return replace(unchanged, state=state, noticed_by=noticed)

    def _applied(self, patches: Sequence[Patch]) -> str | ApplyConflict:
        """The id of the revision's tree with *patches*, or the conflict."""
        applied = apply_to(self.history, self.revision, Series(tuple(patches)))
        return applied if isinstance(applied, ApplyConflict) else str(applied.tree)

    def _is_same_code(self, whole: str, rest: str) -> bool:
        """Whether two trees differ only in comments and in files that are not built."""
        objects = self.history.store
        old, new = (objects[tree].peel(pygit2.Tree) for tree in (whole, rest))
        changed = {delta.new_file.path for delta in old.diff_to_tree(new).deltas}
        built = (path for path in changed if object_store.is_built(path))
        return all(
            c_source.is_same_code(path, _content(old, path), _content(new, path)) for path in built
        )


def _content(tree: pygit2.Tree, path: str) -> bytes:
    try:
        entry = tree[path]
    except KeyError:
        return b""
    return entry.data if isinstance(entry, pygit2.Blob) else b""


def _differing(whole: Sequence[Probed], without: Sequence[Probed]) -> tuple[str, ...]:
    """The cases, `scenario variant`, whose verdict differs without the hunk."""
    return tuple(
        f"{before.scenario} {before.variant}".strip()
        for before, after in zip(whole, without, strict=True)
        if before.verdict is not after.verdict and was_run(after)
    )
