"""No answer without proof: the revision and each of its parents, several times each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
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
SIGHTINGS = 3  # of the bug on the bad side
MISSED = 0.01  # P(a bad side passes in all its runs), when the test is flaky


def how_judged(search: Toolchain, passes: Passes) -> Iterator[str]:
    """What the reader should know of verdicts that nothing confirms, good ones after *passes*."""
    if passes.needed > 1:
        but = "" if passes.missed is None else f"; a bad one would with P = {passes.missed:.2g}"
        yield f"the test is flaky: good means that it passed {passes.needed} times{but}"
    if not search.is_real:
        real = f"--toolchain {Dev.name} takes {Dev.description}"
        yield f"judged with {search.name} builds only: {real}"


class FastContradicted(Exception):
    """A real toolchain says something else of a revision than the fast one."""


@dataclass(frozen=True)
class Side:
    """A revision and what it is to be."""

    revision: str
    expected: Verdict


class Tally(NamedTuple):
    """How often a bad revision passed and failed."""

    passed: int
    bad: int


def all_pass(seen: Tally, runs: int) -> float:
    """P(*runs* more runs of what was *seen* all pass).

    How often it passes is not known: any rate was as likely before it was seen, so it has the
    distribution Beta(passed + 1, bad + 1), whose moment of that order this is.
    """
    passed, both = seen.passed + 1, seen.passed + seen.bad + 2
    logs = (passed + runs, both), (passed, both + runs)
    return math.exp(sum(map(math.lgamma, logs[0])) - sum(map(math.lgamma, logs[1])))


def passes_needed(seen: Tally) -> int:
    """So many passes that a bad revision would show them all with P = MISSED at most."""
    return next((n for n in range(MOST_RUNS) if all_pass(seen, n) <= MISSED), MOST_RUNS)


class Passes(NamedTuple):
    """How many passes call a revision good.

    A bad one would show them all with P = ``missed``, None as long as none was seen to be bad.
    """

    needed: int
    missed: float | None = None


ONCE = Passes(1)  # enough of a test that is not flaky


def passes_of(revisions: Iterable[Sequence[Probed]]) -> Passes:
    """How many passes call one of *revisions* good, by the runs of each, when the test is flaky.

    How often a bad one passes is learnt from all that were bad in one of their runs.
    """
    runs = [one.verdict for some in revisions if _count(some, Verdict.BAD) for one in some]
    if not runs:
        return Passes(CONFIRM_RUNS)
    seen = Tally(runs.count(Verdict.GOOD), runs.count(Verdict.BAD))
    needed = max(CONFIRM_RUNS, passes_needed(seen))
    return Passes(needed, all_pass(seen, needed))


class Prover:
    """Confirms what was found, by the toolchain *chain*."""

    def __init__(self, prober: Prober, chain: Toolchain) -> None:
        self._prober = prober
        self._chain = chain

    def confirm(self, found: Found, flaky: bool) -> Confirmed:
        """The proof of *found*, or the doubts that are left.

        Raises FastContradicted when the fast toolchain found it and this one says otherwise,
        TestIsFlaky when runs of one side differ and nobody said that they would.
        """
        sides = _sides(found)
        # one after the other in one build tree: the child's build goes on from its parent's
        told = [[one] for one in self._ask(found, sides, 0, 1)]
        if flaky:
            return self._weigh(found, sides, told)
        for side, runs in zip(sides, told, strict=True):
            runs += self._ask(found, [side], 1, CONFIRM_RUNS)
            self._compare(runs)
        doubts = [*_open(found), *_same_binary(told)]
        for side, runs in zip(sides, told, strict=True):
            wrong = [one for one in runs if one.verdict is not side.expected]
            if self._contradicts(runs, wrong):
                raise FastContradicted(wrong[0].name)
            doubts += [f"run {w.run + 1} of {w.name} is {w.verdict}: {w.reason}" for w in wrong]
        return self._confirmed(found, CONFIRM_RUNS, doubts)

    def _ask(self, found: Found, sides: Sequence[Side], first: int, end: int) -> list[Probed]:
        tickets = [
            self._prober.start(side.revision, found.what.confirmation, run, self._chain)
            for side in sides
            for run in range(first, end)
        ]
        return self._prober.ask_all(tickets)

    def _compare(self, runs: Sequence[Probed]) -> None:
        """Do all tested runs agree? One that timed out, say, is a doubt and no sign of chance."""
        if len({one.verdict for one in runs if one.verdict.tested}) > 1:
            raise TestIsFlaky(runs[0].name)

    def _contradicts(self, runs: Sequence[Probed], wrong: Sequence[Probed]) -> bool:
        """Is what is *wrong* with a side's runs the fast toolchain's fault?

        A run among others that timed out, say, is none; that none could be tested is.
        """
        if not wrong or self._prober.chains.search.is_real:
            return False
        tested = [one for one in runs if one.verdict.tested]
        return not tested or any(one.verdict.tested for one in wrong)

    def _confirmed(self, found: Found, runs: int, doubts: Sequence[str]) -> Confirmed:
        return Confirmed(found.what, not doubts, runs, "; ".join(doubts), self._chain.name)

    def _weigh(
        self, found: Found, sides: Sequence[Side], told: Sequence[list[Probed]]
    ) -> Confirmed:
        """For a flaky test: see the bad side fail, then the good ones pass as often as it takes."""
        pairs = list(zip(sides, told, strict=True))
        seen = [self._until_bad(found, *pair) for pair in pairs if pair[0].expected is Verdict.BAD]
        doubts = [*_open(found), *_same_binary(told)]
        missed = 0.0
        for side, runs in pairs:
            if side.expected is Verdict.GOOD:
                self._repeat(found, side, runs, max(CONFIRM_RUNS, *map(passes_needed, seen)))
                passed = _count(runs, Verdict.GOOD)
                missed = max(missed, *(all_pass(one, passed) for one in seen))
            against = _unlike(side, runs)
            if against and self._contradicts(runs, [one for one in runs if _is_wrong(side, one)]):
                raise FastContradicted(runs[0].name)
            doubts += against
        if missed > MISSED:
            doubts.append(f"a bad one would pass all these runs with P = {missed:.2f}")
        tally = ", ".join(f"{r[0].name} {_count(r, Verdict.BAD)} of {len(r)}" for r in told)
        confidence = round(min(found.confidence, 1 - missed), 6)
        doubt = "; ".join(doubts)
        least = min(len(runs) for runs in told)
        name = self._chain.name
        return Confirmed(found.what, not doubts, least, doubt, name, tally, confidence)

    def _until_bad(self, found: Found, side: Side, runs: list[Probed]) -> Tally:
        """Run the bad side until it was bad often enough to know how often it is."""
        self._repeat(found, side, runs, CONFIRM_RUNS)
        while _count(runs, Verdict.BAD) < SIGHTINGS and len(runs) < MOST_RUNS:
            self._repeat(found, side, runs, len(runs) + 1)
        return Tally(_count(runs, Verdict.GOOD), _count(runs, Verdict.BAD))

    def _repeat(self, found: Found, side: Side, runs: list[Probed], total: int) -> None:
        runs += self._ask(found, [side], len(runs), total)


def _sides(found: Found) -> list[Side]:
    """Parents first; none where the commits before the last one cannot be tested."""
    new = found.what.new_verdict
    old = Verdict.GOOD if new is Verdict.BAD else Verdict.BAD
    parents = found.parents if len(found.revisions) == 1 else ()
    return [*(Side(parent, old) for parent in parents), Side(found.revisions[-1], new)]


def _open(found: Found) -> list[str]:
    """What no run can settle."""
    if len(found.revisions) > 1:
        return ["the others before it cannot be tested"]
    return [] if found.parents else ["it has no parent to compare with"]


def _same_binary(told: Sequence[Sequence[Probed]]) -> list[str]:
    *parents, last = (runs[0].binary for runs in told)
    same = last and last in parents
    return ["its binary is identical to its parent's: this can't be it"] if same else []


def _is_wrong(side: Side, told: Probed) -> bool:
    return told.verdict is not side.expected


def _unlike(side: Side, runs: Sequence[Probed]) -> list[str]:
    """What a flaky test's runs say against *side*: one that is bad has to be bad only once."""
    name, bad = runs[0].name, _count(runs, Verdict.BAD)
    if side.expected is Verdict.BAD:
        return [] if bad else [f"{name} was never bad in {len(runs)} runs"]
    doubts = [f"{name} was bad in {bad} of {len(runs)} runs"] if bad else []
    failed = [one for one in runs if not one.verdict.tested]
    return doubts + [f"run {one.run + 1} of {name} is {one.verdict}" for one in failed]


def _count(runs: Sequence[Probed], verdict: Verdict) -> int:
    return sum(one.verdict is verdict for one in runs)
