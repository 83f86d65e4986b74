"""A small history, and a prober that answers from a known truth: hunts that build nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from bisector.build.toolchain import Toolchains
from bisector.build.toolchains.fast import Fast
from bisector.git.history import History
from bisector.jobs.hunt.hunt import Hunt
from bisector.jobs.hunt.question import HuntQuestion
from bisector.patch.apply import Applied, AppliedSeries, ApplyConflict
from bisector.patch.load import from_commit
from bisector.patch.model import Series
from bisector.probing.context import Context
from bisector.probing.probe import Probe
from bisector.probing.prober import Prober, Progress
from bisector.probing.ticket import Ticket
from bisector.record.events import Confirmed, Ended, Event, Found, Noted, Probed
from bisector.record.failure import Failure
from bisector.record.journal import Journal
from bisector.record.patch_events import PatchChecked
from bisector.record.verdict import Result, Ruling, Verdict
from bisector.record.words import How
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing.oracle import Oracle
from bisector.testing.oracles.vtest_case import VTestCase
from bisector.testing.scenario import Known
from tests.support.clone import Clone
from tests.support.reading import Answering
from tests.support.toolchains import GCC

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE

Truth = Callable[[int, int], Verdict]
"""The verdict on a commit by its number and by the run's."""


def bad_in(stretch: Collection[int], untestable: Collection[int] = ()) -> Truth:
    def truth(number: int, run: int) -> Verdict:
        return UNTESTABLE if number in untestable else BAD if number in stretch else GOOD

    return truth


def all_of(kind: Failure, *stretches: Iterable[int]) -> dict[int, Failure]:
    return {number: kind for stretch in stretches for number in stretch}


def failing(failures: Mapping[int, Failure]) -> tuple[Truth, Callable[[Scripted], None]]:
    """The rulings of the test itself on commits that fail so; all others are good."""

    def truth(number: int, run: int) -> Verdict:
        failure = failures.get(number)
        if failure is None:
            return GOOD
        return BAD if failure.kind.speaks_for_itself else UNTESTABLE

    def prepare(prober: Scripted) -> None:
        prober.machine.failing = lambda number, run: failures.get(number)

    return truth, prepare


class Machine(Answering):
    """Answers from a truth."""

    def __init__(self, history: History, commits: list[str], truth: Truth) -> None:
        super().__init__()
        self.truth = truth
        self.truths: dict[str, Truth] = {}  # of toolchains that do not show the truth
        self.asked: list[int] = []
        self.patched: dict[str, Verdict] = {}
        self.binaries: Mapping[int, str] = {}
        self.reasons: Mapping[int, str] = {}
        self.failing: Callable[[int, int], Failure | None] = lambda number, run: None
        self.growth: Mapping[int, tuple[int, ...]] = {}
        # by the toolchain's name, the commit's number and the run's
        self.samples: Callable[[str, int, int], tuple[float, ...]] = lambda name, number, run: ()
        self._numbers = {history.tree_id(commit): n for n, commit in enumerate(commits)}

    def _answer(self, request: Probe) -> Result:
        if request.tree in self.patched:
            verdict = self.patched[request.tree]
            return Result(Ruling(verdict, f"{verdict}, as it is"), self._key(request), "patched")
        number = self._numbers[request.tree]
        self.asked.append(number)
        verdict = self.truths.get(request.toolchain.name, self.truth)(number, request.run)
        failure = self.failing(number, request.run) if verdict is not GOOD else None
        reason = self.reasons.get(number, f"{verdict}, as it is")
        growth = self.growth.get(number, ())
        samples = self.samples(request.toolchain.name, number, request.run)
        ruling = Ruling(verdict, reason, failure=failure, growth=growth, samples=samples)
        binary = self.binaries.get(number, f"binary {number} {request.toolchain.name}")
        return Result(ruling, self._key(request), binary, 1.0, 1.0, "/log")


class Scripted(Prober):
    """A real prober on a made-up machine; how a series applies is made up, too."""

    def __init__(
        self,
        context: Context,
        journal: Journal,
        commits: list[str],
        truth: Truth,
        progress: Progress | None,
    ) -> None:
        self.machine = Machine(context.history, commits, truth)
        super().__init__(context, journal, self.machine, progress, fresh=False)
        self.commits = commits
        self.patched: Mapping[int, Verdict | ApplyConflict] = {}

    @property
    def asked(self) -> list[int]:
        """The commits that the machine was asked about, by number."""
        return self.machine.asked

    def start_patched(
        self, revision: str, series: Series, purpose: str
    ) -> tuple[AppliedSeries | ApplyConflict, Ticket | None]:
        answer = self.patched.get(self.commits.index(revision), GOOD)
        if isinstance(answer, ApplyConflict):
            return answer, None
        store = self.context.history.store
        builder = store.TreeBuilder(store[self.context.history.tree_id(revision)].peel(pygit2.Tree))
        builder.insert("patched", store.create_blob(b"patched"), FileMode.BLOB)
        tree = builder.write()
        self.machine.patched[str(tree)] = answer
        done = AppliedSeries(tree, (Applied(tree, How.EXACT), Applied(tree, How.THREE_WAY, "3.0")))
        return done, self.start_tree(revision, str(tree), purpose)


class World:
    """A history of 24 commits with four releases, and hunts over it."""

    def __init__(self, clone: Clone, workspace: Workspace, path: Path) -> None:
        self.clone, self.workspace, self.path = clone, workspace, path
        self.commits = clone.line(24)
        for number, name in {0: "v2.9.0", 9: "v3.0-dev1", 12: "v3.0.0", 20: "v3.1-dev1"}.items():
            clone.tag(name, self.commits[number])
        self.oracle: Oracle = VTestCase(
            "flap", "digest", "flap.vtc", bad="signature", control="control"
        )
        self.range = "v2.9..master"
        self.toolchains = Toolchains(GCC, GCC)
        self.other_tools = False

    def hunt(
        self,
        truth: Truth,
        *,
        known: Known | None = None,
        series: Series | None = None,
        blind: bool = False,
        hint: str = "",
        flaky: bool = False,
        every: bool = False,
        older: bool = False,
        prepare: Callable[[Scripted], None] = lambda prober: None,
    ) -> Scripted:
        """One session of a hunt, over the journal of those before; the prober that it used."""
        prober = self.prober(truth)
        prepare(prober)
        span = prober.context.history.range(self.range)
        question = HuntQuestion(
            span, known or Known(), series, blind, (), hint, flaky, every=every, older=older
        )
        Hunt(question, prober).run()
        return prober

    def prober(self, truth: Truth, progress: Progress | None = lambda text: None) -> Scripted:
        made = Scripted(self.context(), Journal(self.path), self.commits, truth, progress)
        made.machine.other_tools = self.other_tools
        return made

    def context(self) -> Context:
        tool = Tool(Path("/vtest"), "vtest", "id")
        history = History.open(self.clone.path, self.workspace)
        return Context(self.workspace, history, self.toolchains, self.oracle, (tool,))

    @property
    def events(self) -> list[Event]:
        return Journal(self.path).events

    def found(self, bug: int = 0) -> dict[str, list[int]]:
        """What was found, by number."""
        number = self.commits.index
        found = [e for e in self.events if isinstance(e, Found) and e.bug == bug]
        return {event.what: [*map(number, event.revisions)] for event in found}

    def changes(self) -> list[tuple[int, str, list[int]]]:
        """Part, change and numbers of all that was found, in the order in which it was."""
        number = self.commits.index
        found = [event for event in self.events if isinstance(event, Found)]
        return [(one.part, one.what, [*map(number, one.revisions)]) for one in found]

    def probes(self) -> list[Probed]:
        return [event for event in self.events if isinstance(event, Probed)]

    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noted)]

    def confirmed(self, bug: int = 0) -> dict[str, str]:
        """'' for what is proven, else the doubt."""
        confirmed = [e for e in self.events if isinstance(e, Confirmed) and e.bug == bug]
        assert all(event.proven == (not event.doubt) for event in confirmed)
        return {event.what: event.doubt for event in confirmed}

    def ended(self) -> Ended:
        (ended,) = (event for event in self.events if isinstance(event, Ended))
        assert self.events[-1] == ended
        return ended

    def patched(self) -> list[PatchChecked]:
        return [event for event in self.events if isinstance(event, PatchChecked)]

    def fix_series(self, number: int) -> Series:
        git = self.clone.git
        commit = git[self.commits[number]].peel(pygit2.Commit)
        return Series((from_commit(git, commit),))


def tell_fast(truth: Truth) -> Callable[[Scripted], None]:
    def prepare(prober: Scripted) -> None:
        prober.machine.truths[Fast.name] = truth

    return prepare


def flaky_in(stretch: range, share: float, seed: str = "") -> Truth:
    """Bad in that *share* of the runs, by a made-up chance that is the same each time."""

    def truth(number: int, run: int) -> Verdict:
        luck = random.Random(f"{seed}{number}/{run}").random()
        return BAD if number in stretch and luck < share else GOOD

    return truth


class Silent:
    """A watcher that shows nothing."""

    interactive = False

    def progress(self, text: str) -> None: ...

    def handle(self, event: Event) -> None: ...
