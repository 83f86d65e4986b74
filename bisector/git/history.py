"""HAProxy's history, read from the user's clone and never written to it.

A private bare store borrows the clone's objects (`objects/info/alternates`); whatever bisector
writes, patched trees above all, goes into the store.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pygit2
from pygit2.enums import SortMode

from bisector.errors import (
    BadRange,
    DamagedRepository,
    NoSuchRevision,
    NotARepository,
    ShallowClone,
)
from bisector.git import commit_text
from bisector.git.object_store import private_store
from bisector.search.graph import Graph
from bisector.system.workspace import Workspace

RELEASE_TAG = re.compile(r"v\d+\.\d+(?:\.\d+|-dev\d+)$")
_FIRST_RELEASE = re.compile(r"v\d+\.\d+\.0$")
_SERIES = re.compile(r"v?\d+\.\d+$")


@dataclass(frozen=True)
class Commit:
    """A revision: its full hash, its parents' hashes, its subject line."""

    id: str
    parents: tuple[str, ...]
    subject: str

    @property
    def short(self) -> str:
        return self.id[:10]


@dataclass(frozen=True)
class Range:
    """The commits that B has and A has not, parents first, and both ends."""

    text: str
    old: Commit
    new: Commit
    commits: tuple[str, ...]


class History:
    """The commits, tags and trees of one clone."""

    def __init__(self, clone: pygit2.Repository, store: pygit2.Repository) -> None:
        self._clone = clone
        self.store = store

    @classmethod
    def open(cls, folder: Path, workspace: Workspace) -> History:
        """Read the repository at *folder*, a work tree or a bare one.

        Raises NotARepository when there is none, or when it is not HAProxy's, DamagedRepository
        when git itself could not read it.
        """
        # only objects are read, no hook or configuration of the clone is ever run
        pygit2.settings.owner_validation = False
        # half of the time that a walk over thousands of commits takes; git does not do it, either
        pygit2.settings.enable_strict_hash_verification(False)
        # a walk over thousands of commits meets each object once or twice: not worth 30 MB
        pygit2.settings.enable_caching(False)
        found = pygit2.discover_repository(str(folder))
        if found is None:
            raise NotARepository(
                f"{folder} is not a git repository", "name a clone of HAProxy with --repo"
            )
        with _readable(folder):
            clone = pygit2.Repository(found)
        history = cls(clone, private_store(clone, workspace))
        with _readable(folder):
            is_haproxys = history._is_haproxy()
        if not is_haproxys:
            raise NotARepository(
                f"{folder} is a git repository, but not HAProxy's",
                "name a clone of HAProxy with --repo",
            )
        return history

    @property
    def path(self) -> Path:
        return Path(self._clone.path)

    @property
    def store_path(self) -> Path:
        return Path(self.store.path)

    @property
    def objects(self) -> pygit2.Repository:
        """The clone itself, for reading its objects without a detour through the store."""
        return self._clone

    @property
    def identity(self) -> pygit2.Signature | None:
        """Who the user is, as git is told in the clone or for all of them; None if it is not."""
        try:
            return self._clone.default_signature
        except KeyError:
            return None

    def _is_haproxy(self) -> bool:
        """Whether the tip of any branch, or what is checked out, looks like HAProxy's source."""
        names = [name for name in self._clone.references if name.startswith("refs/heads/")]
        tips = filter(None, map(self._tip, ("HEAD", *names)))
        wanted = {"Makefile", "include/haproxy", "src/haproxy.c"}
        return any(wanted <= set(_present(tip.tree)) for tip in tips)

    def _tip(self, ref: str) -> pygit2.Commit | None:
        """The commit that a ref leads to; None for one that is dangling, damaged or no commit's."""
        try:
            return self._peel(self._clone.references[ref].resolve())
        except (KeyError, ValueError, pygit2.GitError):
            return None

    # -- names ---------------------------------------------------------------------------------

    def resolve(self, name: str) -> Commit:
        """The commit that *name* means, see `_meanings`.

        Raises NoSuchRevision, with names that come near.
        """
        for attempt in self._meanings(name):
            try:
                return self._commit(self._peel(self._clone.revparse_single(attempt)))
            except (KeyError, ValueError, pygit2.GitError):
                continue
        if self._clone.is_shallow:
            raise self._shallow(name, None)
        near = self._near(name)
        hint = f"did you mean {' or '.join(near)}?" if near else "see 'git tag' and 'git branch -a'"
        raise NoSuchRevision(f"no revision '{name}' in {self._clone.path}", hint)

    def _meanings(self, name: str) -> Iterator[str]:
        """The git revisions that *name* may stand for, in order of precedence.

        First what git takes it for. Then `v3.0` is the tag v3.0.0, while `3.0` is a remote's
        branch of that name, where stable branches live, and the tag only if there is none.
        """
        yield name
        first_release = [f"v{name.removeprefix('v')}.0"] if _SERIES.match(name) else []
        if name.startswith("v"):
            yield from first_release
        yield from self._remote_branches(name)
        yield from first_release

    def _remote_branches(self, name: str) -> list[str]:
        """*name* (BRANCH, BRANCH~2 …) in each remote: origin first, then the newest commit."""
        branch = re.split(r"[~^@:]", name, maxsplit=1)[0]
        found: dict[str, tuple[bool, int]] = {}
        for ref in self._clone.references:
            if ref.startswith("refs/remotes/") and ref.split("/", 3)[3:] == [branch]:
                try:
                    tip = self._peel(self._clone.revparse_single(ref))
                except (KeyError, ValueError, pygit2.GitError):
                    continue
                there = ref + name.removeprefix(branch)
                found[there] = (ref.startswith("refs/remotes/origin/"), tip.commit_time)
        return sorted(found, key=lambda there: found[there], reverse=True)

    def knows(self, name: str) -> bool:
        """Is there a revision of that name?"""
        try:
            self.resolve(name)
        except (NoSuchRevision, ShallowClone):
            return False
        return True

    def head(self) -> Commit:
        """The commit that is checked out in the clone."""
        tip = self._tip("HEAD")
        if tip is None:
            raise NoSuchRevision(
                f"no commit is checked out in {self._clone.path}", "name the revision"
            )
        return self._commit(tip)

    def is_dirty(self) -> bool:
        """Has the clone's work tree changes to tracked files that are not committed?"""
        if self._clone.is_bare or self._tip("HEAD") is None:
            return False
        return bool(self._clone.status(untracked_files="no"))

    def commit(self, revision: str) -> Commit:
        """The commit with the full hash *revision*."""
        return self._commit(self.read(revision))

    def range(self, text: str) -> Range:
        """The range `A..B` (B may be left out: HEAD).

        Raises BadRange when it is no range, empty, reversed or spans two lines of history, and
        ShallowClone when the clone lacks a part of it.
        """
        match = re.fullmatch(r"(.*[^.])\.\.([^.].*)?", text)
        if not match:
            raise BadRange(f"'{text}' is no range", "write A..B, for example v2.9..master")
        old = self.resolve(match[1])
        new = self.resolve(match[2]) if match[2] else self.head()
        if old.id == new.id:
            raise BadRange(f"{text} is empty", f"both ends are {old.short}")
        try:
            base = self._clone.merge_base(old.id, new.id)
            if base is None or str(base) != old.id:
                raise self._misfit(text, old, new, base)
            commits = self.between(old.id, new.id)
        except (KeyError, pygit2.GitError) as error:
            raise self._shallow(text, error) from error
        return Range(text, old, new, commits)

    def between(self, old: str, new: str) -> tuple[str, ...]:
        """The commits that *new* has and *old* has not (full hashes), parents first."""
        walker = self._clone.walk(new, SortMode.TOPOLOGICAL | SortMode.REVERSE)
        walker.hide(old)
        return tuple(str(commit.id) for commit in walker)

    def _misfit(self, text: str, old: Commit, new: Commit, base: object) -> Exception:
        if base is None and self._clone.is_shallow:
            return self._shallow(text, None)
        if base is None:
            return BadRange(f"the ends of {text} have no common history")
        if str(base) == new.id:
            first, second = text.split("..", 1)
            return BadRange(f"{text} is reversed", f"did you mean {second or 'HEAD'}..{first}?")
        fork = str(base)[:10]
        return BadRange(
            f"{text}: {old.short} is not an ancestor of {new.short}",
            f"they part at {fork}; begin there: {fork}..{text.split('..')[1]}",
        )

    def _shallow(self, text: str, error: Exception | None) -> Exception:
        if self._clone.is_shallow:
            return ShallowClone(
                f"{self._clone.path} is a shallow clone and lacks a part of {text}",
                "run 'git fetch --unshallow --tags' there",
            )
        return NotARepository(f"{self._clone.path} lacks commits of {text}: {error}")

    def _near(self, name: str) -> list[str]:
        """The names of commits that are like *name*."""
        known = {ref.split("/", 2)[2]: ref for ref in self._clone.references if ref.count("/") >= 2}
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
        return [found for found in close if self._tip(known[found])]

    # -- what lies in a range ------------------------------------------------------------------

    def graph(self, commits: Iterable[str]) -> Graph:
        """The commits, parents first, as the search wants them."""
        return Graph.of(list(self._with_parents(commits)))

    def _with_parents(self, commits: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        for commit in commits:
            yield commit, self.commit(commit).parents

    @cached_property
    def tags(self) -> dict[str, list[str]]:
        """Release tags by the commit that they name."""
        found: dict[str, list[str]] = {}
        for ref in self._clone.references:
            name = ref.removeprefix("refs/tags/")
            if name != ref and RELEASE_TAG.match(name) and (tip := self._tip(ref)):
                found.setdefault(str(tip.id), []).append(name)
        return found

    def place(self, commit: str, commits: Iterable[str]) -> str:
        """Where *commit* lies, as `git describe --contains` says it (v3.0-dev1~53), or ''.

        *commits* are those of a range, parents first; the nearest later tag among them counts.
        """
        order = list(commits)
        later = set(order[order.index(commit) :]) if commit in order else set()
        for tagged in (one for one in order if one in later and one in self.tags):
            steps, at = 0, tagged
            while at != commit and at in later:
                at, steps = next(iter(self.commit(at).parents), ""), steps + 1
            if at == commit:
                return self.tags[tagged][0] + (f"~{steps}" if steps else "")
        return ""

    def older_release(self, commit: str) -> str:
        """The newest first release of a series (vX.Y.0) that *commit* descends from, or ''."""
        first = [
            (tuple(map(int, name[1:].split("."))), name)
            for tagged, names in self.tags.items()
            for name in names
            if _FIRST_RELEASE.match(name) and self._clone.descendant_of(commit, tagged)
        ]
        return max(first)[1] if first else ""

    def release(self, commit: str) -> str:
        """The commit's release tag, or its short hash."""
        return next(iter(self.tags.get(commit, ())), commit[:10])

    # -- objects -------------------------------------------------------------------------------

    def tree_id(self, revision: str) -> str:
        """The id of a revision's whole tree."""
        return str(self._tree(revision).id)

    def read(self, revision: str) -> pygit2.Commit:
        """The commit object with the full hash *revision*. Raises ShallowClone."""
        try:
            return self._peel(self._clone[revision])
        except KeyError as error:
            raise self._shallow(revision, error) from error

    def _tree(self, revision: str) -> pygit2.Tree:
        return self.read(revision).tree

    @staticmethod
    def _peel(found: pygit2.Object | pygit2.Reference) -> pygit2.Commit:
        return found.peel(pygit2.Commit)

    @staticmethod
    def _commit(found: pygit2.Commit) -> Commit:
        return Commit(str(found.id), tuple(map(str, found.parent_ids)), commit_text.subject(found))


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """Turn what libgit2 cannot read of the repository at *folder* into one line."""
    try:
        yield
    except pygit2.GitError as error:
        raise DamagedRepository(
            f"the git repository {folder} cannot be read ({error})",
            "mend what 'git fsck' finds there, or name another clone with --repo",
        ) from error


def _entry(tree: pygit2.Tree, path: str) -> pygit2.Oid | None:
    try:
        return tree[path].id
    except KeyError:
        return None


def _present(tree: pygit2.Tree) -> Iterator[str]:
    for path in ("Makefile", "include/haproxy", "src/haproxy.c"):
        if _entry(tree, path) is not None:
            yield path
