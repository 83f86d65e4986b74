"""Pick fixes onto a branch, one on top of the other, each after what it needs first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pygit2

from bisector.git.history import History
from bisector.jobs.queue.prerequisites import Lacking, Supplies
from bisector.jobs.queue.source import Source
from bisector.patch.cherry_pick import Picker
from bisector.patch.conflict import PickConflict
from bisector.record.queue_events import Needed
from bisector.record.words import How

# the committer of what is only built and tested; constant, so that the hashes are, too
COMMITTER = pygit2.Signature("bisector", "bisector@localhost", 0, 0)


@dataclass(frozen=True)
class Step:
    """A fix on the series: its pick ('' if its change is there), and the commits before it.

    ``needs`` are those that were picked for it, and ``how`` says how its own change applied.
    """

    commit: str
    needs: tuple[Needed, ...]
    how: How
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """A fix that was not picked: it conflicts, or lacks names.

    ``conflict`` is None if it applies and lacks only names. ``lacks`` are the commits that changed
    the lines that clash, newest first, or that brought what it uses; more may be needed with them.
    """

    conflict: PickConflict | None
    lacks: tuple[Needed, ...] = ()


class SeriesMaker:
    """Makes the series of picks for a branch; ``tip`` is its last commit, full hash.

    ``picks`` has the pick of each commit of the source line, in their order. ``there`` are the
    commits of the source line that the branch has, by a pick of its own or of the series.
    """

    def __init__(
        self,
        history: History,
        source: Source,
        there: Iterable[str],
        refused: Callable[[str], bool] = lambda commit: False,
    ) -> None:
        """*refused* says of a commit that it is not to be picked for others."""
        self._history = history
        self._supplies = Supplies(
            history, source, Picker(history.store, COMMITTER, history.is_published), refused
        )
        self._there = frozenset(there)
        self._base = source.branch.tip
        self.restart()

    def restart(self) -> None:
        """Begin again at the tip of the branch."""
        self.there = set(self._there)
        self.tip = self._base
        self.picks: dict[str, str] = {}
        self._supplies.names.move(self._tree(self.tip))

    def _tree(self, commit: str) -> str:
        return str(self._history.store[commit].peel(pygit2.Tree).id)

    def add(self, commit: str, first: Mapping[str, str]) -> Step | Refused:
        """Pick *commit* after the commits *first*, each with why, and what else it lacks."""
        given = tuple(one for one in first if one not in self.there)
        lacking = Lacking(self._supplies, commit, self.tip, given, self.there)
        found = lacking.search()
        clashing = lacking.clashing if found.commits is None else ()
        why = {**lacking.why, **first}
        picked = lacking.with_(found.commits or ())
        if found.commits is None:
            lacks = tuple(self._needed(one, why[one]) for one in clashing)
            return Refused(picked if isinstance(picked, PickConflict) else None, lacks)
        needs = tuple(self._needed(one, why[one]) for one in lacking.sequence(found.commits)[:-1])
        assert not isinstance(picked, PickConflict)  # the search found that they apply
        for origin, step in picked:
            self.there.add(origin)
            if step.commits:
                self.picks[origin] = self.tip = step.commits[-1]
        self._supplies.names.move(self._tree(self.tip))
        own = picked[-1][1]
        return Step(self.picks.get(commit, ""), needs, How(own.how[0]), own.left_out)

    def _needed(self, commit: str, why: str) -> Needed:
        return Needed(commit, self._history.commit(commit).subject, why)
