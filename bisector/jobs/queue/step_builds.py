"""Build the steps of a series, all with the same options, and find the first that fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bisector.build import binaries, compiling
from bisector.build.toolchain import Toolchain
from bisector.jobs.queue.line_of_picks import Step
from bisector.probing.gaps import FEWEST
from bisector.probing.prober import Prober
from bisector.probing.ticket import Ticket
from bisector.record.events import Noted, Probed
from bisector.record.verdict import Ruling, Verdict
from bisector.record.words import Purpose
from bisector.system.files import digest
from bisector.system.process import OUTPUT_BYTES, read_log
from bisector.testing.oracle import Oracle, Trial


@dataclass(frozen=True)
class Builds(Oracle):
    """A step is good if it builds with the features ``asked``; else it is unbuildable.

    Nothing is run. As an unbuildable verdict of the fast toolchain is not believed, the fallback
    builds such a step, too.
    """

    judges_builds: ClassVar[bool] = False  # with tcc's word for good, and gcc's for unbuildable

    asked: frozenset[str] = frozenset()

    @classmethod
    def with_features(cls, asked: frozenset[str]) -> Builds:
        """The oracle for the features *asked*."""
        return cls("build", digest("step", *sorted(asked)), asked=asked)

    @property
    def features(self) -> frozenset[str]:
        return self.asked

    def run(self, trial: Trial) -> Ruling:
        trial.log.write_text("it builds\n")
        return Ruling(Verdict.GOOD, "it builds")


class StepBuilder:
    """Builds the steps onto the branch's tip ``base`` (full hash), see Builds.

    ``toolchain`` is the one of the search; if it cannot build the tip, its fallback.
    """

    def __init__(self, prober: Prober, base: str, name: str) -> None:
        """*name* is the branch's, for notes."""
        self._prober, self.base, self._name = prober, base, name
        self._tree = prober.context.history.tree_id(base)
        self.toolchain = prober.toolchains.search
        self.oracle = Builds.with_features(frozenset())
        self._in_vain = 0

    @property
    def real(self) -> Toolchain | None:
        """A toolchain whose word is proof and that knows threads; None without one."""
        if self.toolchain.is_real:
            return self.toolchain
        return self._prober.toolchains.proof or self._prober.toolchains.fallback

    def choose(self, asked: frozenset[str]) -> bool:
        """Build with the features *asked*, without those with which the tip itself fails.

        False if the tip does not build at all. What is left out is noted.
        """
        failed = self._try(asked)
        if failed is None:
            return True
        for name in sorted(asked):
            rest = asked - {name, *(["QUIC"] if name == "OPENSSL" else [])}
            if self._try(rest) is None:
                left = ", ".join(sorted(asked - rest))
                self._note(f"{self._name} itself does not build with {left}: {failed.reason}")
                return True
        if asked and self._try(frozenset()) is None:
            left = ", ".join(sorted(asked))
            self._note(f"{self._name} itself does not build with {left}: {failed.reason}")
            return True
        self._note(f"{self._name} itself does not build: {failed.reason}")
        return False

    def options(self, tree: str) -> tuple[str, ...]:
        """The names of the features that *tree* is built with, beside HAProxy's defaults."""
        context = self._prober.context
        equipped = context.equipped(self.toolchain, self.oracle)
        words = compiling.at(context.history.store, tree, equipped).variables
        on = (name for name, value in words if name.startswith("USE_") and value == "1")
        return tuple(sorted(name.removeprefix("USE_") for name in on if name != "USE_LUA"))

    def log(self, tree: str, toolchain: Toolchain) -> str:
        """The output of the build that made the cached binary of *tree*; '' if there is none.

        It has what was compiled then, which may be a part.
        """
        context = self._prober.context
        equipped = context.equipped(toolchain, self.oracle)
        key = binaries.build_key(context.history.store, tree, equipped)
        return _read(binaries.home_of(context.workspace, key) / "build.log")

    def build_tip(self, toolchain: Toolchain) -> Probed:
        """The result of a build of the branch's tip."""
        return self._ask(self._tip(toolchain))

    def build(self, step: Step, toolchain: Toolchain | None = None) -> Probed:
        """The result of a build of *step*."""
        return self._ask(self._start(step, toolchain))

    def first_failing(
        self, steps: Sequence[Step], start: int, skip: frozenset[str] = frozenset()
    ) -> tuple[int, Probed] | None:
        """Build *steps* from the index *start* on; the first that does not build, or None.

        Those whose origins are in *skip* are left out.
        """
        indexes = [i for i in range(start, len(steps)) if steps[i].origin not in skip]
        ahead, remaining = max(2, 2 * self._prober.executor.jobs), _Remaining(len(steps))
        tickets: dict[int, Ticket] = {}
        for number, index in enumerate(indexes):
            for later in indexes[number : number + ahead]:
                if later not in tickets:
                    tickets[later] = self._start(steps[later])
            self._prober.first([tickets[index]], remaining.at(index))
            answer = tickets.pop(index).answer
            assert answer
            self._see(answer)
            if answer.verdict is not Verdict.GOOD:
                for ticket in tickets.values():
                    self._prober.cancel(ticket)
                return index, answer
        return None

    def first_failing_of_some(
        self, steps: Sequence[Step], skip: frozenset[str], toolchain: Toolchain
    ) -> tuple[int, Probed] | None:
        """As first_failing() for *toolchain*, where the last step fails and the tip does not.

        By halves, so that few are built: the step before the one that is found builds.
        """
        indexes = [i for i in range(len(steps)) if steps[i].origin not in skip]
        low, high, failed = -1, len(indexes) - 1, None
        while high - low > 1 or failed is None:
            middle = high if failed is None else (low + high) // 2
            answer = self.build(steps[indexes[middle]], toolchain)
            if answer.verdict is not Verdict.GOOD:
                high, failed = middle, (indexes[middle], answer)
            elif failed is None:
                return None
            else:
                low = middle
        return failed

    # -- probes --------------------------------------------------------------------------------

    def _see(self, answer: Probed) -> None:
        """Leave the fast toolchain when it has failed at some steps in a row that others build."""
        fallback = self._prober.toolchains.fallback
        others = answer.real and not self.toolchain.is_real and answer.verdict is Verdict.GOOD
        self._in_vain = self._in_vain + 1 if others else 0
        if self._in_vain == FEWEST and fallback:
            self.toolchain = fallback

    def _try(self, asked: frozenset[str]) -> Probed | None:
        """Use the features *asked*; the result of a build of the tip if that fails."""
        self.oracle = Builds.with_features(asked)
        answer = self._ask(self._tip(self._prober.toolchains.search))
        if answer.verdict is not Verdict.GOOD:
            return answer
        fallback = self._prober.toolchains.fallback
        by_fallback = fallback is not None and answer.toolchain == fallback.name
        self.toolchain = fallback if fallback and by_fallback else self._prober.toolchains.search
        return None

    def _tip(self, toolchain: Toolchain) -> Ticket:
        return self._prober.start_tree(
            self.base, self._tree, Purpose.STEP, self.oracle, toolchain=toolchain, patched=False
        )

    def _start(self, step: Step, toolchain: Toolchain | None = None) -> Ticket:
        return self._prober.start_tree(
            step.origin, step.tree, Purpose.STEP, self.oracle, toolchain=toolchain or self.toolchain
        )

    def _ask(self, ticket: Ticket) -> Probed:
        (answer,) = self._prober.ask_all([ticket])
        return answer

    def _note(self, text: str) -> None:
        self._prober.journal.note(Noted(text))


class _Remaining:
    """Says how far the builds of *total* steps are, and how long they may take."""

    def __init__(self, total: int) -> None:
        self._total, self._began, self._first = total, time.monotonic(), -1

    def at(self, index: int) -> Callable[[], str]:
        """A function that says it of the step with this index."""
        if self._first < 0:
            self._first = index
        return lambda: self._text(index)

    def _text(self, index: int) -> str:
        text, done = f"step {index + 1} of {self._total}", index - self._first
        if done < 5:  # too few to say
            return text
        left = (time.monotonic() - self._began) / done * (self._total - index)
        return f"{text}, {left / 60:.0f} min left" if left >= 60 else f"{text}, {left:.0f} s left"


def log_of(failed: Probed) -> str:
    """The output of a build that failed; its first error alone if the log is gone."""
    return _read(Path(failed.log)) or failed.reason


def _read(log: Path) -> str:
    try:
        return read_log(log, OUTPUT_BYTES)[0]
    except OSError:
        return ""
