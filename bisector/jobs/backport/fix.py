"""A fix: apply it to a branch, and search for its prerequisites there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pygit2

from bisector.errors import PatchProblem
from bisector.git.history import History
from bisector.git.object_store import is_built
from bisector.git.picks import Picks
from bisector.patch import load
from bisector.patch.cherry_pick import Picked, Picker
from bisector.patch.conflict import PickConflict
from bisector.patch.line_log import LineLog
from bisector.patch.model import Series
from bisector.search import prerequisites
from bisector.search.prerequisites import Prerequisites


@dataclass(frozen=True)
class Fix:
    """The commit ``revision`` (full hash), or if that is '' the patches of ``series``.

    ``home`` is the full hash of the revision for which the fix was made.
    """

    revision: str
    series: Series
    home: str

    @classmethod
    def find(cls, name: str, history: History) -> Fix:
        """The patch file, folder of patches or revision called *name*. Raises PatchProblem."""
        if Path(name).exists():
            return cls("", load.load(Path(name)), history.head().id)
        if not history.knows(name):
            raise PatchProblem(f"no patch '{name}'", "it is neither a file nor a revision")
        commit = history.resolve(name)
        patch = load.from_commit(history.store, history.store[commit.id].peel(pygit2.Commit))
        return cls(commit.id, Series((patch,)), commit.id)

    @property
    def message(self) -> str:
        """The messages of all its patches."""
        return "\n\n".join(patch.message for patch in self.series.patches)

    def require_authors(self) -> None:
        """Raise PatchProblem if one of the patches has no author."""
        if any(patch.author is None for patch in self.series.patches):
            raise PatchProblem(
                "the patch does not say who wrote it, and when",
                "use a file that 'git format-patch' has written",
            )

    def onto(self, picker: Picker, first: Sequence[str], tip: str) -> Picked | PickConflict:
        """Apply the commits *first* and then the fix on top of the commit *tip* (full hashes)."""
        commits: tuple[str, ...] = ()
        left_out: tuple[str, ...] = ()
        for commit in first:
            step = picker.commit(commit, commits[-1] if commits else tip)
            if isinstance(step, PickConflict):
                return step
            commits += step.commits
            left_out += step.left_out
        top = commits[-1] if commits else tip
        if self.revision:
            own = picker.commit(self.revision, top)
        else:
            own = picker.series(self.series, top)
        if isinstance(own, PickConflict):
            return own
        left_out = tuple(dict.fromkeys(left_out + own.left_out))
        return Picked(commits + own.commits, own.how, left_out)


def picked_from(history: History, home: str, tip: str) -> frozenset[str]:
    """The commits that were cherry-picked into *tip*'s branch since it diverged from *home*.

    They are the full hashes that the messages there name.
    """
    base = history.objects.merge_base(home, tip)
    commits = history.between(str(base), tip) if base else ()
    return frozenset(Picks(history.objects, commits).by_trailer)


class Needs:
    """Searches for what a fix needs first on one branch, among the commits before the fix.

    *log* is that of the commits (full hashes, parents first) that may be needed. Those *there* are
    on the branch already.
    """

    def __init__(
        self, picker: Picker, fix: Fix, tip: str, log: LineLog, there: Collection[str]
    ) -> None:
        self._picker, self._fix, self._tip = picker, fix, tip
        self._log, self._there = log, there
        self._pick = cache(self._picked)

    @classmethod
    def of(cls, history: History, picker: Picker, fix: Fix, tip: str) -> Needs:
        """The search among the fix's ancestors that are not in the history of *tip*."""
        base = history.objects.merge_base(fix.home, tip)
        before = history.between(str(base), fix.home) if base else ()
        log = LineLog(history, [commit for commit in before if commit != fix.revision])
        return cls(picker, fix, tip, log, picked_from(history, fix.home, tip))

    def search(
        self, passes: Callable[[Picked], bool], budget: int = prerequisites.BUDGET
    ) -> Prerequisites:
        """The smallest set of commits with which the fix applies and *passes*."""

        def good(commits: prerequisites.Commits) -> bool:
            picked = self._pick(commits)
            return isinstance(picked, Picked) and passes(picked)

        return prerequisites.search(self._log.commits, self._lacking, good, budget=budget)

    def picked(self, found: Prerequisites) -> Picked | None:
        """The fix with the prerequisites *found* before it; None if none were found."""
        picked = self._pick(found.commits) if found.commits is not None else None
        return picked if isinstance(picked, Picked) else None

    def _picked(self, commits: prerequisites.Commits) -> Picked | PickConflict:
        return self._fix.onto(self._picker, commits, self._tip)

    def _lacking(self, commits: prerequisites.Commits) -> prerequisites.Commits | None:
        """The commits that changed the lines on which *commits* and the fix conflict.

        None if there is no conflict.
        """
        picked = self._pick(commits)
        if isinstance(picked, Picked):
            return None
        built = (file for file in picked.files if is_built(file.path))
        touched = (commit for file in built for commit in self._log.commits_changing(file))
        return tuple(dict.fromkeys(c for c in touched if c not in self._there))
