"""Trying candidates: the test with a changed file, on the binaries of both revisions."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from bisector.errors import UsageProblem
from bisector.jobs.reduce.subject import Subject
from bisector.probing import hangs
from bisector.probing.context import Context
from bisector.probing.executors import TESTS_A_CORE
from bisector.record.events import Probed
from bisector.record.learnt import Learnt
from bisector.record.verdict import Verdict
from bisector.system.files import explained
from bisector.system.slots import Slot, cores
from bisector.testing import timeouts
from bisector.testing.companions import laid_out
from bisector.testing.oracle import Trial

# A candidate may take so much longer than the whole file, and at least so many seconds.
_FACTOR, _LEAST = 5.0, 2.0
_PATIENCE = 4.0  # times more where a text is checked that was accepted


@dataclass(frozen=True)
class Side:
    """A revision, built: the verdict on it with the whole file, which a candidate must get, too.

    ``seconds`` is the time limit of a run.
    """

    probed: Probed
    binary: Path
    seconds: float


class Trials:
    """Runs candidates side by side, as a context manager; leaving it ends all of them.

    *sides* are the bad and the good revision; *learnt* is the bug's own failure, None if the test
    knows it.
    """

    def __init__(
        self,
        context: Context,
        subject: Subject,
        sides: tuple[Side, Side],
        learnt: Learnt | None,
    ) -> None:
        self._context, self._subject, self._learnt = context, subject, learnt
        self._sides = sides
        alone = context.sandbox is None or not context.sandbox.separates_networks
        self.width = 1 if alone else _width(os.getloadavg()[0])
        self._slot = Slot(1, sandbox=context.sandbox)
        self._own = threading.local()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self.width, thread_name_prefix="trial")
        return self

    def __exit__(self, *raised: object) -> None:
        self._slot.cancel()
        self._pool.shutdown(cancel_futures=True)
        self._stack.close()

    def measure(self, text: bytes) -> list[Probed]:
        """The verdicts on *text*, the whole file; their run times limit those of candidates."""
        done = [self._pool.submit(self._run, side, text).result() for side in self._sides]
        seconds = [one.test_seconds for one in done]
        limits = [max(_LEAST, _FACTOR * each) for each in seconds]
        if self._learnt and self._learnt.is_hang:  # how long it hangs says nothing
            limits[0] = max(hangs.LEAST, timeouts.FACTOR * seconds[1])
        self._sides = (
            replace(self._sides[0], seconds=limits[0]),
            replace(self._sides[1], seconds=limits[1]),
        )
        return done

    def submit(self, text: bytes, runs: int) -> Future[bool]:
        """Start to find out whether *text* does in each of so many *runs*."""
        return self._pool.submit(self._does, text, runs)

    def is_steady(self, text: bytes, runs: int) -> bool:
        """Whether *text* does in each of so many *runs*, made one a processor at a time.

        More of them could get in the way of each other.
        """
        lanes = min(runs, self.width, cores())
        shares = [len(range(lane, runs, lanes)) for lane in range(lanes)]
        checks = [self._pool.submit(self._does, text, share, _PATIENCE) for share in shares]
        return all(check.result() for check in checks)

    def _does(self, text: bytes, runs: int, patience: float = 1.0) -> bool:
        wanted = (Verdict.BAD, Verdict.GOOD)
        return all(
            self._run(side, text, patience).verdict is verdict
            for _ in range(runs)
            for side, verdict in zip(self._sides, wanted, strict=True)
        )

    def _run(self, side: Side, text: bytes, patience: float = 1.0) -> Probed:
        """The verdict on *side* with the file changed to *text*, in *patience* times its limit."""
        home, folder = self._place()
        with explained(f"cannot write {folder}"):
            (folder / self._subject.name).write_bytes(text)
        oracle = self._context.oracle.at(side.probed.revision).moved_to(folder)
        limit = patience * side.seconds
        trial = Trial(side.binary, home / "log", self._context.tools, limit, self._slot)
        try:
            ruling = oracle.run(trial)
        except UsageProblem as problem:  # it is no such test any more
            return replace(side.probed, verdict=Verdict.UNTESTABLE, reason=str(problem))
        probed = replace(
            side.probed,
            verdict=ruling.verdict,
            reason=ruling.reason,
            evidence=ruling.evidence,
            failure=ruling.failure,
            growth=ruling.growth,
            test_seconds=ruling.seconds,
        )
        return self._learnt.judge(probed) if self._learnt else probed

    def _place(self) -> tuple[Path, Path]:
        """This thread's folder, and the one below it with the test's files."""
        if not hasattr(self._own, "place"):
            home = self._stack.enter_context(self._context.workspace.scratch())
            with explained(f"cannot write {home}"):
                self._own.place = home, laid_out(self._subject.files, home)
        place: tuple[Path, Path] = self._own.place
        return place


def _width(load: float) -> int:
    """The number of candidates that are tried side by side on a machine with this *load*.

    On a busy one a test that waits for something to happen would wait in vain now and then.
    """
    return max(2, int(TESTS_A_CORE * cores() / timeouts.crowding(load, cores())))
