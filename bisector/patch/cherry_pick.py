"""Cherry-pick in memory: a commit, or a patch, onto another commit, three-way, as git does it.

The result is a new commit in the private store. A conflict is a result, too: it is shown with both
sides and what they come from, and never resolved by guessing. Where only files conflict that no
build reads, the rest is picked, and these files stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import pygit2
from pygit2.enums import FileMode, MergeFileFlag

from bisector.errors import PatchProblem
from bisector.git import commit_text
from bisector.git.object_store import is_built
from bisector.patch import apply, hunks
from bisector.patch.apply import AS_GIT, AppliedSeries, apply_series, pre_image
from bisector.patch.conflict import Clash, Conflict, Region, Span, changes, regions, touch
from bisector.patch.model import Author, Patch, Series, without_files
from bisector.record.words import How

_TRAILER = re.compile(rb"[A-Za-z0-9-]+\s*:|\(cherry picked from commit ")
_BY_GIT = (b"Signed-off-by: ", b"(cherry picked from commit ")
_MARKERS = AS_GIT | MergeFileFlag.STYLE_DIFF3 | MergeFileFlag.ACCEPT_CONFLICTS

Sides = tuple[pygit2.IndexEntry | None, pygit2.IndexEntry | None, pygit2.IndexEntry | None]


@dataclass(frozen=True)
class Picked:
    """The commits that were made, oldest first.

    ``how`` has a How for each change, perhaps with its variant's label; ALREADY made no commit.
    ``left_out`` are files that no build reads, whose changes conflict: they stay as they were.
    """

    commits: tuple[str, ...]
    how: tuple[str, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Merged:
    """A tree that was merged without the files ``left_out``."""

    tree: pygit2.Oid
    left_out: tuple[str, ...] = ()


class Picker:
    """Picks changes onto commits, in *store*; *committer* None: each change's author commits it."""

    def __init__(self, store: pygit2.Repository, committer: pygit2.Signature | None) -> None:
        self.store = store
        self._committer = committer
        self._commit = cache(self._pick)  # sets of prerequisites begin alike

    def commit(self, revision: str, onto: str) -> Picked | Conflict:
        """Pick the commit *revision* onto the commit *onto*, as `git cherry-pick -x` does.

        Raises PatchProblem for a merge and for a commit without a parent.
        """
        return self._commit(revision, onto)

    def _pick(self, revision: str, onto: str) -> Picked | Conflict:
        fix = self.store[revision].peel(pygit2.Commit)
        if len(fix.parents) != 1:
            what = "is a merge" if fix.parents else "has no parent to compare it with"
            raise PatchProblem(f"{revision[:10]} {what}", "name an ordinary commit")
        base, ours = fix.parents[0].tree, self._tree(onto)
        merged = self._merged(base, ours, fix.tree)
        if not isinstance(merged, _Merged):
            return Conflict(commit_text.subject(fix), revision, merged)
        if merged.tree == ours.id:
            return Picked((), (How.ALREADY,), merged.left_out)
        message = with_origin(fix.raw_message, revision)
        message += _note(merged.left_out).encode()
        made = self._create(merged.tree, onto, fix.author, message, commit_text.encoding(fix))
        moved = self._moved(base, ours, fix.tree)
        return Picked((made,), (How.THREE_WAY if moved else How.EXACT,), merged.left_out)

    def series(self, series: Series, onto: str) -> Picked | Conflict:
        """Pick the patches of *series* onto the commit *onto*, one after the other.

        Raises PatchProblem for a patch of which nobody says who made it.
        """
        done, left = self._applied(series, onto)
        if isinstance(done, Conflict):
            return done
        made: list[str] = []
        for patch, step in zip(series.patches, done.steps, strict=True):
            if step.how is not How.ALREADY:
                message = f"{patch.message.strip()}\n{_note(left.get(patch.name, ()))}".encode()
                tip = made[-1] if made else onto
                made.append(self._create(step.tree, tip, self._author(patch.author), message))
        left_out = dict.fromkeys(path for paths in left.values() for path in paths)
        return Picked(tuple(made), tuple(step.text for step in done.steps), tuple(left_out))

    def _applied(
        self, series: Series, onto: str
    ) -> tuple[AppliedSeries | Conflict, dict[str, tuple[str, ...]]]:
        """*series* applied, and what was left out of each patch, by its name."""
        left: dict[str, tuple[str, ...]] = {}
        while True:
            done = apply_series(self.store, self._tree(onto), series)
            if isinstance(done, AppliedSeries):
                return done, left
            paths = tuple(dict.fromkeys(place.path for place in done.where))
            less = without_files(series, done.patch, paths)
            if less is None or any(map(is_built, paths)):
                return self._stuck(series, done, onto), left
            left[done.patch] = (*left.get(done.patch, ()), *paths)
            series = less

    def _stuck(self, series: Series, failed: apply.Conflict, onto: str) -> Conflict:
        """Why the patch that *failed* names does not apply: both sides, where they are known."""
        names = [patch.name for patch in series.patches]
        at = names.index(failed.patch)
        ours = self._tree(onto)
        if at:
            done = apply_series(self.store, ours, Series(series.patches[:at]))
            assert isinstance(done, AppliedSeries)  # else that patch would have failed
            ours = self.store[done.tree].peel(pygit2.Tree)
        patch = series.patches[at]
        base, theirs = self._sides(patch, ours)
        merged = self._merged(base, ours, theirs)
        found = () if isinstance(merged, _Merged) else merged
        named = {clash.path for clash in found}
        rest = (Clash(p.path, f"{p.hunk} {p.why}") for p in failed.where if p.path not in named)
        return Conflict(patch.subject, "", (*found, *rest))

    def _tree(self, commit: str) -> pygit2.Tree:
        return self.store[commit].peel(pygit2.Tree)

    def _author(self, who: Author | None) -> pygit2.Signature:
        if who is not None:
            return pygit2.Signature(who.name, who.email, who.time, who.offset)
        if self._committer is not None:
            return self._committer
        raise PatchProblem("the patch does not say who wrote it", "add From: and Date: lines")

    def _create(
        self,
        tree: pygit2.Oid,
        onto: str,
        author: pygit2.Signature,
        message: bytes,
        encoding: str = "utf-8",
    ) -> str:
        who = self._committer or author
        made = self.store.create_commit(None, author, who, message, tree, [onto], encoding)
        return str(made)

    def _merged(
        self, base: pygit2.Tree, ours: pygit2.Tree, theirs: pygit2.Tree
    ) -> _Merged | tuple[Clash, ...]:
        """The tree of *ours* with what was changed from *base* to *theirs*, or where they clash.

        Files that no build reads are left out where only such clash, and something else remains.
        """
        index = self.store.merge_trees(base, ours, theirs, file_flags=AS_GIT)
        if index.conflicts is None:
            return _Merged(index.write_tree(self.store))
        conflicts = list(index.conflicts)
        clashes = tuple(self._clash(*sides) for sides in conflicts)
        if not any(map(is_built, _paths(conflicts))):
            less = self._with_files_of(base, theirs, _paths(conflicts))
            rest = self.store.merge_trees(base, ours, less, file_flags=AS_GIT)
            if rest.conflicts is None and less != base.id:
                left_out = tuple(clash.path for clash in clashes)
                return _Merged(rest.write_tree(self.store), left_out)
        return tuple(sorted(clashes, key=lambda clash: not is_built(clash.path)))

    def _with_files_of(
        self, source: pygit2.Tree, target: pygit2.Tree, paths: Iterable[str]
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
        return index.write_tree(self.store)

    def _moved(self, base: pygit2.Tree, ours: pygit2.Tree, theirs: pygit2.Tree) -> bool:
        """Has one of the files that the change touches another content on the branch?"""
        changed = {delta.old_file.path for delta in self.store.diff(base.id, theirs.id).deltas}
        return any(_entry(base, path) != _entry(ours, path) for path in changed)

    def _clash(
        self,
        base: pygit2.IndexEntry | None,
        ours: pygit2.IndexEntry | None,
        theirs: pygit2.IndexEntry | None,
    ) -> Clash:
        path = str(next(entry.path for entry in (ours, theirs, base) if entry))
        made_from = str(base.id) if base else ""
        if base is None:
            return Clash(path, "the branch and the change both bring a file of this name")
        if ours is None or theirs is None:
            why = "the branch does not have this file" if theirs else "the change removes this file"
            why += ", the change changes it" if theirs else ", and the branch has changed it"
            spans = self._spans(base, None, theirs) if theirs else ()
            return Clash(str(base.path), why, (), made_from, spans)
        if not all(_is_text(self._content(entry)) for entry in (base, ours, theirs)):
            return Clash(path, "a binary file that the branch has changed, too", (), made_from)
        if ours.id == base.id or theirs.id == base.id or ours.id == theirs.id:
            return Clash(path, f"its mode is {ours.mode:o} on the branch", (), made_from)
        places = self._regions(base, ours, theirs)
        why = "the branch and the change disagree"
        return Clash(path, why, places, made_from, self._spans(base, ours, theirs))

    def _regions(
        self, base: pygit2.IndexEntry, ours: pygit2.IndexEntry, theirs: pygit2.IndexEntry
    ) -> tuple[Region, ...]:
        """The places where a file does not merge, with both sides."""
        ancestor, mine, other = (self._tree_of_one(entry) for entry in (base, ours, theirs))
        marked = self.store.merge_trees(ancestor, mine, other, file_flags=_MARKERS)
        content = self.store[marked["file"].id].peel(pygit2.Blob).data
        return tuple(regions(content))

    def _tree_of_one(self, entry: pygit2.IndexEntry) -> pygit2.Oid:
        builder = self.store.TreeBuilder()
        builder.insert("file", entry.id, FileMode.BLOB)
        return builder.write()

    def _spans(
        self, base: pygit2.IndexEntry, ours: pygit2.IndexEntry | None, theirs: pygit2.IndexEntry
    ) -> tuple[Span, ...]:
        """The lines of *base* that the change wants; with *ours*, only those that it lost."""
        before_it = self._content(base)
        wanted = changes(before_it, self._content(theirs))
        if ours is None:
            return tuple(old for old, _ in wanted)
        lost = [old for old, _ in changes(before_it, self._content(ours))]
        return tuple(old for old, _ in wanted if any(touch(old, other) for other in lost))

    def _content(self, entry: pygit2.IndexEntry) -> bytes:
        return self.store[entry.id].peel(pygit2.Blob).data

    def _sides(self, patch: Patch, ours: pygit2.Tree) -> tuple[pygit2.Tree, pygit2.Tree]:
        """*ours* with the files that *patch* was made from, and with what it makes of them.

        Files of which nobody knows what they were are left as they are.
        """
        base, theirs = pygit2.Index(), pygit2.Index()
        base.read_tree(ours)
        theirs.read_tree(ours)
        for file in patch.files:
            old = pre_image(self.store, file)
            if old is None or file.old_path is None or file.new_path is None:
                continue
            new = hunks.fit(old, file.hunks)
            assert isinstance(new, bytes)  # `pre_image` has seen to it
            for index, content in ((base, old), (theirs, new)):
                blob = self.store.create_blob(content)
                index.add(pygit2.IndexEntry(file.old_path, blob, FileMode.BLOB))
        sides = (self.store[side.write_tree(self.store)] for side in (base, theirs))
        first, second = (side.peel(pygit2.Tree) for side in sides)
        return first, second


def with_origin(message: bytes, revision: str) -> bytes:
    """*message* with the line that `git cherry-pick -x` adds."""
    text = message.rstrip(b"\n") + b"\n"
    paragraphs = text.split(b"\n\n")
    joined = len(paragraphs) > 1 and _is_trailers(paragraphs[-1].splitlines())
    between = b"" if joined else b"\n"
    return text + between + b"(cherry picked from commit %s)\n" % revision.encode()


def _note(left_out: Sequence[str]) -> str:
    """The line that says in a commit's message what was left out of it, in upstream's manner."""
    return f"[left out, since it conflicts: {', '.join(left_out)}]\n" if left_out else ""


def _paths(conflicts: Iterable[Sides]) -> list[str]:
    """All paths that *conflicts* are about, under their old names and their new ones."""
    return list({str(entry.path) for sides in conflicts for entry in sides if entry})


def _is_trailers(lines: list[bytes]) -> bool:
    """Does git see trailers in a message's last paragraph, so that one more may join them?"""
    fitting = sum(bool(_TRAILER.match(line)) for line in lines)
    others = sum(not _TRAILER.match(line) and not line[:1].isspace() for line in lines)
    known = any(line.startswith(_BY_GIT) for line in lines)
    return bool(fitting) and (not others or (known and fitting * 3 >= others))


def _is_text(content: bytes) -> bool:
    return b"\0" not in content[:8000]


def _entry(tree: pygit2.Tree, path: str) -> pygit2.Oid | None:
    try:
        return tree[path].id
    except KeyError:
        return None
