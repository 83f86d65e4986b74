"""Confirm a found commit: run it and each of its parents several times, with a real toolchain."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bisector.build.toolchain import Toolchain
from bisector.build.toolchains.dev import Dev
from bisector.jobs.hunt.transition import TestIsFlaky
from bisector.probing.prober import Prober
from bisector.record.events import Confirmed, Found, Probed
from bisector.record.verdict import Verdict

CONFIRM_RUNS = 5  # of each side
MOST_RUNS = 60  # of each side when the test is flaky
MIN_BAD_RUNS = 3  # of the bad side when the test is flaky
MISSED = 0.01  # the most accepted P(a bad side passes in all runs) when the test is flaky


def caveats(search: Toolchain, passes: Passes) -> Iterator[str]:
    """Notes on the reliability of verdicts that are not confirmed, by the toolchain *search*."""
    if passes.needed > 1:
        missed = passes.missed
        risk = "" if missed is None else f"; a bad revision passes so often with P = {missed:.2g}"
        yield f"the test is flaky: good means that it passed {passes.needed} times{risk}"
    if not search.is_real:
        real = f"--toolchain {Dev.name} builds with {Dev.description}"
        yield f"judged with {search.name} builds only: {real}"


class FastContradicted(Exception):
    """A real toolchain and the fast one disagree on a revision, whose name is the argument."""


@dataclass(frozen=True)
class Expectation:
    """A revision (full hash) and the verdict that it must have."""

    revision: str
    expected: Verdict


class Tally(NamedTuple):
    """The numbers of runs in which a bad revision passed and failed."""

    passed: int
    bad: int


def all_pass(seen: Tally, runs: int) -> float:
    """The probability that a bad revision with the tally *seen* passes in *runs* more runs.

    Its rate of passing has a uniform prior, so after the tally it has the distribution
    Beta(passed + 1, bad + 1); this is its moment of order *runs*.
    """
    passed, both = seen.passed + 1, seen.passed + seen.bad + 2
    logs = (passed + runs, both), (passed, both + runs)
    return math.exp(sum(map(math.lgamma, logs[0])) - sum(map(math.lgamma, logs[1])))


def passes_needed(seen: Tally) -> int:
    """The number of passes that a bad revision reaches with a probability of at most MISSED.

    It is MOST_RUNS at most.
    """
    return next((n for n in range(MOST_RUNS) if all_pass(seen, n) <= MISSED), MOST_RUNS)


class Passes(NamedTuple):
    """The number of passes ``needed`` to judge a revision good.

    ``missed`` is the probability that a bad one passes as often, None while no bad run was seen.
    """

    needed: int
    missed: float | None = None


ONCE = Passes(1)  # for a test that is not flaky


def passes_of(revisions: Iterable[Sequence[Probed]]) -> Passes:
    """The passes needed when the test is flaky; *revisions* are the runs of each revision.

    The rate at which a bad revision passes is estimated from those with at least one bad run.
    """
    bad = [runs for runs in revisions if _count(runs, Verdict.BAD)]
    if not bad:
        return Passes(CONFIRM_RUNS)
    passed, failed = (
        sum(_count(runs, verdict) for runs in bad) for verdict in (Verdict.GOOD, Verdict.BAD)
    )
    seen = Tally(passed, failed)
    needed = max(CONFIRM_RUNS, passes_needed(seen))
    return Passes(needed, all_pass(seen, needed))


class Prover:
    """Confirms found commits with the toolchain *toolchain*; for *hidden* see Finder."""

    def __init__(self, prober: Prober, toolchain: Toolchain, hidden: Collection[str] = ()) -> None:
        self._prober = prober
        self._toolchain = toolchain
        self._hidden = hidden

    def confirm(self, found: Found, flaky: bool) -> Confirmed:
        """The confirmation of *found*, proven or with the doubts that remain.

        Raises FastContradicted if *found* rests on the fast toolchain and this one disagrees,
        TestIsFlaky if the runs of one side differ and the test is not known to be *flaky*.
        """
        sides = _sides(found)
        # the parents first, in the same build tree, so that the child's build is incremental
        runs_of = [[first] for first in self._run(found, sides, 0, 1)]
        if flaky:
            return self._confirm_flaky(found, sides, runs_of)
        runs_of = [self._confirmed_runs(found, *pair) for pair in zip(sides, runs_of, strict=True)]
        doubts = self._doubts(found, runs_of)
        for side, runs in zip(sides, runs_of, strict=True):
            wrong = [run for run in runs if run.verdict is not side.expected]
            if self._contradicts(runs, wrong):
                raise FastContradicted(wrong[0].name)
            doubts += [f"run {w.run + 1} of {w.name} is {w.verdict}: {w.reason}" for w in wrong]
        return self._confirmed(found, CONFIRM_RUNS, doubts)

    def _confirmed_runs(
        self, found: Found, side: Expectation, runs: Sequence[Probed]
    ) -> list[Probed]:
        """CONFIRM_RUNS runs of *side*, the first of which are *runs*.

        A run that failed in another way than the bug is made again: a busy machine, or a race of
        the test. Raises TestIsFlaky if some are good and others bad.
        """
        every = [*runs, *self._run(found, [side], len(runs), CONFIRM_RUNS)]
        while len(every) < 2 * CONFIRM_RUNS and 0 < _tested(every) < CONFIRM_RUNS:
            every += self._run(found, [side], len(every), len(every) + 1)
        self._compare(every)
        if _tested(every) < CONFIRM_RUNS:
            return every[:CONFIRM_RUNS]
        return [run for run in every if run.verdict.tested]

    def _run(
        self, found: Found, sides: Sequence[Expectation], first: int, end: int
    ) -> list[Probed]:
        """The results of the runs *first* to *end* - 1 of each of *sides*."""
        purpose = found.what.confirmation(found.bug)
        fixup = self._prober.fixups.named(found.fixup) if found.fixup else None
        tickets = [
            self._prober.start(side.revision, purpose, run, self._toolchain, fixup=fixup)
            for side in sides
            for run in range(first, end)
        ]
        return self._prober.ask_all(tickets)

    def _compare(self, runs: Sequence[Probed]) -> None:
        """Raise TestIsFlaky if *runs* are both good and bad; untested ones are ignored."""
        if len({run.verdict for run in runs if run.verdict.tested}) > 1:
            raise TestIsFlaky(runs[0].name)

    def _contradicts(self, runs: Sequence[Probed], wrong: Sequence[Probed]) -> bool:
        """Whether the *wrong* ones of a side's *runs* contradict the fast toolchain's verdict.

        An untested run among tested ones, such as one that timed out, does not.
        """
        if not wrong or self._prober.toolchains.search.is_real:
            return False
        tested = [run for run in runs if run.verdict.tested]
        return not tested or any(run.verdict.tested for run in wrong)

    def _doubts(self, found: Found, runs_of: Sequence[Sequence[Probed]]) -> list[str]:
        """The doubts that more runs cannot remove; *runs_of* are those of each side."""
        unlike = self._unlike(found, [runs[0] for runs in runs_of])
        return [*self._unprovable(found), *_same_binary(runs_of), *unlike]

    def _unlike(self, found: Found, sides: Sequence[Probed]) -> list[str]:
        """The doubts if one of *sides* was judged with a fixup and another one without it.

        The fixup may make the change by itself.
        """
        fixups = self._prober.fixups
        fixup = fixups.named(found.fixup) if found.fixup else None
        return [
            f"{side.name} was judged with {side.fixup or 'nothing'} picked onto it, "
            f"instead of {found.fixup or 'nothing'}"
            for side in sides
            if side.fixup != found.fixup and not (fixup and fixups.has(side.revision, fixup))
        ]

    def _unprovable(self, found: Found) -> list[str]:
        """The doubts that no run can remove."""
        if others := found.revisions[:-1]:
            hidden = all(other in self._hidden for other in others)
            why = "have the bug found first" if hidden else "cannot be tested"
            return [f"the others before it {why}"]
        return [] if found.parents else ["it has no parent to compare with"]

    def _confirmed(self, found: Found, runs: int, doubts: Sequence[str]) -> Confirmed:
        doubt, name = "; ".join(doubts), self._toolchain.name
        about = (found.what, not doubts, runs, doubt, name)
        return Confirmed(*about, bug=found.bug, part=found.part, fixup=found.fixup)

    def _confirm_flaky(
        self, found: Found, sides: Sequence[Expectation], runs_of: Sequence[list[Probed]]
    ) -> Confirmed:
        """Confirm with a flaky test; *runs_of* are the runs of each side so far.

        Repeat the bad side until it fails often enough, then the good ones until they have passed
        more often than the bad one would.
        """
        pairs = list(zip(sides, runs_of, strict=True))
        seen = [self._until_bad(found, *pair) for pair in pairs if pair[0].expected is Verdict.BAD]
        doubts = self._doubts(found, runs_of)
        missed = 0.0
        for side, runs in pairs:
            if side.expected is Verdict.GOOD:
                self._repeat(found, side, runs, max(CONFIRM_RUNS, *map(passes_needed, seen)))
                passed = _count(runs, Verdict.GOOD)
                missed = max(missed, *(all_pass(tally, passed) for tally in seen))
            objections = _objections(side, runs)
            wrong = [run for run in runs if run.verdict is not side.expected]
            if objections and self._contradicts(runs, wrong):
                raise FastContradicted(runs[0].name)
            doubts += objections
        if missed > MISSED:
            doubts.append(f"a bad revision passes in all these runs with P = {missed:.2f}")
        tally = ", ".join(f"{r[0].name} {_count(r, Verdict.BAD)} of {len(r)}" for r in runs_of)
        confidence = round(min(found.confidence, 1 - missed), 6)
        doubt = "; ".join(doubts)
        least = min(len(runs) for runs in runs_of)
        about = (found.what, not doubts, least, doubt, self._toolchain.name, tally, confidence)
        return Confirmed(*about, part=found.part, fixup=found.fixup)

    def _until_bad(self, found: Found, side: Expectation, runs: list[Probed]) -> Tally:
        """Repeat the bad side until it was bad MIN_BAD_RUNS times, MOST_RUNS times at most."""
        self._repeat(found, side, runs, CONFIRM_RUNS)
        while _count(runs, Verdict.BAD) < MIN_BAD_RUNS and len(runs) < MOST_RUNS:
            more = self._prober.executor.tests
            self._repeat(found, side, runs, min(MOST_RUNS, len(runs) + more))
        return Tally(_count(runs, Verdict.GOOD), _count(runs, Verdict.BAD))

    def _repeat(self, found: Found, side: Expectation, runs: list[Probed], total: int) -> None:
        """Add to *runs* until there are *total*."""
        runs += self._run(found, [side], len(runs), total)


def _sides(found: Found) -> list[Expectation]:
    """The parents, then the commit; without parents if commits before it cannot be tested."""
    new = found.what.new_verdict
    old = Verdict.GOOD if new is Verdict.BAD else Verdict.BAD
    parents = found.parents if len(found.revisions) == 1 else ()
    return [
        *(Expectation(parent, old) for parent in parents),
        Expectation(found.revisions[-1], new),
    ]


def _same_binary(runs_of: Sequence[Sequence[Probed]]) -> list[str]:
    """A doubt if the binary of the commit, the last side, is that of a parent."""
    *parents, last = (runs[0].binary for runs in runs_of)
    same = last and last in parents
    return ["its binary is identical to its parent's, so it cannot be the cause"] if same else []


def _objections(side: Expectation, runs: Sequence[Probed]) -> list[str]:
    """What the *runs* of a flaky test say against *side*; a bad side needs one bad run only."""
    name, bad = runs[0].name, _count(runs, Verdict.BAD)
    if side.expected is Verdict.BAD:
        return [] if bad else [f"{name} was never bad in {len(runs)} runs"]
    doubts = [f"{name} was bad in {bad} of {len(runs)} runs"] if bad else []
    untested = [run for run in runs if not run.verdict.tested]
    return doubts + [f"run {run.run + 1} of {name} is {run.verdict}" for run in untested]


def _tested(runs: Sequence[Probed]) -> int:
    return sum(run.verdict.tested for run in runs)


def _count(runs: Sequence[Probed], verdict: Verdict) -> int:
    return sum(run.verdict is verdict for run in runs)
