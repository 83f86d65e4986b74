"""One walk over a range of commits, which answers later questions about parts of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import pygit2
from pygit2.enums import SortMode


def reachable(
    repository: pygit2.Repository, new: str, hidden: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """The commits reachable from *new* and from none of *hidden*, with the parents of each.

    All are full hashes, parents first. Raises KeyError or pygit2.GitError.
    """
    found = commits(repository, new, hidden)
    return {str(commit.id): tuple(map(str, commit.parent_ids)) for commit in found}


def commits(
    repository: pygit2.Repository, new: str, hidden: Iterable[str] = ()
) -> Iterator[pygit2.Commit]:
    """The same commits as objects, one after the other; raises the same."""
    walker = repository.walk(new, SortMode.TOPOLOGICAL | SortMode.REVERSE)
    for commit in hidden:
        walker.hide(commit)
    yield from walker


@dataclass(frozen=True)
class Walk:
    """The commits reachable from one commit and not from ``old``, with the parents of each.

    ``parents`` has full hashes in topological order, parents first.
    """

    old: str
    parents: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, repository: pygit2.Repository, old: str, new: str) -> Walk:
        """Walk from *new*; some 0.2 s for 7,000 commits. Raises KeyError or pygit2.GitError."""
        return cls(old, reachable(repository, new, [old]))

    @property
    def commits(self) -> tuple[str, ...]:
        return tuple(self.parents)

    def part(self, old: str, new: str) -> tuple[str, ...] | None:
        """The commits reachable from *new* and not from *old*, or None if this walk cannot tell.

        It can if both lie on it and it has no merge, as in HAProxy's own history.
        """
        if not self._places or not {old, new} <= self._places.keys():
            return None
        return self.commits[self._places[old] : self._places[new]]

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """The number of commits up to and with each, 0 for ``old``; empty if there is a merge."""
        line = (self.old, *self.parents)
        if any(self.parents[child] != (parent,) for parent, child in pairwise(line)):
            return {}
        return {commit: place for place, commit in enumerate(line)}
