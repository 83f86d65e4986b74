"""What a fix lacks on a branch on which it applies and does not compile: names that it uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bisector.git.history import History
from bisector.jobs.backport.attempt import Branch
from bisector.jobs.backport.fix import Fix, picked_from
from bisector.jobs.queue.prerequisites import Lacking, Supplies
from bisector.jobs.queue.source import Line, Source
from bisector.patch.cherry_pick import Picked, Picker
from bisector.patch.name_origins import NameOrigins
from bisector.record.missing_name import MissingName
from bisector.search.prerequisites import Prerequisites

ROUNDS = 4  # builds, since a compiler need not report all that is missing at once


def find(
    history: History,
    picker: Picker,
    fix: Fix,
    branch: Branch,
    missing: Callable[[Picked], Sequence[MissingName]],
) -> Prerequisites | None:
    """The commits before *fix* with which it compiles on *branch*: those that brought what it uses.

    *missing* builds the branch with what was picked, and returns the names that the build misses.
    None if no commits are found, or if the fix is no commit.
    """
    base = history.merge_base(fix.home, branch.revision) if fix.revision else None
    before = history.between(base, fix.home) if base else ()
    if base is None or len(before) < 2:
        return None
    tip = Line(branch.name, branch.revision, branch.version)
    source = Source(tip, Line("", fix.home, None), base, before, (), ())
    supplies = Supplies(history, source, picker, lambda commit: False)
    origins = NameOrigins(history, before)
    there = picked_from(history, fix.home, branch.revision)
    first: tuple[str, ...] = ()
    for tried in range(1, ROUNDS + 1):
        lacking = Lacking(supplies, fix.revision, branch.revision, first, there)
        commits = lacking.sequence(lacking.search().commits or ())[:-1]
        picked = fix.onto(picker, commits, branch.revision)
        if not isinstance(picked, Picked):
            return None
        names = missing(picked)
        if not names:
            return Prerequisites(commits, False, False, tried) if commits else None
        brought = {one for name in names for one in origins.brought_by(name, before[-2])[:1]}
        first = tuple(dict.fromkeys((*commits, *sorted(brought - there))))
        if len(first) == len(commits):
            return None
    return None
