"""Run all cases on one tree, without those of which the result is known beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bisector.build.toolchain import Toolchain
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.failure import Failure, FailureClass
from bisector.record.verdict import Verdict
from bisector.testing.oracle import Oracle

_ENOUGH = 3  # cases of one tree that fail in this way before the others are given up
NOT_RUN = f"not run: {_ENOUGH} others"


class TreeUnderTest:
    """The probes of one tree of a revision, one for each of *cases*.

    The first case is probed alone. If the tree cannot be built, its result stands for all cases;
    otherwise the others are built with the toolchain that its result is from. If it timed out, or
    HAProxy does not even serve with a minimal configuration, and so it is in two others, the rest
    is not run: a patch can make everything hang.
    """

    def __init__(
        self,
        prober: Prober,
        revision: str,
        tree: str,
        purpose: str,
        patched: bool,
        cases: Sequence[Oracle],
        toolchain: Toolchain | None,
        fixup: str = "",
    ) -> None:
        """*fixup* names the one that *tree* has, see Probed; for the rest see the class."""
        self._prober = prober
        self.tree = tree
        self._about = (revision, tree, purpose)
        self._cases = cases
        self._first = prober.start_tree(
            *self._about, oracle=cases[0], toolchain=toolchain, patched=patched, fixup=fixup
        )
        self._fixup = fixup
        self._tickets = {0: self._first}

    def start_rest(self) -> None:
        """Wait for the result of the first case, then start the others."""
        if len(self._tickets) > 1 or self._known().verdict is Verdict.UNBUILDABLE:
            return
        if _hopeless(self._known()):
            last = len(self._cases) - 1
            self._start({last // 2, last})  # of different scenarios, if there are several
            results = self._prober.ask_all(self._tickets.values())
            if len(results) == _ENOUGH and len({_hopeless(probed) for probed in results}) == 1:
                return
        self._start(range(len(self._cases)))

    def results(self) -> list[Probed]:
        """The result of each case, in their order; waits for them."""
        self._prober.ask_all(self._tickets.values())
        return [self._result(index) for index in range(len(self._cases))]

    def _known(self) -> Probed:
        """The result of the first case; waits for it."""
        (probed,) = self._prober.ask_all([self._first])
        return probed

    def _start(self, indexes: Iterable[int]) -> None:
        """Start those of the cases with these indexes that were not started yet."""
        first = self._first
        for index in sorted(set(indexes) - self._tickets.keys()):
            self._tickets[index] = self._prober.start_tree(
                *self._about,
                oracle=self._cases[index],
                toolchain=first.toolchain,
                patched=first.patched,
                fixup=self._fixup,
            )

    def _result(self, index: int) -> Probed:
        if (ticket := self._tickets.get(index)) and ticket.answer:
            return ticket.answer
        first, case = self._known(), self._cases[index]
        if first.verdict is Verdict.UNBUILDABLE:
            return first
        about = replace(first, scenario=case.name, variant=case.variant, evidence=(), failure=None)
        broken = first.failure is not None and first.failure.kind is FailureClass.BROKEN
        why = "found an HAProxy that does not serve" if broken else "timed out"
        return replace(about, verdict=Verdict.UNTESTABLE, reason=f"{NOT_RUN} {why}")


def was_run(probed: Probed) -> bool:
    """Whether *probed* is the result of a run, and does not only follow from others."""
    return not probed.reason.startswith(NOT_RUN)


def _hopeless(probed: Probed) -> Failure | None:
    """How *probed* failed if that may be so in every case; None otherwise."""
    failure = probed.failure
    hopeless = failure and (failure.kind.is_hang or failure.kind is FailureClass.BROKEN)
    return failure if hopeless else None
