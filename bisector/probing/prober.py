"""Verdicts by revision, each found out once: from the journal, the cache, or a new probe."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from bisector.build import build_log
from bisector.build.toolchain import Toolchain
from bisector.patch.apply import AppliedSeries, ApplyConflict, apply_to
from bisector.patch.model import Series
from bisector.probing.beliefs import Beliefs
from bisector.probing.context import Context
from bisector.probing.executors import Executor, Task
from bisector.probing.fixups import Fixup, Fixups, cannot_be_judged
from bisector.probing.gaps import Gaps, gap_remark
from bisector.probing.hangs import Hangs
from bisector.probing.probe import key_of, recall
from bisector.probing.ticket import Ticket
from bisector.record.events import Noted, Probed
from bisector.record.journal import Journal
from bisector.record.learnt import Learnt
from bisector.record.verdict import Result
from bisector.search.costs import Memory
from bisector.testing.oracle import Oracle

Progress = Callable[[str], None]
"""Called with a line that describes what is being done."""


class Prober:
    """Verdicts by revision, each of them in the journal before it is used.

    A binary of the fast toolchain is believed to be good, and to be bad by the bug's signature. Its
    other failures are probed again with the fallback toolchain, which the caller need not know of;
    where it is known to build nothing, that is asked at once.

    ``executor`` runs the probes, ``toolchains`` are those in use. A revision that cannot be judged
    is probed again with each of its ``fixups``, until one helps; that one's verdict is the answer.
    """

    def __init__(
        self,
        context: Context,
        journal: Journal,
        executor: Executor,
        progress: Progress | None,
        fresh: bool,
    ) -> None:
        """*progress* may be None; if *fresh*, verdicts of other jobs are not used."""
        self.context = context
        self.journal = journal
        self.executor = executor
        self.toolchains = context.toolchains
        self.fixups = Fixups(context.history, context.fixups, journal.events)
        self._progress = progress
        self._fresh = fresh
        self._places: dict[str, int] = {}
        self._beliefs = Beliefs(journal, context.oracle.name, self.fixups)
        self._under_way: dict[Ticket, Task] = {}
        self._hangs = Hangs(journal.events)
        self._gaps = Gaps(journal.events)

    def order(self, commits: Iterable[str]) -> None:
        """Set the job's *commits*: events give the index of their revision among them."""
        self._places = {commit: place for place, commit in enumerate(commits)}

    def distrust_fast(self) -> None:
        """From now on use and believe real toolchains only."""
        self.toolchains = self.toolchains.real

    def trust_release(self) -> None:
        """From now on use and believe the release toolchain alone."""
        self.toolchains = self.toolchains.by_release

    def leave_nothing_to_fallback(self) -> None:
        """From now on what the search's toolchain cannot judge stays so."""
        self.toolchains = replace(self.toolchains, fallback=None)

    def learn(self, learnt: Learnt) -> None:
        """Record a bug's own failure; from now on all verdicts of its test follow from it."""
        self.journal.note(learnt)
        self._beliefs.learn(learnt)

    def learnt_by(self, test: str) -> Learnt | None:
        """How the bug shows itself in *test*; None if the test says so or nothing was learnt."""
        return self._beliefs.learnt_by(test)

    @property
    def learnt(self) -> Learnt | None:
        """How the bug shows itself in the job's own test, see learnt_by()."""
        return self.learnt_by(self.context.oracle.name)

    # -- requests --------------------------------------------------------------------------------

    def ask(self, revision: str, purpose: str) -> Probed:
        """The verdict on *revision* as it is. Raises what the probe raises."""
        (answer,) = self.ask_all([self.start(revision, purpose)])
        return answer

    def ask_all(self, tickets: Collection[Ticket]) -> list[Probed]:
        """The answers to all of *tickets*, in their order. Raises what a probe raises."""
        for ticket in tickets:
            self.first([ticket])
        return [ticket.answer for ticket in tickets if ticket.answer]

    def start(
        self,
        revision: str,
        purpose: str,
        run: int = 0,
        toolchain: Toolchain | None = None,
        oracle: Oracle | None = None,
        fixup: Fixup | None = None,
    ) -> Ticket:
        """Request the verdict on *revision* as it is; *run* tells repetitions apart.

        The defaults are the search toolchain and the job's oracle. With a *fixup* that applies, the
        verdict is that with it, whether or not the revision can be judged without.
        """
        tree = self.context.history.tree_id(revision)
        about = (toolchain or self.toolchains.search, oracle or self.context.oracle)
        ticket = Ticket(revision, tree, purpose, run, False, *about)
        given = fixup is not None and self.fixups.begin(ticket, fixup)
        plain = None if given else self.fixups.failed_before(ticket)
        if plain and (plain.real or not self.toolchains.fallback):
            self.fixups.retry(ticket, plain)
        self._look_up(ticket)
        return ticket

    def start_tree(
        self,
        revision: str,
        tree: str,
        purpose: str,
        oracle: Oracle | None = None,
        run: int = 0,
        toolchain: Toolchain | None = None,
        patched: bool = True,
        fixup: str = "",
    ) -> Ticket:
        """Request the verdict on *tree*: *revision*, changed by patches if *patched*.

        *fixup* names the one that *tree* has, too.
        """
        toolchain, oracle = toolchain or self.toolchains.search, oracle or self.context.oracle
        ticket = Ticket(revision, tree, purpose, run, patched, toolchain, oracle, fixup=fixup)
        self._look_up(ticket)
        return ticket

    def start_patched(
        self, revision: str, series: Series, purpose: str
    ) -> tuple[AppliedSeries | ApplyConflict, Ticket | None]:
        """Apply *series* to *revision* and, if it applies, request the verdict on the result."""
        done = apply_to(self.context.history, revision, series)
        if isinstance(done, ApplyConflict):
            return done, None
        return done, self.start_tree(revision, str(done.tree), purpose)

    def first(self, tickets: Iterable[Ticket], remark: Callable[[], str] | None = None) -> Ticket:
        """Wait until one of *tickets* has its answer; return the first in their order that has.

        Report progress while waiting; the text of *remark* is appended, which is called only if
        progress is shown. Raises what a probe raises.
        """
        tickets = list(tickets)
        while True:
            self._collect()
            if answered := next((ticket for ticket in tickets if ticket.answer), None):
                return answered
            self._report_progress(tickets, remark)
            self.executor.wait(list(self._under_way.values()))

    def cancel(self, ticket: Ticket) -> None:
        """Cancel the probe of *ticket* if it is under way."""
        if task := self._under_way.pop(ticket, None):
            self.executor.cancel(task)

    def _look_up(self, ticket: Ticket) -> None:
        """Answer from the journal or the cache, else start a probe."""
        oracle = self._hangs.timed(ticket, self.learnt_by(ticket.oracle.name)).at(ticket.revision)
        request = self.context.request(ticket.tree, ticket.toolchain, ticket.run, oracle)
        request = replace(request, again=self._fresh)
        ticket.key = key_of(request)
        if event := self.journal.asked(ticket.key, ticket.run, ticket.revision, ticket.patched):
            self._answer(ticket, event)
        elif event := self.journal.recall(ticket.key, ticket.run):
            self._record(ticket, event.result, known=True)
        elif not self._fresh and (cached := recall(self.context.workspace, ticket.key)):
            self._record(ticket, cached, known=True)
        elif not self._left_to_fallback(ticket):
            self._under_way[ticket] = self.executor.submit(request)

    def report(self, line: str) -> None:
        """Show *line* as what is being done."""
        if self._progress:
            self._progress(line)

    def _left_to_fallback(self, ticket: Ticket) -> bool:
        """Ask the fallback toolchain at once if the fast one is known to build nothing here."""
        fallback = None if ticket.toolchain.is_real else self.toolchains.fallback
        if not fallback or not (problem := self._gaps.problem(ticket, self._places)):
            return False
        self.journal.note(Noted(gap_remark(ticket.toolchain, fallback, problem)))
        ticket.toolchain = fallback
        self._look_up(ticket)
        return True

    def _report_progress(self, waiting: Sequence[Ticket], remark: Callable[[], str] | None) -> None:
        if self._progress is None:
            return
        first = waiting[0]
        name = self.context.history.release(first.revision) + (" + patch" if first.patched else "")
        more = f", {len(waiting) - 1} more" if len(waiting) > 1 else ""
        line = f"{first.purpose}: {name} ({first.toolchain.name}){more}"
        self._progress(f"{line}; {remark()}" if remark else line)

    # -- answers ---------------------------------------------------------------------------------

    def _collect(self) -> None:
        """Record the results of all probes that have ended. Raises what one of them raised."""
        ended = [(ticket, task) for ticket, task in self._under_way.items() if task.future.done()]
        for ticket, _ in ended:
            del self._under_way[ticket]
        for ticket, task in ended:
            # a probe of another revision with the same key may have been recorded meanwhile
            known = self.journal.recall(ticket.key, ticket.run) is not None
            if task.future.exception() is None:
                self._record(ticket, task.future.result(), known)
        for _, task in ended:
            task.future.result()

    def _record(self, ticket: Ticket, result: Result, known: bool) -> None:
        place = self._places.get(ticket.revision)
        event = ticket.event(self.context.history, result, known, place)
        event = self.fixups.explained(event)
        self.journal.append(event)
        self.fixups.see(event)
        self._hangs.add(event)
        self._gaps.add(event)
        if result.remark:
            self.journal.note(Noted(result.remark))
        self._answer(ticket, event)

    def _answer(self, ticket: Ticket, event: Probed) -> None:
        """Give *event* as the answer, or ask the fallback toolchain if it is doubtful."""
        event = self.judged(event)
        fallback = self.toolchains.fallback
        if fallback and not ticket.toolchain.is_real and self._beliefs.doubts(event):
            # a source that no compiler takes fails at once
            first = build_log.failed_object(event.reason)
            ticket.doubted, ticket.toolchain = event, replace(fallback, first=first)
            self._look_up(ticket)
            return
        if ticket.doubted:
            self._beliefs.compare(ticket.doubted, event)
        if self.fixups.retry(ticket, event):
            self._look_up(ticket)
            return
        ticket.answer = ticket.plain or event if cannot_be_judged(event.ruling) else event

    # -- what is known ---------------------------------------------------------------------------

    def verdicts(self) -> dict[str, list[Probed]]:
        """The probes that count of each revision as it is, see Beliefs.verdicts()."""
        return self._beliefs.verdicts(self.toolchains)

    def judged(self, event: Probed) -> Probed:
        """*event* with the verdict by what was learnt of the bug; the journal has the first one."""
        return self._beliefs.judged(event)

    def next_run(self, revision: str) -> int:
        """The number of the first run of *revision* as it is that no toolchain has made yet."""
        runs = (event.run + 1 for event in self._beliefs.probed() if event.revision == revision)
        return max(runs, default=0)

    def memory(self, commits: Iterable[str]) -> Memory:
        """Those of *commits* whose verdict or binary by the search toolchain is cached."""
        return self.context.memory(commits, self.toolchains.search, self._fresh)
