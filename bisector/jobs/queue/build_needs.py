"""What a pick that does not build needs: the commits that brought the names which are missing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from bisector.build.missing_names import missing_names
from bisector.build.toolchain import Toolchain
from bisector.git.history import History
from bisector.jobs.queue.line_of_picks import Step, line_up
from bisector.jobs.queue.prerequisites import Lacking, Supplies
from bisector.jobs.queue.source import Source
from bisector.jobs.queue.step_builds import StepBuilder, log_of
from bisector.patch.cherry_pick import Picker
from bisector.patch.name_origins import NameOrigins
from bisector.record.events import Probed
from bisector.record.verdict import Verdict

MOST = 8  # commits for one fix

Why = dict[str, str]
"""Commits that a fix needs, in the order of the source line, each with why."""


@dataclass(frozen=True)
class _Group:
    """A fix that does not build after ``before``, and what was found so far that it needs."""

    before: tuple[str, ...]
    fix: str
    toolchain: Toolchain | None


class BuildNeeds:
    """Finds the prerequisites of picks that do not build.

    *there* are the commits that the branch has itself. *refused* says of a commit that it is not to
    be picked for others. ``unusable`` are the commits that brought what the last one misses, and
    that are refused or do not apply; each with why it is needed.
    """

    def __init__(
        self,
        history: History,
        source: Source,
        picker: Picker,
        builder: StepBuilder,
        there: Collection[str],
        refused: Callable[[str], bool],
    ) -> None:
        self._history, self._source = history, source
        self._picker, self._builder = picker, builder
        self._there, self._refused = there, refused
        self._base = source.branch.tip
        self._place = {commit: place for place, commit in enumerate(source.before)}
        self._origins = NameOrigins(history, source.before)
        self.unusable = Why()

    @cached_property
    def _supplies(self) -> Supplies:
        return Supplies(self._history, self._source, self._picker, self._refused)

    def find(
        self, before: Sequence[str], fix: str, failed: Probed, toolchain: Toolchain | None = None
    ) -> Why | None:
        """The smallest set with which *fix* builds after the commits *before*; None if none does.

        *failed* is the result of its build by *toolchain* (default: that of the steps).
        """
        group, why = _Group(tuple(before), fix, toolchain), Why()
        tried, self.unusable = set(before), Why()
        while len(why) < MOST:
            more = self._more(group, why, failed, tried)
            if not more:
                return None
            why = self._sorted({**why, **more})
            answer = self._build(group, why)
            if answer is None:
                return None
            if answer.verdict is Verdict.GOOD:
                return self._smallest(group, why)
            failed = answer
        return None

    def step(self, before: Sequence[str], more: Sequence[str]) -> Step | None:
        """The last of the steps *before* and *more*; None if one of *more* does not apply."""
        line = line_up(self._picker, self._base, (*before, *more))
        whole = line.conflicts.keys().isdisjoint(more) and line.steps
        return line.steps[-1] if whole and line.steps[-1].origin == more[-1] else None

    def _more(self, group: _Group, why: Why, failed: Probed, tried: set[str]) -> Why:
        """Commits that brought what the build misses and that apply; *tried* are not tried again.

        All that are found at once, since each build takes its time.
        """
        found = Why()
        for name in missing_names(log_of(failed)) or missing_names(failed.reason):
            what = name.name or f"what {name.path}:{name.line} calls"
            for at in (group.fix, *why):
                commits = self._origins.brought_by(name, at)
                if not found.keys().isdisjoint(commits):
                    break
                reason = f"it brought {what}, which the compiler misses"
                if more := self._first_usable(group, {**why, **found}, commits, reason, tried):
                    found |= more
                    break
            if len(why) + len(found) >= MOST:
                break
        return found

    def _first_usable(
        self, group: _Group, why: Why, commits: Sequence[str], reason: str, tried: set[str]
    ) -> Why | None:
        """The first of *commits* that applies, with what it needs for that; *why* are there."""
        for commit in commits:
            if commit in (group.fix, *tried, *self._there):
                continue
            tried.add(commit)
            if self._refused(commit):
                self.unusable[commit] = f"{reason}; it is not to be picked"
            else:
                alone, applies = {commit: reason}, partial(self._applies, group, why)
                if applies(alone):
                    return alone
                more = {**self._needed_by_lines(group, why, commit), **alone}
                if len(more) > 1 and applies(more):
                    return more
                self.unusable[commit] = f"{reason}; it does not apply"
        return None

    def _applies(self, group: _Group, why: Why, more: Why) -> bool:
        """Whether *why*, *more* and the fix apply, one on top of the other."""
        needed = self._sorted({**why, **more})
        return self.step(group.before, (*needed, group.fix)) is not None

    def _needed_by_lines(self, group: _Group, why: Why, commit: str) -> Why:
        """What *commit* needs to apply, besides *why*; nothing if that is not found."""
        tip = line_up(self._picker, self._base, group.before)
        last = tip.steps[-1] if tip.steps else None
        tree = last.tree if last else self._history.tree_id(self._base)
        self._supplies.names.move(tree)
        have = {*self._there, *group.before}
        lacking = Lacking(
            self._supplies, commit, last.pick if last else self._base, tuple(why), have
        )
        return {
            one: f"{commit[:10]}, which is needed, needs it: {lacking.why[one]}"
            for one in lacking.search().commits or ()
        }

    def _build(self, group: _Group, why: Why) -> Probed | None:
        step = self.step(group.before, (*why, group.fix))
        return self._builder.build(step, group.toolchain) if step else None

    def _smallest(self, group: _Group, why: Why) -> Why:
        """*why* without what the fix builds without; the last ones are tried first."""
        for commit in reversed(why if len(why) > 1 else ()):
            rest = Why({one: text for one, text in why.items() if one != commit})
            answer = self._build(group, rest)
            if answer and answer.verdict is Verdict.GOOD:
                why = rest
        return why

    def _sorted(self, why: Why) -> Why:
        return Why(sorted(why.items(), key=lambda item: self._place[item[0]]))
