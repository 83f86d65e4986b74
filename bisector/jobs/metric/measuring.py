"""Measure revisions: repeated probes whose samples count."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable

from bisector.build.toolchain import Toolchain
from bisector.probing.prober import Prober
from bisector.record.events import Probed
from bisector.record.words import Purpose
from bisector.testing.oracle import Oracle

_USUAL_SECONDS = 10.0  # of a measurement, until one was made


class Measurer:
    """Measures revisions with one toolchain; each call makes new runs.

    Values of different toolchains cannot be compared, so no other one is asked. *oracle* is the
    job's, or one that measures in turns with a reference.
    """

    def __init__(self, prober: Prober, toolchain: Toolchain, oracle: Oracle) -> None:
        self.toolchain = toolchain
        self._oracle = oracle
        self._prober = prober
        self._runs: Counter[str] = Counter()
        self._seconds: list[float] = []

    def measure(
        self, revisions: Iterable[str], purpose: Purpose, remark: Callable[[], str] | None = None
    ) -> list[Probed]:
        """One more run of each of *revisions*, in this order. Raises what a probe raises.

        Several runs are made at once if that does not disturb them.
        """
        tickets = []
        for revision in revisions:
            run, self._runs[revision] = self._runs[revision], self._runs[revision] + 1
            tickets.append(self._prober.start(revision, purpose, run, self.toolchain, self._oracle))
            if self._oracle.is_disturbed_by_load:
                self._prober.first(tickets[-1:], remark)
        for ticket in tickets:
            self._prober.first([ticket], remark)
        answers = [ticket.answer for ticket in tickets if ticket.answer]
        self._seconds += [answer.test_seconds for answer in answers if answer.test_seconds]
        return answers

    def samples(self, probed: Probed) -> tuple[float, ...]:
        """The samples of a probe that count: none if another toolchain had to make it."""
        return probed.samples if probed.toolchain == self.toolchain.name else ()

    @property
    def seconds(self) -> float:
        """The usual duration of a run."""
        return statistics.median(self._seconds) if self._seconds else _USUAL_SECONDS
