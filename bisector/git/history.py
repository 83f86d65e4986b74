"""HAProxy's history, read from the user's clone, which is never written to.

A private bare store reads the clone's objects through `objects/info/alternates`, and those of other
repositories that are named beside it; what bisector writes, such as patched trees, goes there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pygit2

from bisector.errors import (
    BadRange,
    NoSuchRevision,
    NotARepository,
    ShallowClone,
)
from bisector.git import commit_text, revision_names, walk
from bisector.git.object_store import private_store, with_objects_of
from bisector.git.refs import Refs, peel, tip
from bisector.git.repositories import open_clone, readable
from bisector.git.stable_branches import number_of
from bisector.git.walk import Walk, reachable
from bisector.search.graph import Graph
from bisector.system.workspace import Workspace


@dataclass(frozen=True)
class Commit:
    """A revision: its full hash, the full hashes of its parents, its subject line."""

    id: str
    parents: tuple[str, ...]
    subject: str

    @property
    def short(self) -> str:
        return self.id[:10]


@dataclass(frozen=True)
class Range:
    """A range A..B: its two ends, and the commits reachable from B and not from A, parents first.

    A is not among the commits, B is the last one.
    """

    text: str
    old: Commit
    new: Commit
    commits: tuple[str, ...]


@dataclass(frozen=True)
class Ends:
    """The two ends of a range, and their ``names`` as the user gave them."""

    old: Commit
    new: Commit
    names: tuple[str, str]


class History:
    """The commits, tags and trees of one clone, and of the repositories beside it."""

    def __init__(self, clone: pygit2.Repository, store: pygit2.Repository, refs: Refs) -> None:
        self._clone = clone
        self.store = store
        self.refs = refs
        self._walk: Walk | None = None  # the last one

    @classmethod
    def open(cls, folder: Path, workspace: Workspace) -> History:
        """Open the repository that contains *folder*; raises what open_clone() raises."""
        clone = open_clone(folder)
        return cls(clone, private_store(clone, workspace), Refs(clone))

    def beside(self, others: Sequence[pygit2.Repository], workspace: Workspace) -> History:
        """The same clone with the objects, branches and tags of *others*, see open_beside()."""
        with readable(self.path):
            objects = with_objects_of(self._clone, others)
        return History(
            self._clone,
            private_store(self._clone, workspace, others),
            Refs(objects, sorted(others, key=lambda one: one.path)),
        )

    def with_store(self) -> History:
        """The same, with the objects of the private store: picks are commits like others."""
        others = (*self.refs.beside, self.store)
        return History(
            self._clone,
            self.store,
            Refs(with_objects_of(self._clone, others), self.refs.beside),
        )

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user should know about names that were resolved, each in a line."""
        return ()

    def is_published(self, commit: str) -> bool:
        """Whether the clone or a repository beside it has *commit*, and not only the store."""
        return any(commit in one for one in (self._clone, *self.refs.beside))

    @property
    def path(self) -> Path:
        """The clone's git folder."""
        return Path(self._clone.path)

    @property
    def store_path(self) -> Path:
        """The git folder of the private store."""
        return Path(self.store.path)

    @property
    def clone(self) -> pygit2.Repository:
        """The clone, as it is without the repositories beside it."""
        return self._clone

    @property
    def objects(self) -> pygit2.Repository:
        """The clone, with the objects of all repositories: faster to read than the store."""
        return self.refs.objects

    @property
    def identity(self) -> pygit2.Signature | None:
        """The user's name and address as configured for git; None if they are not."""
        try:
            return self._clone.default_signature
        except KeyError:
            return None

    # -- revisions -----------------------------------------------------------------------------

    def resolve(self, name: str) -> Commit:
        """The commit that *name* refers to, see revision_names.find.

        Raises NoSuchRevision, with similar names, and ShallowClone if the clone is a shallow one.
        """
        commit = revision_names.find(self.refs, name)
        if commit is not None:
            return _commit(commit)
        if self._clone.is_shallow:
            raise self._incomplete(name, None)
        raise NoSuchRevision(
            f"no revision '{name}' in {self._clone.path}", revision_names.hint(self.refs, name)
        )

    def knows(self, name: str) -> bool:
        """Whether *name* refers to a commit of the clone."""
        try:
            self.resolve(name)
        except (NoSuchRevision, ShallowClone):
            return False
        return True

    def head(self) -> Commit:
        """The commit that is checked out in the clone. Raises NoSuchRevision."""
        found = tip(self._clone, "HEAD")
        if found is None:
            raise NoSuchRevision(
                f"no commit is checked out in {self._clone.path}", "name the revision"
            )
        return _commit(found)

    def is_dirty(self) -> bool:
        """Whether tracked files in the clone's work tree have uncommitted changes."""
        if self._clone.is_bare or tip(self._clone, "HEAD") is None:
            return False
        return bool(self._clone.status(untracked_files="no"))

    def commit(self, revision: str) -> Commit:
        """The commit with the full hash *revision*. Raises ShallowClone."""
        return _commit(self.read(revision))

    def read(self, revision: str) -> pygit2.Commit:
        """The commit object with the full hash *revision*. Raises ShallowClone."""
        try:
            return peel(self.objects[revision])
        except KeyError as error:
            raise self._incomplete(revision, error) from error

    def tree_id(self, revision: str) -> str:
        """The id of the tree of the commit with the full hash *revision*. Raises ShallowClone."""
        return str(self.read(revision).tree.id)

    # -- ranges --------------------------------------------------------------------------------

    def ends(self, text: str) -> Ends:
        """The ends of the range `A..B`; `A..` ends at the HEAD.

        Raises BadRange if *text* is not a range or if both are the same, NoSuchRevision for an
        unknown end.
        """
        match = re.fullmatch(r"(.*[^.])\.\.([^.].*)?", text)
        if not match:
            raise BadRange(f"'{text}' is not a range", "write A..B, for example v2.9..master")
        old = self.resolve(match[1])
        new = self.resolve(match[2]) if match[2] else self.head()
        if old.id == new.id:
            hint = f"both ends are {old.short}"
            if match[2] and number_of(match[2]):
                hint += f"; its branch may be in another repository: add --with {match[2]}"
            raise BadRange(f"{text} is empty", hint)
        return Ends(old, new, (match[1], match[2] or "HEAD"))

    def range(self, text: str) -> Range:
        """The range `A..B`, see ends().

        Raises BadRange also if the range is reversed or has an A that is not an ancestor of B;
        ShallowClone if the clone lacks commits of the range.
        """
        ends = self.ends(text)
        old, new = ends.old, ends.new
        base = self.merge_base(old.id, new.id)
        if base != old.id:
            raise self._not_an_ancestor(text, old, new, base)
        return Range(text, old, new, self.between(old.id, new.id))

    def merge_base(self, one: str, other: str) -> str | None:
        """The last common ancestor of two commits, full hashes; None if there is none."""
        try:
            base = self.objects.merge_base(one, other)
        except (KeyError, pygit2.GitError) as error:
            raise self._incomplete(f"{one[:10]}..{other[:10]}", error) from error
        return None if base is None else str(base)

    def contains(self, tip: str, commit: str) -> bool:
        """Whether *commit* is *tip* or one of its ancestors; both are full hashes."""
        return tip == commit or bool(self.objects.descendant_of(tip, commit))

    def between(self, old: str, new: str) -> tuple[str, ...]:
        """The commits reachable from *new* and not from *old* (full hashes), parents first."""
        part = self._walk.part(old, new) if self._walk else None
        if part is None:
            try:
                self._walk = Walk.of(self.objects, old, new)
            except (KeyError, pygit2.GitError) as error:
                raise self._incomplete(f"{old[:10]}..{new[:10]}", error) from error
            part = self._walk.commits
        return part

    def ancestry(self, commit: str) -> Iterator[pygit2.Commit]:
        """*commit* (full hash) and all its ancestors, parents first.

        Raises NotARepository, ShallowClone.
        """
        try:
            yield from walk.commits(self.objects, commit)
        except (KeyError, pygit2.GitError) as error:
            raise self._incomplete(f"the history of {commit[:10]}", error) from error

    def branches(self, old: str, tips: Sequence[str]) -> list[tuple[str, ...]]:
        """For each of *tips*, what is reachable from it and neither from *old* nor from one before.

        All are full hashes; each part has the parents first. Raises NotARepository, ShallowClone.
        """
        try:
            return [
                tuple(reachable(self.objects, end, (old, *tips[:number])))
                for number, end in enumerate(tips)
            ]
        except (KeyError, pygit2.GitError) as error:
            raise self._incomplete(f"what follows {old[:10]}", error) from error

    def _not_an_ancestor(self, text: str, old: Commit, new: Commit, base: str | None) -> Exception:
        """The error for a range whose ends have the merge base *base*, None for none."""
        if base is None and self._clone.is_shallow:
            return self._incomplete(text, None)
        if base is None:
            return BadRange(f"the ends of {text} have no common history")
        if base == new.id:
            first, second = text.split("..", 1)
            return BadRange(f"{text} is reversed", f"did you mean {second or 'HEAD'}..{first}?")
        fork = base[:10]
        return BadRange(
            f"{text}: {old.short} is not an ancestor of {new.short}",
            f"they diverge after {fork}; start there: {fork}..{text.split('..')[1]}",
        )

    def _incomplete(self, text: str, error: Exception | None) -> Exception:
        """The error for a clone that lacks the revision or a part of the range *text*."""
        if self._clone.is_shallow:
            return ShallowClone(
                f"{self._clone.path} is a shallow clone and lacks a part of {text}",
                "run 'git fetch --unshallow --tags' there",
            )
        return NotARepository(f"{self._clone.path} lacks commits of {text}: {error}")

    def graph(self, commits: Iterable[str]) -> Graph:
        """The ancestry of *commits*: full hashes, parents first."""
        known = self._walk.parents if self._walk else {}
        return Graph.of(
            [(commit, known.get(commit) or self.commit(commit).parents) for commit in commits]
        )

    # -- releases ------------------------------------------------------------------------------

    @cached_property
    def tags(self) -> dict[str, list[str]]:
        """The names of the release tags by the full hash of their commit."""
        return revision_names.release_tags(self.refs)

    def place(self, commit: str, commits: Iterable[str]) -> str:
        """The name of *commit* in the style of `git describe --contains` (v3.0-dev1~53), or ''.

        *commits* are those of a range, parents first; the name is relative to the first release
        tag among *commit* and those after it whose first parents lead back to *commit*.
        """
        order = list(commits)
        later = set(order[order.index(commit) :]) if commit in order else set()
        for tagged in (other for other in order if other in later and other in self.tags):
            steps, at = 0, tagged
            while at != commit and at in later:
                at, steps = next(iter(self.commit(at).parents), ""), steps + 1
            if at == commit:
                return self.tags[tagged][0] + (f"~{steps}" if steps else "")
        return ""

    def release(self, commit: str) -> str:
        """The release tag of *commit*, or the first ten digits of its hash."""
        return next(iter(self.tags.get(commit, ())), commit[:10])


def _commit(commit: pygit2.Commit) -> Commit:
    return Commit(str(commit.id), tuple(map(str, commit.parent_ids)), commit_text.subject(commit))
