"""Which commits of one branch are cherry-picks of which commits of another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import pygit2

from bisector.git import commit_text

_TRAILER = re.compile(rb"\(cherry picked from commit ([0-9a-f]{40})\)")


class PickedBy(StrEnum):
    """What says that a commit is a pick, the surest first."""

    TRAILER = "its message"
    PATCH = "the same change"  # the same patch id
    SUBJECT = "the same author and subject"


@dataclass(frozen=True)
class Pick:
    """The pick ``commit`` (full hash), and what says so."""

    commit: str
    by: PickedBy


def origins(message: bytes) -> tuple[str, ...]:
    """The commits (full hashes) that a commit with this *message* is a pick of, by `git cherry-pick
    -x`: first the original, then its pick on each branch that it came through.
    """
    return tuple(name.decode() for name in _TRAILER.findall(message))


class Picks:
    """The picks among *commits* (full hashes) of a branch; *objects* also has the originals."""

    def __init__(self, objects: pygit2.Repository, commits: Iterable[str]) -> None:
        self._objects = objects
        self._commits = [_read(objects, commit) for commit in commits]

    @cached_property
    def by_trailer(self) -> Mapping[str, str]:
        """The pick of each commit that a message names; of several, the first one."""
        found: dict[str, str] = {}
        for commit in self._commits:
            for origin in origins(commit.raw_message):
                found.setdefault(origin, str(commit.id))
        return found

    def of(self, original: str) -> Pick | None:
        """The pick of the commit *original* (full hash); None if there is none.

        A commit that itself is a pick is looked for under its own originals, too.
        """
        commit = _read(self._objects, original)
        for name in (original, *origins(commit.raw_message)):
            if name in self.by_trailer:
                return Pick(self.by_trailer[name], PickedBy.TRAILER)
        if (change := _change(commit)) and (same := self._alike(change)):
            return Pick(same, PickedBy.PATCH)
        named = self._by_subject.get(_signed(commit))
        return Pick(named, PickedBy.SUBJECT) if named else None

    def _alike(self, change: pygit2.Diff) -> str:
        """The first commit with the same change, '' for none."""
        for commit in self._by_files.get(_files(change), ()):
            # a patch id takes ten times as long as the list of files
            if (other := _change(commit)) and other.patchid == change.patchid:
                return str(commit.id)
        return ""

    @cached_property
    def _by_files(self) -> Mapping[tuple[str, ...], Sequence[pygit2.Commit]]:
        found: defaultdict[tuple[str, ...], list[pygit2.Commit]] = defaultdict(list)
        for commit in self._commits:
            if change := _change(commit):
                found[_files(change)].append(commit)
        return found

    @cached_property
    def _by_subject(self) -> Mapping[tuple[str, str], str]:
        found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for commit in self._commits:
            found[_signed(commit)].append(str(commit.id))
        # two with the same subject, as "BUILD: fix a warning", say nothing
        return {signed: commits[0] for signed, commits in found.items() if len(commits) == 1}


def _read(objects: pygit2.Repository, commit: str) -> pygit2.Commit:
    return objects[commit].peel(pygit2.Commit)


def _signed(commit: pygit2.Commit) -> tuple[str, str]:
    """The author's address and the subject of *commit*."""
    return commit.author.email or "", commit_text.subject(commit)


def _change(commit: pygit2.Commit) -> pygit2.Diff | None:
    """The difference to the parent; None for a merge, a first commit and one without a change."""
    if len(commit.parents) != 1:
        return None
    change = commit.parents[0].tree.diff_to_tree(commit.tree)
    return change if len(change) else None


def _files(change: pygit2.Diff) -> tuple[str, ...]:
    return tuple(sorted(delta.new_file.path for delta in change.deltas))
