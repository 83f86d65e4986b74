"""What a fix lacks on a branch: the lines that it changes, and the names that it uses."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache

from bisector.git import commit_text
from bisector.git.history import History
from bisector.git.object_store import is_built
from bisector.jobs.queue.source import Source
from bisector.patch.cherry_pick import Picked, Picker
from bisector.patch.conflict import PickConflict
from bisector.patch.line_log import LineLog
from bisector.patch.name_origins import NameOrigins
from bisector.patch.new_names import Names
from bisector.patch.path_log import PathLog
from bisector.search import commit_subject, prerequisites
from bisector.search.prerequisites import Commits, Prerequisites

# Sets of commits that are tried for a fix. Where people took some, one or two were enough; where it
# takes more they adapted the fix.
BUDGET = 12
BROUGHT = "it brought "  # a name; how the reason for a commit begins that was picked for it
MOST_BY_LINES = 2
# Where such a commit changed the lines, people adapt the fix.
_REWORKS = frozenset({"MAJOR", "MEDIUM", "REORG", "OPTIM", "IMPORT"})
_HUGE = frozenset({"MAJOR", "IMPORT"})  # so they do even if a name is missing
MOST = 8  # what a name needs is certain, so there may be more of it


class Supplies:
    """Where the lines and names of a source line come from; shared by all its fixes.

    Commits that are *refused* are not picked for others.
    """

    def __init__(
        self, history: History, source: Source, picker: Picker, refused: Callable[[str], bool]
    ) -> None:
        self.history, self.picker, self.refused = history, picker, refused
        self.order = source.before
        self.place = {commit: place for place, commit in enumerate(source.before)}
        paths = PathLog(history, source.before)
        self.log = LineLog(history, source.before, paths)
        self.names = Names(history.store, history.tree_id(source.branch.tip))
        self._origins = NameOrigins(history, source.before, paths)
        self.brought = cache(self._brought)

    def kind(self, commit: str) -> frozenset[str]:
        """The words of the class of *commit*, such as MEDIUM; none for a fix."""
        subject = commit_text.subject(self.history.read(commit))
        kind = commit_subject.parse(subject).kind
        return frozenset() if "BUG" in kind else kind

    def _brought(self, name: str, commit: str) -> Commits:
        """The commits before *commit* that brought *name*, the likeliest first."""
        place = self.place[commit]
        return self._origins.brought_by(name, self.order[place - 1]) if place else ()


class Lacking:
    """Looks for what *fix* needs on *tip* besides the commits *first*; all are full hashes.

    Those *there* are on the branch. ``why`` says of each commit that was found what it is for.
    """

    def __init__(
        self, supplies: Supplies, fix: str, tip: str, first: Commits, there: Collection[str]
    ) -> None:
        self._supplies, self._fix, self._tip = supplies, fix, tip
        self._first, self._there = first, there
        self._clashing = set[str]()
        self.why: dict[str, str] = {}
        self._pick = cache(self._picked)

    def search(self) -> Prerequisites:
        """The smallest set with which the fix applies and has all names that it uses.

        It has at most MOST commits, and MOST_BY_LINES because of lines.
        """
        order = self._supplies.order
        return prerequisites.search(order, self._missing, lambda _: True, budget=BUDGET, most=MOST)

    @property
    def clashing(self) -> Commits:
        """The commits that the fix lacks besides the first ones, as it is, picked or not.

        If nothing but files conflicts that no build reads, these count, too.
        """
        picked = self._pick(())
        if isinstance(picked, PickConflict):
            return self._by_lines(picked) or self._by_lines(picked, all_files=True)
        return self._by_names(self.sequence(()))

    def with_(self, commits: Commits) -> tuple[tuple[str, Picked], ...] | PickConflict:
        """The picks of *commits* and the fix, in order, each with its origin; or the conflict."""
        return self._pick(tuple(commits))

    def sequence(self, commits: Commits) -> Commits:
        """*commits* and the first ones, in the order of the source line, and last the fix."""
        order = sorted({*self._first, *commits}, key=self._supplies.place.__getitem__)
        return (*order, self._fix)

    def _picked(self, commits: Commits) -> tuple[tuple[str, Picked], ...] | PickConflict:
        tip, done = self._tip, list[tuple[str, Picked]]()
        for commit in self.sequence(commits):
            step = self._supplies.picker.commit(commit, tip)
            if isinstance(step, PickConflict):
                return step
            tip = step.commits[-1] if step.commits else tip
            done.append((commit, step))
        return tuple(done)

    def _missing(self, commits: Commits) -> Commits | None:
        """The commits that *commits* and the fix need, too; None if none is missing."""
        picked = self._pick(commits)
        if isinstance(picked, PickConflict):
            enough = len(self._clashing.intersection(commits)) >= MOST_BY_LINES
            return () if enough else tuple(filter(self._may_be_picked, self._by_lines(picked)))
        missing = self._by_names(self.sequence(commits))
        return tuple(filter(self._may_be_picked, missing)) if missing else None

    def _may_be_picked(self, commit: str) -> bool:
        if self._supplies.refused(commit):
            return False
        reworks = _REWORKS if commit in self._clashing else _HUGE
        return reworks.isdisjoint(self._supplies.kind(commit))

    def _by_lines(self, conflict: PickConflict, *, all_files: bool = False) -> Commits:
        found = dict[str, None]()
        for file in conflict.files:
            if not (all_files or is_built(file.path)):
                continue
            for commit in self._supplies.log.commits_changing(file):
                if commit not in self._there:
                    found[commit] = None
                    self._clashing.add(commit)
                    self.why.setdefault(commit, f"it changed the lines that clash in {file.path}")
        return tuple(found)

    def _by_names(self, sequence: Commits) -> Commits:
        """The commit that brought the first name that is missing; none if no name is."""
        have = {*self._there, *sequence}
        for commit in sequence:
            for name in sorted(self._new_names(commit)):
                brought = self._supplies.brought(name, commit)
                if brought and have.isdisjoint(brought):
                    self.why.setdefault(brought[0], f"{BROUGHT}{name}")
                    return brought[:1]
        return ()

    def _new_names(self, commit: str) -> frozenset[str]:
        read = self._supplies.history.read(commit)
        return self._supplies.names.lacking(str(read.parents[0].tree_id), str(read.tree_id))
