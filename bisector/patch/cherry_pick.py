"""Cherry-pick a commit or a patch onto another commit, in memory and three-way, as git does it.

The result is a new commit in the private store. A conflict is reported with both sides and their
common base, and not resolved here, but for one in lists of object files (see object_lists). If only
files conflict that no build reads, the rest is picked, and those files stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import pygit2
from pygit2.enums import FileMode

from bisector.errors import PatchProblem
from bisector.git import commit_text
from bisector.git.object_store import entry_id, is_built
from bisector.patch import hunks
from bisector.patch.apply import AppliedSeries, ApplyConflict, apply_series, pre_image
from bisector.patch.conflict import FileConflict, PickConflict
from bisector.patch.model import Author, Patch, Series, without_files
from bisector.patch.three_way import MergedTree, merge_trees
from bisector.record.words import How

# git's rules for a trailer block (trailer.c): only trailers; or, with one that git itself writes,
# at least a quarter of its lines
_TRAILER = re.compile(rb"[A-Za-z0-9-]+\s*:|\(cherry picked from commit ")
_BY_GIT = (b"Signed-off-by: ", b"(cherry picked from commit ")


@dataclass(frozen=True)
class Picked:
    """The ids of the new commits, oldest first, and ``how`` each change was applied.

    ``how`` has a How for each change, perhaps followed by the label of a variant in
    brackets; a change that is there ALREADY has no commit. ``left_out`` are the paths of files that
    no build reads and whose changes conflict: they stay as they were.
    """

    commits: tuple[str, ...]
    how: tuple[str, ...]
    left_out: tuple[str, ...] = ()


class Picker:
    """Picks changes onto commits of *store*.

    *committer* commits them; if it is None, the author of each change does. The message of a pick
    names the commit that it is of, unless that is none that others can have by *is_published*.
    """

    def __init__(
        self,
        store: pygit2.Repository,
        committer: pygit2.Signature | None,
        is_published: Callable[[str], bool] = lambda commit: True,
    ) -> None:
        self.store = store
        self._committer = committer
        self._is_published = is_published
        self._commit = cache(self._pick)  # sets of prerequisites often begin with the same commits

    def commit(self, revision: str, onto: str) -> Picked | PickConflict:
        """Pick the commit *revision* onto the commit *onto*, as `git cherry-pick -x` does.

        Raises PatchProblem for a merge and for a commit without a parent.
        """
        return self._commit(revision, onto)

    def _pick(self, revision: str, onto: str) -> Picked | PickConflict:
        commit = self.store[revision].peel(pygit2.Commit)
        if len(commit.parents) != 1:
            what = "is a merge" if commit.parents else "has no parent to compare it with"
            raise PatchProblem(f"{revision[:10]} {what}", "name an ordinary commit")
        base, ours = commit.parents[0].tree, self._tree(onto)
        merged = merge_trees(self.store, base, ours, commit.tree)
        if not isinstance(merged, MergedTree):
            return PickConflict(commit_text.subject(commit), revision, merged)
        if merged.tree == ours.id:
            return Picked((), (How.ALREADY,), merged.left_out)
        message = commit.raw_message
        if self._is_published(revision):
            message = with_origin(message, revision)
        message += _note(merged.left_out).encode()
        encoding = commit_text.encoding(commit)
        made = self._create(merged.tree, onto, commit.author, message, encoding)
        how = How.THREE_WAY if self._differs(base, ours, commit.tree) else How.EXACT
        return Picked((made,), (how,), merged.left_out)

    def series(self, series: Series, onto: str) -> Picked | PickConflict:
        """Pick the patches of *series* onto the commit *onto*, one after the other.

        Raises PatchProblem for a patch without an author if there is no committer.
        """
        done, left_out = self._applied(series, onto)
        if isinstance(done, PickConflict):
            return done
        made: list[str] = []
        for patch, step in zip(series.patches, done.steps, strict=True):
            if step.how is not How.ALREADY:
                message = f"{patch.message.strip()}\n{_note(left_out.get(patch.name, ()))}".encode()
                tip = made[-1] if made else onto
                made.append(self._create(step.tree, tip, self._author(patch.author), message))
        paths = dict.fromkeys(path for paths in left_out.values() for path in paths)
        return Picked(tuple(made), tuple(step.text for step in done.steps), tuple(paths))

    def _applied(
        self, series: Series, onto: str
    ) -> tuple[AppliedSeries | PickConflict, dict[str, tuple[str, ...]]]:
        """*series* applied to *onto*, and the paths left out of each patch, by its name."""
        left_out: dict[str, tuple[str, ...]] = {}
        while True:
            done = apply_series(self.store, self._tree(onto), series)
            if isinstance(done, AppliedSeries):
                return done, left_out
            paths = tuple(dict.fromkeys(place.path for place in done.places))
            reduced = without_files(series, done.patch, paths)
            if reduced is None or any(map(is_built, paths)):
                return self._conflict(series, done, onto), left_out
            left_out[done.patch] = (*left_out.get(done.patch, ()), *paths)
            series = reduced

    def _conflict(self, series: Series, failed: ApplyConflict, onto: str) -> PickConflict:
        """The conflict of the patch that *failed* names, with both sides where they are known."""
        names = [patch.name for patch in series.patches]
        at = names.index(failed.patch)
        ours = self._tree(onto)
        if at:
            done = apply_series(self.store, ours, Series(series.patches[:at]))
            assert isinstance(done, AppliedSeries)  # else one of these would be in `failed`
            ours = self.store[done.tree].peel(pygit2.Tree)
        patch = series.patches[at]
        base, theirs = self._sides(patch, ours)
        merged = merge_trees(self.store, base, ours, theirs)
        files = () if isinstance(merged, MergedTree) else merged
        known = {file.path for file in files}
        others = (
            FileConflict(place.path, f"{place.hunk} {place.why}")
            for place in failed.places
            if place.path not in known
        )
        return PickConflict(patch.subject, "", (*files, *others))

    def _tree(self, commit: str) -> pygit2.Tree:
        return self.store[commit].peel(pygit2.Tree)

    def _author(self, author: Author | None) -> pygit2.Signature:
        if author is not None:
            try:
                return pygit2.Signature(author.name, author.email, author.time, author.offset)
            except pygit2.InvalidError:  # as git: names and addresses need more than punctuation
                what = f"the patch's author '{author.name} <{author.email}>' has no name or address"
                raise PatchProblem(what, "correct its From: line") from None
        if self._committer is not None:
            return self._committer
        raise PatchProblem("the patch does not say who wrote it", "add From: and Date: lines")

    def _create(
        self,
        tree: pygit2.Oid,
        parent: str,
        author: pygit2.Signature,
        message: bytes,
        encoding: str = "utf-8",
    ) -> str:
        """Write a commit without a ref; its full hash."""
        committer = self._committer or author
        return str(
            self.store.create_commit(None, author, committer, message, tree, [parent], encoding)
        )

    def _differs(self, base: pygit2.Tree, ours: pygit2.Tree, theirs: pygit2.Tree) -> bool:
        """Whether *ours* differs from *base* in a file that *theirs* changes."""
        changed = {delta.old_file.path for delta in self.store.diff(base.id, theirs.id).deltas}
        return any(entry_id(base, path) != entry_id(ours, path) for path in changed)

    def _sides(self, patch: Patch, ours: pygit2.Tree) -> tuple[pygit2.Tree, pygit2.Tree]:
        """*ours* with the files that *patch* was made from, and *ours* with its results.

        Files whose content before the patch is not known stay as they are.
        """
        base, theirs = pygit2.Index(), pygit2.Index()
        base.read_tree(ours)
        theirs.read_tree(ours)
        for file in patch.files:
            old = pre_image(self.store, file)
            if old is None or file.old_path is None or file.new_path is None:
                continue
            new = hunks.fit(old, file.hunks)
            assert isinstance(new, bytes)  # `pre_image` returns only what the hunks apply to
            for index, content in ((base, old), (theirs, new)):
                blob = self.store.create_blob(content)
                index.add(pygit2.IndexEntry(file.old_path, blob, FileMode.BLOB))
        trees = (self.store[side.write_tree(self.store)] for side in (base, theirs))
        first, second = (tree.peel(pygit2.Tree) for tree in trees)
        return first, second


def with_origin(message: bytes, revision: str) -> bytes:
    """*message* with the line that `git cherry-pick -x` adds."""
    text = message.rstrip(b"\n") + b"\n"
    paragraphs = text.split(b"\n\n")
    joined = len(paragraphs) > 1 and _is_trailers(paragraphs[-1].splitlines())
    between = b"" if joined else b"\n"
    return text + between + b"(cherry picked from commit %s)\n" % revision.encode()


def _note(left_out: Sequence[str]) -> str:
    """The line of a commit's message that names the files left out, in upstream's style."""
    return f"[left out, since it conflicts: {', '.join(left_out)}]\n" if left_out else ""


def _is_trailers(lines: list[bytes]) -> bool:
    """Whether git takes the last paragraph of a message for trailers, and adds one to it."""
    trailers = sum(bool(_TRAILER.match(line)) for line in lines)
    others = sum(not _TRAILER.match(line) and not line[:1].isspace() for line in lines)
    by_git = any(line.startswith(_BY_GIT) for line in lines)
    return bool(trailers) and (not others or (by_git and trailers * 3 >= others))
