"""Verdicts by revision, each question asked once: the journal, the cache, then the machine."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from bisector.build import binaries
from bisector.build.toolchain import Toolchain, Toolchains
from bisector.git.history import History
from bisector.patch.apply import AppliedSeries, ApplyConflict, apply_to
from bisector.patch.model import Series
from bisector.probing.executors import Executor, Task
from bisector.probing.probe import Probe, key_of, recall
from bisector.record.events import Noted, Probed
from bisector.record.journal import Journal
from bisector.record.verdict import Result, Ruling
from bisector.search.costs import Memory
from bisector.system.sandbox import Sandbox
from bisector.system.tools import Tool
from bisector.system.workspace import Workspace, digest
from bisector.testing.oracle import Oracle, is_doubtful

Progress = Callable[[str], None]
"""Told what is under way."""


@dataclass(frozen=True)
class Bench:
    """What every probe of a job has in common.

    ``tools`` are those that ``oracle`` needs; ``unboxed`` says why there is no sandbox.
    """

    workspace: Workspace
    history: History
    chains: Toolchains
    oracle: Oracle
    tools: tuple[Tool, ...]
    sandbox: Sandbox | None = None
    unboxed: str = ""

    @property
    def identity(self) -> str:
        """A digest of how and by what is judged, for the names of jobs."""
        tools = (tool.identity for tool in self.tools)
        return digest(self.oracle.digest, self.chains.identity, *tools)

    def request(
        self, tree: str, chain: Toolchain, run: int = 0, oracle: Oracle | None = None
    ) -> Probe:
        """The question that a probe of *tree*, built by *chain*, answers; *oracle* if another's."""
        store, judge, tools = str(self.history.store_path), oracle or self.oracle, self.tools
        if type(judge) is not type(self.oracle):
            tools = judge.find_tools(self.workspace)
        return Probe(store, tree, chain, judge, tools, run, self.sandbox)

    def memory(self, commits: Iterable[str], chain: Toolchain, fresh: bool = False) -> Memory:
        """Which of *commits*, built by *chain*, are in the caches; no verdicts if *fresh*."""
        history, root = self.history, self.workspace.root
        trees = binaries.trees(self.workspace)
        known, built = set(), set()
        for commit in commits if trees else ():
            tree = history.tree_id(commit)
            if tree in trees:
                request = self.request(tree, chain)
                binary = binaries.build_key(history.store, tree, chain)
                key = request.key(binary)
                if not fresh and (root / "verdicts" / key[:2] / key).exists():
                    known.add(commit)
                elif (root / "binaries" / binary[:2] / binary).exists():
                    built.add(commit)
        return Memory(frozenset(known), frozenset(built))


@dataclass(eq=False)
class Ticket:
    """A question and, as soon as it is ``told``, its answer."""

    revision: str
    tree: str
    purpose: str
    run: int
    patched: bool
    chain: Toolchain
    oracle: Oracle
    key: str = ""
    doubted: Probed | None = None
    told: Probed | None = None


class Prober:
    """Verdicts by revision, every one of them in the journal before it is used.

    A binary of the fast toolchain is not believed when it fails in any way but the bug's own:
    the fallback toolchain is asked instead, without the caller's having to know.
    """

    def __init__(
        self,
        bench: Bench,
        journal: Journal,
        executor: Executor,
        progress: Progress | None,
        fresh: bool,
    ) -> None:
        """*progress* is None where nobody watches."""
        self.bench = bench
        self.journal = journal
        self.executor = executor
        self.chains = bench.chains
        self._progress = progress
        self._fresh = fresh
        self._places: dict[str, int] = {}
        self._failures_agreed: set[str] = set()
        self._under_way: list[tuple[Ticket, Task]] = []

    def order(self, commits: Iterable[str]) -> None:
        """Say from now on where among *commits* a revision stands, for the reports."""
        self._places = {commit: place for place, commit in enumerate(commits)}

    def distrust_fast(self) -> None:
        """From now on believe real toolchains only."""
        self.chains = self.chains.real

    # -- questions -------------------------------------------------------------------------------

    def ask(self, revision: str, purpose: str) -> Probed:
        """The verdict on *revision* as it is."""
        (told,) = self.ask_all([self.start(revision, purpose)])
        return told

    def ask_all(self, tickets: Collection[Ticket]) -> list[Probed]:
        """The answers to all of *tickets*, in their order."""
        for ticket in tickets:
            self.first([ticket])
        return [ticket.told for ticket in tickets if ticket.told]

    def start(
        self,
        revision: str,
        purpose: str,
        run: int = 0,
        chain: Toolchain | None = None,
        oracle: Oracle | None = None,
    ) -> Ticket:
        """Begin to ask about *revision* as it is; *run* tells repetitions apart."""
        tree = self.bench.history.tree_id(revision)
        return self._begin(revision, tree, purpose, run, False, chain, oracle)

    def start_tree(
        self,
        revision: str,
        tree: str,
        purpose: str,
        oracle: Oracle | None = None,
        run: int = 0,
        chain: Toolchain | None = None,
        patched: bool = True,
    ) -> Ticket:
        """Begin to ask about *tree*, which patches made of *revision* unless not *patched*."""
        return self._begin(revision, tree, purpose, run, patched, chain, oracle)

    def start_patched(
        self, revision: str, series: Series, purpose: str
    ) -> tuple[AppliedSeries | ApplyConflict, Ticket | None]:
        """How *series* applies to *revision*, and the question about the result if it does."""
        done = apply_to(self.bench.history, revision, series)
        if isinstance(done, ApplyConflict):
            return done, None
        return done, self.start_tree(revision, str(done.tree), purpose)

    def first(self, tickets: Iterable[Ticket], remark: Callable[[], str] | None = None) -> Ticket:
        """Wait until one of *tickets* is answered, and give it; of several, the first.

        Report progress meanwhile, with the *remark* appended, which is asked for only if seen.
        """
        tickets = list(tickets)
        while True:
            self._harvest()
            if told := next((ticket for ticket in tickets if ticket.told), None):
                return told
            self._say(tickets, remark)
            self.executor.wait([task for _, task in self._under_way])

    def cancel(self, ticket: Ticket) -> None:
        """The answer is not wanted any more."""
        for one, task in self._under_way:
            if one is ticket:
                self.executor.cancel(task)
        self._under_way = [one for one in self._under_way if one[0] is not ticket]

    def _begin(
        self,
        revision: str,
        tree: str,
        purpose: str,
        run: int,
        patched: bool,
        chain: Toolchain | None,
        oracle: Oracle | None,
    ) -> Ticket:
        chain, oracle = chain or self.chains.search, oracle or self.bench.oracle
        ticket = Ticket(revision, tree, purpose, run, patched, chain, oracle)
        self._pursue(ticket)
        return ticket

    def _pursue(self, ticket: Ticket) -> None:
        """Answer from memory, else set the machine to work."""
        request = self.bench.request(ticket.tree, ticket.chain, ticket.run, ticket.oracle)
        request = replace(request, again=self._fresh)
        ticket.key = key_of(request)
        if told := self.journal.asked(ticket.key, ticket.run, ticket.revision, ticket.patched):
            self._tell(ticket, told)
        elif told := self.journal.recall(ticket.key, ticket.run):
            self._record(ticket, _again(told), known=True)
        elif not self._fresh and (kept := recall(self.bench.workspace, ticket.key)):
            self._record(ticket, kept, known=True)
        else:
            self._under_way.append((ticket, self.executor.submit(request)))

    def _say(self, waiting: Sequence[Ticket], remark: Callable[[], str] | None) -> None:
        """What is under way, for somebody who watches."""
        if self._progress is None:
            return
        first = waiting[0]
        name = self.bench.history.release(first.revision) + (" + patch" if first.patched else "")
        more = f", {len(waiting) - 1} more" if len(waiting) > 1 else ""
        told = f"{first.purpose}: {name} ({first.chain.name}){more}"
        self._progress(f"{told}; {remark()}" if remark else told)

    # -- answers ---------------------------------------------------------------------------------

    def _harvest(self) -> None:
        """Put into the journal what has ended, whoever waits for it."""
        done = [one for one in self._under_way if one[1].future.done()]
        self._under_way = [one for one in self._under_way if one not in done]
        for ticket, task in done:
            # another revision that builds the same may have been under way beside it
            known = self.journal.recall(ticket.key, ticket.run) is not None
            if task.future.exception() is None:
                self._record(ticket, task.future.result(), known)
        for _, task in done:
            task.future.result()  # raises what one of them raised

    def _record(self, ticket: Ticket, result: Result, known: bool) -> None:
        event = event_of(
            self.bench.history,
            ticket.key,
            result,
            ticket.revision,
            ticket.purpose,
            ticket.run,
            ticket.patched,
            known,
            ticket.chain,
            ticket.oracle,
            self._places.get(ticket.revision),
        )
        self.journal.append(event)
        if result.remark:
            self.journal.note(Noted(result.remark))
        self._tell(ticket, event)

    def _tell(self, ticket: Ticket, told: Probed) -> None:
        """The answer is *told*, unless it is one that the fallback has to give."""
        fallback = self.chains.fallback
        if fallback and not ticket.chain.is_real and self._doubts(told):
            ticket.doubted, ticket.chain = told, fallback
            self._pursue(ticket)
            return
        if ticket.doubted and _failure(ticket.doubted) == _failure(told):
            self._failures_agreed.add(_failure(told))
        ticket.told = told

    def _doubts(self, told: Probed) -> bool:
        """Is it a failure that may be the fast compiler's, and not the revision's?"""
        return is_doubtful(_ruling(told)) and _failure(told) not in self._failures_agreed

    def verdicts(self) -> dict[str, list[Probed]]:
        """All that is known of each revision as it is; real toolchains go first.

        What is doubted, or not believed any more, is left out.
        """
        found: dict[str, list[Probed]] = {}
        agreed = self._failures_agreed | self._failures_in_journal()
        for event in self._probed():
            if self._believes(event, agreed):
                found.setdefault(event.revision, []).append(event)
        return {
            revision: sorted(told, key=lambda one: not one.real) for revision, told in found.items()
        }

    def next_run(self, revision: str) -> int:
        """The number of a run of *revision* as it is that no toolchain had yet."""
        return max((one.run + 1 for one in self._probed() if one.revision == revision), default=0)

    def _probed(self) -> list[Probed]:
        events = self.journal.events
        return [one for one in events if isinstance(one, Probed) and not one.patched]

    def _failures_in_journal(self) -> set[str]:
        """The kinds of failure on which an earlier session saw the toolchains agree."""
        failures: dict[tuple[str, int, str], set[bool]] = {}
        for one in self._probed():
            if is_doubtful(_ruling(one)):
                same = failures.setdefault((one.revision, one.run, _failure(one)), set())
                same.add(one.real)
        return {failure for (_, _, failure), seen in failures.items() if len(seen) == 2}

    def memory(self, commits: Iterable[str]) -> Memory:
        """Which of *commits* earlier hunts left in the caches."""
        return self.bench.memory(commits, self.chains.search, self._fresh)

    def _believes(self, told: Probed, agreed: Collection[str]) -> bool:
        if told.real:
            return True
        if self.chains.search.is_real:
            return False
        doubtful = self.chains.fallback and is_doubtful(_ruling(told))
        return not doubtful or _failure(told) in agreed


def event_of(
    history: History,
    key: str,
    result: Result,
    revision: str,
    purpose: str,
    run: int,
    patched: bool,
    known: bool,
    toolchain: Toolchain,
    oracle: Oracle,
    place: int | None = None,
) -> Probed:
    """The result of the probe that *key* names, as the journal and the reports have it."""
    return Probed(
        purpose=purpose,
        revision=revision,
        name=history.release(revision),
        subject=history.commit(revision).subject,
        patched=patched,
        run=run,
        key=key,
        verdict=result.verdict,
        reason=result.ruling.reason,
        evidence=result.ruling.evidence,
        binary=result.binary,
        build_seconds=0.0 if known else round(result.build_seconds, 3),
        test_seconds=0.0 if known else round(result.test_seconds, 3),
        log=result.log,
        known=known,
        at=round(time.time(), 3),
        toolchain=toolchain.name,
        real=toolchain.is_real,
        scenario=oracle.name,
        variant=oracle.variant,
        place=place,
        foreign="" if result.key == key else result.key,
    )


def _again(told: Probed) -> Result:
    """The result behind an event, for another revision that builds the same."""
    return Result(_ruling(told), told.foreign or told.key, told.binary, log=told.log)


def _ruling(told: Probed) -> Ruling:
    return Ruling(told.verdict, told.reason, told.evidence)


def _failure(told: Probed) -> str:
    """A failure's kind: its verdict and its reason without numbers, which differ each time."""
    return f"{told.verdict}: {re.sub(r'[0-9]+', '#', told.reason)}"
