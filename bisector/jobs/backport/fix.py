"""A fix, how it goes onto a branch, and what it needs there first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pygit2

from bisector.errors import PatchProblem
from bisector.git.history import History
from bisector.git.object_store import is_built
from bisector.patch import load
from bisector.patch.cherry_pick import Picked, Picker
from bisector.patch.conflict import PickConflict
from bisector.patch.line_log import LineLog
from bisector.patch.model import Series
from bisector.search import prerequisites
from bisector.search.prerequisites import Prerequisites

_ORIGIN = re.compile(rb"\(cherry picked from commit ([0-9a-f]{40})\)")


@dataclass(frozen=True)
class Fix:
    """What is to be ported: a commit, or else the patches of *series*, made for *home*."""

    revision: str
    series: Series
    home: str

    @classmethod
    def find(cls, name: str, history: History) -> Fix:
        """The patch file or folder, or the revision, that *name* means. Raises PatchProblem."""
        if Path(name).exists():
            return cls("", load.load(Path(name)), history.head().id)
        if not history.knows(name):
            raise PatchProblem(f"no patch '{name}'", "it is neither a file nor a revision")
        commit = history.resolve(name)
        found = history.store[commit.id].peel(pygit2.Commit)
        patch = load.from_commit(history.store, found)
        return cls(commit.id, Series((patch,)), commit.id)

    @property
    def message(self) -> str:
        """What is said about it, of all its patches."""
        return "\n\n".join(patch.message for patch in self.series.patches)

    def require_authors(self) -> None:
        """Raise PatchProblem if nobody says who made one of the patches."""
        if any(patch.author is None for patch in self.series.patches):
            raise PatchProblem(
                "the patch does not say who wrote it, and when",
                "give what 'git format-patch' has written",
            )

    def onto(self, picker: Picker, first: Sequence[str], tip: str) -> Picked | PickConflict:
        """The fix on top of the commit *tip*, the commits *first* before it."""
        made: tuple[str, ...] = ()
        left_out: tuple[str, ...] = ()
        for commit in first:
            step = picker.commit(commit, made[-1] if made else tip)
            if isinstance(step, PickConflict):
                return step
            made += step.commits
            left_out += step.left_out
        top = made[-1] if made else tip
        if self.revision:
            own = picker.commit(self.revision, top)
        else:
            own = picker.series(self.series, top)
        if isinstance(own, PickConflict):
            return own
        left_out = tuple(dict.fromkeys(left_out + own.left_out))
        return Picked(made + own.commits, own.how, left_out)


def picked_from(history: History, home: str, tip: str) -> frozenset[str]:
    """The commits that were cherry-picked to *tip* since it parted from *home*, as messages say."""
    base = history.objects.merge_base(home, tip)
    there = history.between(str(base), tip) if base else ()
    messages = (history.read(commit).raw_message for commit in there)
    return frozenset(name.decode() for text in messages for name in _ORIGIN.findall(text))


class Needs:
    """Looks for what a fix needs first on one branch, in the history up to where it was made."""

    def __init__(self, history: History, picker: Picker, fix: Fix, tip: str) -> None:
        self._history, self._picker, self._fix, self._tip = history, picker, fix, tip
        self._pick = cache(self._picked)

    def search(self, passes: Callable[[Picked], bool]) -> Prerequisites:
        """The smallest set of commits with which the fix applies and *passes*."""

        def good(commits: prerequisites.Commits) -> bool:
            done = self._pick(commits)
            return isinstance(done, Picked) and passes(done)

        return prerequisites.search(self._range, self._lacking, good)

    def picked(self, found: Prerequisites) -> Picked | None:
        """The fix with what was found before it."""
        done = self._pick(found.commits) if found.commits is not None else None
        return done if isinstance(done, Picked) else None

    @cached_property
    def _range(self) -> tuple[str, ...]:
        """The commits that may be needed: the branch has not got them, the fix has."""
        home, clone = self._fix.home, self._history.objects
        base = clone.merge_base(home, self._tip)
        if base is None:
            return ()
        return tuple(c for c in self._history.between(str(base), home) if c != self._fix.revision)

    @cached_property
    def _log(self) -> LineLog:
        return LineLog(self._history, self._range)

    @cached_property
    def _ported(self) -> frozenset[str]:
        return picked_from(self._history, self._fix.home, self._tip)

    def _picked(self, commits: prerequisites.Commits) -> Picked | PickConflict:
        return self._fix.onto(self._picker, commits, self._tip)

    def _lacking(self, commits: prerequisites.Commits) -> prerequisites.Commits | None:
        """The commits that changed the lines on which *commits*, or then the fix, conflict."""
        done = self._pick(commits)
        if isinstance(done, Picked):
            return None
        built = (file for file in done.files if is_built(file.path))
        touched = (commit for file in built for commit in self._log.commits_changing(file))
        return tuple(dict.fromkeys(c for c in touched if c not in self._ported))
