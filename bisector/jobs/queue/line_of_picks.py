"""Commits of the source line picked onto a branch, one on top of the other, in a given order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pygit2

from bisector.patch.cherry_pick import Picker
from bisector.patch.conflict import PickConflict


@dataclass(frozen=True)
class Step:
    """The commit ``origin`` of the source line, its ``pick``, and that pick's ``tree``, all ids.

    ``before`` is the tree that it was picked onto. ``left_out`` are the paths of its changes that
    conflict and that no build reads.
    """

    origin: str
    pick: str
    before: str
    tree: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class LineOfPicks:
    """The picks in their order, and the commits that have none.

    ``conflicts`` has those that do not apply. The changes of ``already`` were there before.
    """

    steps: tuple[Step, ...]
    conflicts: Mapping[str, PickConflict]
    already: tuple[str, ...]


def line_up(picker: Picker, base: str, origins: Sequence[str]) -> LineOfPicks:
    """Pick *origins* onto the commit *base*; what does not apply is left out."""
    tip, tree = base, _tree(picker.store, base)
    steps: list[Step] = []
    conflicts: dict[str, PickConflict] = {}
    already: list[str] = []
    for origin in origins:
        picked = picker.commit(origin, tip)
        if isinstance(picked, PickConflict):
            conflicts[origin] = picked
        elif not picked.commits:
            already.append(origin)
        else:
            tip = picked.commits[-1]
            after = _tree(picker.store, tip)
            steps.append(Step(origin, tip, tree, after, picked.left_out))
            tree = after
    return LineOfPicks(tuple(steps), conflicts, tuple(already))


def _tree(store: pygit2.Repository, commit: str) -> str:
    return str(store[commit].peel(pygit2.Commit).tree.id)
