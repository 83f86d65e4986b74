"""Histories with stretches that cannot be built or started, and a machine that reads them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2

from bisector.build.toolchain import Toolchains
from bisector.git.history import History
from bisector.jobs.hunt.hunt import Hunt
from bisector.jobs.hunt.question import HuntQuestion
from bisector.probing.context import Context
from bisector.probing.fixups import Fixup
from bisector.probing.probe import Probe
from bisector.probing.prober import Prober
from bisector.record.events import Confirmed, Event, Found, Probed
from bisector.record.failure import Failure, FailureClass
from bisector.record.journal import Journal
from bisector.record.verdict import Result, Ruling, Verdict
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.reading import Answering, case
from tests.support.toolchains import GCC

HASH, SERVER = "src/hash.c", "src/server.c"
BUG, NO_BUILD, NO_START = "bug", "#error no", "crash at start"
ERROR = f"{HASH}:2:2: error: #error no"
FILLING = "".join(f"int line_{n};\n" for n in range(12))  # so that both ends are apart

Edits = Callable[[int], Mapping[str, str]]
"""The texts of HASH and SERVER at the commit with this number."""


def hash_c(second: str = "int ok;", last: str = "int end;") -> str:
    return f"int begin;\n{second}\n{FILLING}{last}\n"


def server_c(bad: bool) -> str:
    return BUG if bad else "int fine;"


class Reader(Answering):
    """Reads in the sources whether they build and start, and whether they have the bug."""

    def __init__(self, store: pygit2.Repository) -> None:
        super().__init__()
        self.asked: list[str] = []  # trees
        self._store = store

    def _answer(self, request: Probe) -> Result:
        self.asked.append(request.tree)
        tree = self._store[request.tree].peel(pygit2.Tree)
        hashing, serving = (tree[path].peel(pygit2.Blob).data.decode() for path in (HASH, SERVER))
        return Result(_ruling(hashing, serving), self._key(request), request.tree, 1.0, 1.0, "/log")


def _ruling(hashing: str, serving: str) -> Ruling:
    if NO_BUILD in hashing:
        return Ruling(Verdict.UNBUILDABLE, ERROR)
    if NO_START in hashing:
        broken = Failure(FailureClass.BROKEN, "HAProxy does not serve")
        return Ruling(Verdict.UNTESTABLE, "HAProxy does not serve", failure=broken)
    return Ruling(Verdict.BAD, "the bug") if BUG in serving else Ruling(Verdict.GOOD, "fine")


@dataclass
class Stretches:
    """A history of 16 commits as *edits* has them, and sessions of a hunt over it."""

    clone: Clone
    workspace: Workspace
    journal: Path
    edits: Edits

    def __post_init__(self) -> None:
        self.commits = [
            self.clone.commit(
                {**self.edits(n), f"src/other_{n}.c": f"int x = {n};\n"},
                subject=f"MINOR: change {n}",
            )
            for n in range(16)
        ]

    def prober(self, fixups: Collection[Fixup] = ()) -> Prober:
        history = History.open(self.clone.path, self.workspace)
        tool = Tool(Path("/v"), "v", "id")
        toolchains, oracle = Toolchains(GCC, GCC), case("flap", "a=1")
        about = (self.workspace, history, toolchains, oracle, (tool,))
        context = Context(*about, fixups=tuple(fixups))
        return Prober(context, Journal(self.journal), Reader(history.store), None, fresh=False)

    def hunt(self, fixups: Collection[Fixup] = ()) -> list[str]:
        """Hunt over all commits; the trees that were built."""
        prober = self.prober(fixups)
        span = prober.context.history.range(f"{self.commits[0]}..master")
        Hunt(HuntQuestion(span), prober).run()
        assert isinstance(prober.executor, Reader)
        return prober.executor.asked

    @property
    def events(self) -> list[Event]:
        return Journal(self.journal).events

    def probes(self) -> list[Probed]:
        return [event for event in self.events if isinstance(event, Probed)]

    def answer(self) -> tuple[list[int], str, str]:
        """The numbers of the commits found, the fixup that this rests on, and the doubt."""
        found = [event for event in self.events if isinstance(event, Found)][-1]
        confirmed = [event for event in self.events if isinstance(event, Confirmed)][-1]
        assert confirmed.fixup == found.fixup
        assert confirmed.proven == (not confirmed.doubt)
        return [*map(self.commits.index, found.revisions)], found.fixup, confirmed.doubt
