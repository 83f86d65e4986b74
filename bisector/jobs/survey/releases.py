"""The releases of a range, or other revisions that are surveyed, and their ancestry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Self

from bisector.errors import NoRelease
from bisector.git.history import History, Range
from bisector.search.graph import Graph


@dataclass(frozen=True)
class Releases:
    """Releases to judge, or other revisions.

    ``graph`` has their commits; the parents of a release are the nearest releases before it.
    ``names`` are what they are called, by full hash. ``branch_of`` is the branch of each commit
    that is not of the main line. ``following`` are the first releases that contain other commits.
    """

    graph: Graph
    names: Mapping[str, Sequence[str]]
    branch_of: Mapping[str, str] = field(default_factory=dict)
    following: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of_range(
        cls,
        history: History,
        span: Range,
        pattern: str,
        branches: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> Self:
        """The releases of *span*, with its old end, whose tags match *pattern*.

        Commits of other *branches*, by the branch's name, count as commits of the range, but of
        their tags only those of the branch's own releases. Raises NoRelease if there are none.
        """
        branch_of = {one: name for name, commits in branches.items() for one in commits}
        commits = (span.old.id, *span.commits, *branch_of)
        tagged = [commit for commit in commits if commit in history.tags]
        if not tagged:
            raise NoRelease(f"{span.text} has no release tag", "fetch the tags, or widen the range")
        names = {
            commit: [
                name
                for name in history.tags[commit]
                if _is_asked(name, pattern, branch_of.get(commit, ""))
            ]
            for commit in tagged
        }
        matching = {commit for commit, names in names.items() if names}
        if not matching:
            raise NoRelease(
                f"--tags {pattern} matches none of the {len(tagged)} releases of {span.text}",
                f"their names are like {history.release(tagged[-1])}",
            )
        whole = history.graph(commits)
        others = {place for place, commit in enumerate(commits) if commit not in matching}
        following = {
            commits[place]: [commits[release] for release in sorted(first)]
            for place, first in whole.nearest_descendants(range(len(commits)), others).items()
        }
        return cls(whole.only(matching), names, branch_of, following)

    @property
    def branches(self) -> list[frozenset[int]]:
        """The indexes in ``graph`` of the releases of the main line, and of each branch."""
        lines = [self.branch_of.get(commit, "") for commit in self.graph.revisions]
        return [
            frozenset(index for index, line in enumerate(lines) if line == name)
            for name in dict.fromkeys(lines)
        ]

    def first_with(self, commits: Iterable[str]) -> list[int]:
        """The indexes in ``graph`` of the first releases that contain each of *commits*.

        Commits outside of the range are ignored.
        """
        known = [c for c in commits if c in self.following or c in self.graph.index]
        return [self.graph.index[first] for c in known for first in self.following.get(c, [c])]


def _is_asked(name: str, pattern: str, branch: str) -> bool:
    """Whether the tag *name* is asked about; v3.2-dev1 is not of the *branch* 3.2."""
    return fnmatchcase(name, pattern) and (not branch or name.startswith(f"v{branch}."))
