"""A made main line and a stable branch that takes fixes from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pygit2

from bisector.git.history import History
from bisector.jobs.queue import source as sources
from bisector.jobs.queue.decisions import Decision
from bisector.jobs.queue.known import Known
from bisector.jobs.queue.plan import Planner, Tested
from bisector.jobs.queue.source import Source
from bisector.record.queue_events import Queued
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

DAY = 86_400
START = 1_700_000_000
ASKS = "This should be backported to 3.0."
REFUSES = "No backport needed."
WAITS = "This should be backported to 3.0 after a period of observation."
C, OTHER = "src/lamp.c", "src/door.c"
TEN = "".join(f"\tline({number});\n" for number in range(1, 11))
FUNCTION = f"void lamp_run(void)\n{{\n{TEN}}}\n"


def line(number: int, text: str, content: str = FUNCTION) -> str:
    """*content* with another line in the place of that with this number."""
    old = f"\tline({number});\n"
    assert old in content
    return content.replace(old, f"\t{text}\n")


class Lines:
    """master, and the branch 3.0 that parts from its first commit, v3.0.0."""

    def __init__(self, clone: Clone, workspace: Workspace) -> None:
        self.clone, self.workspace = clone, workspace
        self.base = clone.commit({"VERSION": "3.0.0\n", C: FUNCTION, OTHER: "int door;\n"})
        clone.tag("v3.0.0", self.base)
        clone.git.references.create("refs/heads/3.0", self.base)

    def main(
        self, change: Mapping[str, str | None], message: str, *, day: float | None = None
    ) -> str:
        """A commit on master, some days after START."""
        return self._commit(change, message, "master", day)

    def stable(self, change: Mapping[str, str | None], message: str) -> str:
        """A commit on 3.0."""
        return self._commit(change, message, "3.0", None)

    def _commit(
        self, change: Mapping[str, str | None], message: str, branch: str, day: float | None
    ) -> str:
        made = self.clone.commit(change, subject=message, branch=branch)
        if day is None:
            return made
        git, who = self.clone.git, pygit2.Signature("Jo", "jo@example.org", _at(day), 0)
        old = git[made].peel(pygit2.Commit)
        again = git.create_commit(None, who, who, old.message, old.tree.id, old.parent_ids)
        git.references.create(f"refs/heads/{branch}", again, force=True)
        return str(again)

    @property
    def history(self) -> History:
        return History.open(self.clone.path, self.workspace)

    def read(self, pick: str) -> pygit2.Commit:
        """A commit of the private store."""
        return self.history.store[pick].peel(pygit2.Commit)

    def source(self, *named: str, since: str = "") -> Source:
        history = self.history
        branch, main = (sources.find_line(history, name) for name in ("3.0", "master"))
        return sources.find_source(history, branch, main, since, named)

    @property
    def known(self) -> Known:
        return Known(self.history, self.source())

    def planner(
        self,
        *named: str,
        decisions: Sequence[Decision] = (),
        tested: Tested | None = None,
    ) -> Planner:
        decided = {one.revision: one for one in decisions}
        known = Known(self.history, self.source(*named))
        return Planner(known, decided, lambda text: None, tested)

    def plan(
        self,
        *named: str,
        decisions: Sequence[Decision] = (),
        tested: Tested | None = None,
    ) -> dict[str, Queued]:
        """The rows of the queue, by commit."""
        rows = self.planner(*named, decisions=decisions, tested=tested).rows()
        return {row.revision: row for row in rows}


def _at(day: float) -> int:
    return int(START + day * DAY)
