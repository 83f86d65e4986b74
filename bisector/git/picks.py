"""Which commits of one branch are cherry-picks of which commits of another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import pygit2

from bisector.git import commit_text

_TRAILER = re.compile(rb"\(cherry picked from commit ([0-9a-f]{40})\)")


class PickedBy(StrEnum):
    """What says that a commit is a pick, the surest first."""

    TRAILER = "its message"
    PATCH = "the same change"  # with the same context
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
        patch = _patch_id(commit)
        if patch and patch in self._by_patch:
            return Pick(self._by_patch[patch], PickedBy.PATCH)
        named = self._by_subject.get(_signed(commit))
        return Pick(named, PickedBy.SUBJECT) if named else None

    @cached_property
    def _by_patch(self) -> Mapping[pygit2.Oid, str]:
        found: dict[pygit2.Oid, str] = {}
        for commit in self._commits:
            if patch := _patch_id(commit):
                found.setdefault(patch, str(commit.id))
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


def _patch_id(commit: pygit2.Commit) -> pygit2.Oid | None:
    """As that of `git patch-id`; None for a merge, a first commit and one without a change."""
    if len(commit.parents) != 1:
        return None
    diff = commit.parents[0].tree.diff_to_tree(commit.tree)
    return diff.patchid if len(diff) else None
