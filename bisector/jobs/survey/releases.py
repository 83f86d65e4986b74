"""The releases of a range, and their ancestry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType

from bisector.errors import NoRelease
from bisector.git.history import History, Range


class Releases:
    """The releases of a range, with its old end, whose tags match a pattern.

    ``graph`` has their commits; the parents of a release are the nearest releases before it.
    ``names`` are the matching tags by full hash. Commits of other *branches*, by the branch's name,
    count as commits of the range, but of their tags only those of the branch's own releases.
    ``branch_of`` is the branch of each, and ``branches`` the indexes in ``graph`` of the releases
    of the range and of each branch. Raises NoRelease if there are none.
    """

    def __init__(
        self,
        history: History,
        span: Range,
        pattern: str,
        branches: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self.branch_of = {one: name for name, commits in branches.items() for one in commits}
        commits = (span.old.id, *span.commits, *self.branch_of)
        tagged = [commit for commit in commits if commit in history.tags]
        if not tagged:
            raise NoRelease(f"{span.text} has no release tag", "fetch the tags, or widen the range")
        self.names = {
            commit: [name for name in history.tags[commit] if self._is_asked(commit, name, pattern)]
            for commit in tagged
        }
        matching = {commit for commit, names in self.names.items() if names}
        if not matching:
            raise NoRelease(
                f"--tags {pattern} matches none of the {len(tagged)} releases of {span.text}",
                f"their names are like {history.release(tagged[-1])}",
            )
        whole = history.graph(commits)
        self.graph = whole.only(matching)
        lines = [self.branch_of.get(commit, "") for commit in self.graph.revisions]
        self.branches = [
            frozenset(index for index, line in enumerate(lines) if line == name)
            for name in dict.fromkeys(lines)
        ]
        others = {place for place, commit in enumerate(commits) if commit not in matching}
        self._first = {
            commits[place]: [commits[release] for release in sorted(first)]
            for place, first in whole.nearest_descendants(range(len(commits)), others).items()
        }

    def _is_asked(self, commit: str, name: str, pattern: str) -> bool:
        """Whether the tag *name* of *commit* is asked about; v3.2-dev1 is not of the branch 3.2."""
        branch = self.branch_of.get(commit)
        return fnmatchcase(name, pattern) and (not branch or name.startswith(f"v{branch}."))

    def first_with(self, commits: Iterable[str]) -> list[int]:
        """The indexes in ``graph`` of the first releases that contain each of *commits*.

        Commits outside of the range are ignored.
        """
        known = [
            commit for commit in commits if commit in self._first or commit in self.graph.index
        ]
        return [self.graph.index[first] for c in known for first in self._first.get(c, [c])]
