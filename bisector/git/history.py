"""HAProxy's history, read from the user's clone, which is never written to.

A private bare store reads the clone's objects through `objects/info/alternates`; what bisector
writes, such as patched trees, goes into the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pygit2

from bisector.errors import (
    BadRange,
    DamagedRepository,
    NoSuchRevision,
    NotARepository,
    ShallowClone,
)
from bisector.git import commit_text, revision_names
from bisector.git.object_store import entry_id, private_store
from bisector.git.walk import Walk
from bisector.search.graph import Graph
from bisector.system.workspace import Workspace

_HAPROXY_PATHS = ("Makefile", "include/haproxy", "src/haproxy.c")


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
    """The commits, tags and trees of one clone."""

    def __init__(self, clone: pygit2.Repository, store: pygit2.Repository) -> None:
        self._clone = clone
        self.store = store
        self._walk: Walk | None = None  # the last one

    @classmethod
    def open(cls, folder: Path, workspace: Workspace) -> History:
        """Open the repository that contains *folder*, in a work tree or a bare repository.

        Raises NotARepository if there is none or if it is not HAProxy's, DamagedRepository if git
        could not read it either.
        """
        # only objects are read; no hook and no configuration of the clone is run
        pygit2.settings.owner_validation = False
        # git does not verify hashes on reading either; this halves the time of a long walk
        pygit2.settings.enable_strict_hash_verification(False)
        # a walk reads each object once or twice, so a cache of 30 MB would hardly be used
        pygit2.settings.enable_caching(False)
        path = pygit2.discover_repository(str(folder))
        if path is None:
            raise NotARepository(
                f"{folder} is not a git repository", "name a clone of HAProxy with --repo"
            )
        with _readable(folder):
            clone = pygit2.Repository(path)
        history = cls(clone, private_store(clone, workspace))
        with _readable(folder):
            is_haproxy = history._is_haproxy()
        if not is_haproxy:
            raise NotARepository(
                f"{folder} is a git repository, but not HAProxy's",
                "name a clone of HAProxy with --repo",
            )
        return history

    @property
    def path(self) -> Path:
        """The clone's git folder."""
        return Path(self._clone.path)

    @property
    def store_path(self) -> Path:
        """The git folder of the private store."""
        return Path(self.store.path)

    @property
    def objects(self) -> pygit2.Repository:
        """The clone; its objects are read faster there than through the store."""
        return self._clone

    @property
    def identity(self) -> pygit2.Signature | None:
        """The user's name and address as configured for git; None if they are not."""
        try:
            return self._clone.default_signature
        except KeyError:
            return None

    def _is_haproxy(self) -> bool:
        """Whether the HEAD or the tip of a local branch looks like HAProxy's source."""
        names = [name for name in self._clone.references if name.startswith("refs/heads/")]
        tips = (revision_names.tip(self._clone, name) for name in ("HEAD", *names))
        return any(
            all(entry_id(tip.tree, path) is not None for path in _HAPROXY_PATHS)
            for tip in tips
            if tip
        )

    # -- revisions -----------------------------------------------------------------------------

    def resolve(self, name: str) -> Commit:
        """The commit that *name* refers to, see revision_names.find.

        Raises NoSuchRevision, with similar names, and ShallowClone if the clone is a shallow one.
        """
        commit = revision_names.find(self._clone, name)
        if commit is not None:
            return _commit(commit)
        if self._clone.is_shallow:
            raise self._incomplete(name, None)
        similar = revision_names.similar(self._clone, name)
        hint = "see 'git tag' and 'git branch -a'"
        if similar:
            hint = f"did you mean {' or '.join(similar)}?"
        raise NoSuchRevision(f"no revision '{name}' in {self._clone.path}", hint)

    def knows(self, name: str) -> bool:
        """Whether *name* refers to a commit of the clone."""
        try:
            self.resolve(name)
        except (NoSuchRevision, ShallowClone):
            return False
        return True

    def head(self) -> Commit:
        """The commit that is checked out in the clone. Raises NoSuchRevision."""
        tip = revision_names.tip(self._clone, "HEAD")
        if tip is None:
            raise NoSuchRevision(
                f"no commit is checked out in {self._clone.path}", "name the revision"
            )
        return _commit(tip)

    def is_dirty(self) -> bool:
        """Whether tracked files in the clone's work tree have uncommitted changes."""
        if self._clone.is_bare or revision_names.tip(self._clone, "HEAD") is None:
            return False
        return bool(self._clone.status(untracked_files="no"))

    def commit(self, revision: str) -> Commit:
        """The commit with the full hash *revision*. Raises ShallowClone."""
        return _commit(self.read(revision))

    def read(self, revision: str) -> pygit2.Commit:
        """The commit object with the full hash *revision*. Raises ShallowClone."""
        try:
            return revision_names.peel(self._clone[revision])
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
            raise BadRange(f"{text} is empty", f"both ends are {old.short}")
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
            base = self._clone.merge_base(one, other)
        except (KeyError, pygit2.GitError) as error:
            raise self._incomplete(f"{one[:10]}..{other[:10]}", error) from error
        return None if base is None else str(base)

    def between(self, old: str, new: str) -> tuple[str, ...]:
        """The commits reachable from *new* and not from *old* (full hashes), parents first."""
        part = self._walk.part(old, new) if self._walk else None
        if part is None:
            try:
                self._walk = Walk.of(self._clone, old, new)
            except (KeyError, pygit2.GitError) as error:
                raise self._incomplete(f"{old[:10]}..{new[:10]}", error) from error
            part = self._walk.commits
        return part

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
        return revision_names.release_tags(self._clone)

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


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """Raise DamagedRepository for errors of libgit2 while it reads the repository at *folder*."""
    try:
        yield
    except pygit2.GitError as error:
        raise DamagedRepository(
            f"the git repository {folder} cannot be read ({error})",
            "mend what 'git fsck' finds there, or name another clone with --repo",
        ) from error
