"""What a fix lacks on a branch on which it applies and does not compile: names that it uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bisector.git.history import History
from bisector.jobs.backport.fix import Fix, picked_from
from bisector.jobs.queue.prerequisites import Lacking, Supplies
from bisector.jobs.queue.source import Line, Source
from bisector.patch.cherry_pick import Picked, Picker
from bisector.patch.name_origins import NameOrigins
from bisector.record.missing_name import MissingName
from bisector.search.prerequisites import Prerequisites

ROUNDS = 4  # builds, since a compiler need not report all that is missing at once


@dataclass(frozen=True)
class Lacks:
    """What a fix lacks: ``why`` it takes other commits, a text for each of these.

    ``needs`` are all that it takes, None if no set was found with which it applies.
    """

    needs: Prerequisites | None = None
    why: tuple[str, ...] = ()


def find(
    history: History,
    picker: Picker,
    fix: Fix,
    branch: Line,
    missing: Callable[[Picked], tuple[MissingName, ...]],
) -> Lacks:
    """The commits before *fix* with which it compiles on *branch*: those that brought what it uses.

    *missing* builds the branch with what was picked, and returns the names that the build misses.
    Nothing is found of a fix that is no commit.
    """
    base = history.merge_base(fix.home, branch.tip) if fix.revision else None
    before = history.between(base, fix.home) if base else ()
    if base is None or len(before) < 2:
        return Lacks()
    source = Source(branch, Line("", fix.home, None), base, before, (), ())
    supplies = Supplies(history, source, picker, lambda commit: False)
    origins = NameOrigins(history, before)
    there = picked_from(history, fix.home, branch.tip)
    first, why = tuple[str, ...](), dict[str, str]()
    for tried in range(1, ROUNDS + 1):
        lacking = Lacking(supplies, fix.revision, branch.tip, first, there)
        commits = lacking.sequence(lacking.search().commits or ())[:-1]
        picked = fix.onto(picker, commits, branch.tip)
        names = missing(picked) if isinstance(picked, Picked) else None
        if names == () and commits:
            why = {**lacking.why, **why}
            texts = tuple(_text(one, why[one]) for one in commits)
            return Lacks(Prerequisites(commits, False, False, tried), texts)
        for name in names or ():
            for one in set(origins.brought_by(name, before[-2])[:1]) - there - {*commits}:
                why.setdefault(one, f"it brought {name.name}")
        first = (*commits, *(one for one in why if one not in commits))
        if not names or len(first) == len(commits):
            break
    return Lacks(None, tuple(_text(one, text) for one, text in why.items()))


def _text(commit: str, why: str) -> str:
    return f"needs {commit[:10]}: {why}"
