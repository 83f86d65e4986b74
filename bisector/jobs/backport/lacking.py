"""What a fix lacks on a branch on which it applies and does not compile: names that it uses."""

from __future__ import annotations

from bisector.git.history import History
from bisector.jobs.backport.attempt import Branch
from bisector.jobs.backport.fix import Fix, picked_from
from bisector.jobs.queue.prerequisites import Lacking, Supplies
from bisector.jobs.queue.source import Line, Source
from bisector.patch.cherry_pick import Picker
from bisector.search.prerequisites import Prerequisites


def find(history: History, picker: Picker, fix: Fix, branch: Branch) -> Prerequisites | None:
    """The commits before *fix* that brought the names which it uses and *branch* lacks.

    None if there are no such names, or if the fix is no commit.
    """
    base = history.merge_base(fix.home, branch.revision) if fix.revision else None
    before = history.between(base, fix.home) if base else ()
    if base is None or fix.revision not in before:
        return None
    tip = Line(branch.name, branch.revision, branch.version)
    source = Source(tip, Line("", fix.home, None), base, before, (), ())
    supplies = Supplies(history, source, picker, lambda commit: False)
    there = picked_from(history, fix.home, branch.revision)
    found = Lacking(supplies, fix.revision, branch.revision, (), there).search()
    return found if found.commits else None
