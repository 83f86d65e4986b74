"""How HAProxy crashed, from all that the log of a test says of it; pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bisector.record.failure import Failure, FailureClass
from bisector.testing import crash_report, crash_trace
from bisector.testing.crash_report import CrashReport
from bisector.testing.crash_trace import CrashTrace
from bisector.testing.log_text import normal
from bisector.testing.oracle import DIED


@dataclass(frozen=True)
class Crash:
    """A crash by ``signal`` (its name), '' if a sanitizer ended HAProxy.

    ``said`` is what HAProxy or a sanitizer said of it, ``function`` the innermost function; '' if
    that is not known. ``lines`` are evidence.
    """

    signal: str
    said: str
    function: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """What crashes at the same place have in common."""
        said = ": ".join(filter(None, (self.signal, self.said)))
        return " ".join(filter(None, (said, self._where)))

    def reason(self, when: str = "") -> str:
        """One line for reports; *when* it died, in words."""
        died = f"{DIED} {self.signal}" if self.signal else "HAProxy was ended by a sanitizer"
        words = " ".join(filter(None, (died, self._where, when)))
        return f"{words}: {self.said}" if self.said else words

    @property
    def _where(self) -> str:
        return f"in {self.function}" if self.function else ""

    @property
    def failure(self) -> Failure:
        """The kind of failure of a HAProxy that has served."""
        return Failure(FailureClass.CRASH, normal(self.text))


def find(log: str) -> Crash | None:
    """The first crash that the *log* of a test tells of, whether or not the test failed by it."""
    traces, report = crash_trace.find(log), crash_report.find(log)
    if traces:
        return describe(traces[0].signal, report, traces[:1])
    return describe("", report, ()) if report else None


def describe(signal: str, report: CrashReport | None, traces: Sequence[CrashTrace]) -> Crash:
    """A crash by *signal* (its name, '' if a sanitizer ended HAProxy), with what is known of it.

    Functions beyond the innermost one are evidence only: they differ between releases.
    """
    trace = next((trace for trace in traces if trace.signal == signal), None)
    functions = (trace.functions if trace else ()) or (report.functions if report else ())
    lines = report.lines if report else (trace.line.strip(),) if trace else ()
    said = report.reason if report else ""
    return Crash(signal, said, functions[0] if functions else "", lines)
