"""What the whole queue takes, builds and reg-tests included, and what comes out of it."""

from __future__ import annotations

import os
import re
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import queue_series
from bench.measure import peak_memory
from bench.table import table
from bisector.git.history import History
from bisector.jobs.queue.queue import Wishes, queue
from bisector.jobs.queue.source import Source
from bisector.jobs.runner import Execution
from bisector.probing.options import Options
from bisector.probing.setup import Asked
from bisector.record.events import Event, Noted
from bisector.record.patch_events import RegTested
from bisector.record.queue_events import Queued, Series, Word
from bisector.record.words import RegTestChange
from bisector.system.workspace import Workspace

# A phase begins with the first line of progress that matches, in this order; it ends with the next.
PHASES = (
    ("own tests of fixes", re.compile(r"qualify\b")),
    ("plan", re.compile(r".*: \d+ of \d+ commits$")),
    ("builds", re.compile(r"building the branch's tip$")),
    ("coverage map", re.compile(r"finding out what each reg-test executes$")),
    ("reg-tests", re.compile(r"reg-test \d+ of ")),
)
_FIRST = "start"


@dataclass(frozen=True)
class Used:
    """Seconds of the clock, and of processors: this process and its descendants that ended."""

    wall: float
    cpu: float

    @classmethod
    def so_far(cls) -> Used:
        """What was used up to now by a process that bench.measure runs.

        What its children leave behind, as bubblewrap does, is counted for its parent.
        """
        used = (resource.getrusage(who) for who in _WHOM)
        stat = Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()
        adopted = sum(map(int, stat[_ADOPTED])) / os.sysconf("SC_CLK_TCK")
        cpu = adopted + sum(one.ru_utime + one.ru_stime for one in used)
        return cls(time.monotonic(), cpu)


_WHOM = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
_ADOPTED = slice(13, 15)  # cutime and cstime in /proc/PID/stat, counted from after the name


class Clock:
    """A watcher that measures the phases of a queue by the lines of its progress.

    ``phases`` has what each took that has ended, in their order. Their begin is shown by *show*,
    and notes are.
    """

    interactive = True

    def __init__(self, show: Callable[[str], None], used: Callable[[], Used]) -> None:
        self.phases: dict[str, Used] = {}
        self._show, self._used = show, used
        self._phase, self._began = _FIRST, used()

    def progress(self, text: str) -> None:
        """See whether another phase begins."""
        names = [name for name, _ in PHASES]
        later = PHASES[names.index(self._phase) + 1 :] if self._phase in names else PHASES
        if begun := next((name for name, begins in later if begins.match(text)), ""):
            self._begin(begun)
            self._show(begun)

    def end(self) -> None:
        """The last phase has ended."""
        self._begin("")

    def handle(self, event: Event) -> None:
        """Show a note."""
        if isinstance(event, Noted):
            self._show(event.text)

    def _begin(self, phase: str) -> None:
        now = self._used()
        self.phases[self._phase] = Used(now.wall - self._began.wall, now.cpu - self._began.cpu)
        self._phase, self._began = phase, now


@dataclass(frozen=True)
class Made:
    """The events of a queue, what each phase took, and the peak memory of bisector in MB."""

    events: tuple[Event, ...]
    phases: dict[str, Used]
    peak: int


def make(workspace: Workspace, repo: Path, source: Source, show: Callable[[str], None]) -> Made:
    """Decide on what *source* can take, and build and test the series.

    *show* is called with lines on what is being done.
    """
    asked = Asked(workspace, Options(repo=str(repo)), show, show)
    wishes = Wishes((source.branch.name,), taken_from=source.line.tip)
    clock = Clock(show, Used.so_far)
    result = queue(asked, wishes, Execution("bench/queue --build", clock))
    clock.end()
    peak = peak_memory(Path("/proc/self/status").read_text()) or 0
    return Made(result.events, clock.phases, peak >> 20)


def report(history: History, made: Made, folder: Path) -> str:
    """What *made* took and what came out, beside the release whose source is in *folder*."""
    series = next(event for event in made.events if isinstance(event, Series))
    rows = {event.revision: event for event in made.events if isinstance(event, Queued)}
    differ = queue_series.lines_that_differ(history, series.tip, folder)
    lines = [times(made.phases), ""]
    lines += [f"memory of bisector itself: {made.peak} MB at most"]
    lines += [f"{len(series.commits)} steps" + (", each of them built" if series.built else "")]
    lines += _steps([rows[one] for one in series.origins if one in rows])
    lines += _set_aside(list(rows.values()))
    lines += _changes(made.events)
    lines += [f"lines that differ from the release: {differ['src']} in src/,"]
    lines[-1] += f" {differ['include']} in include/"
    return "\n".join(lines)


def times(phases: dict[str, Used]) -> str:
    """A table of *phases*, with their sum."""
    total = Used(sum(one.wall for one in phases.values()), sum(one.cpu for one in phases.values()))
    shown = [*phases.items(), ("all", total)]
    cells = [(name, f"{used.wall:.0f}", f"{used.cpu:.0f}") for name, used in shown]
    return table([("phase", "seconds", "CPU"), *cells])


def _steps(rows: Sequence[Queued]) -> Iterator[str]:
    """The steps that only build with the next one, and those with warnings."""
    alone = [row for row in rows if row.builds and row.builds.text.startswith("does not build")]
    yield f"{len(alone)} of them only build with the next one"
    yield from (f"  {_line(row)}: {row.builds.text}" for row in alone if row.builds)
    warned = [row for row in rows if row.warnings]
    yield f"{len(warned)} of them bring warnings of the compiler"
    yield from (f"  {_line(row)}: {'; '.join(row.warnings)}" for row in warned)


def _set_aside(rows: Sequence[Queued]) -> Iterator[str]:
    """What was picked by the plan and breaks something."""
    broken = [row for row in rows if row.word is Word.BREAKS]
    yield f"{len(broken)} set aside, since they break the build or a reg-test"
    yield from (f"  {_line(row)}: {row.why}" for row in broken)


def _changes(events: Sequence[Event]) -> Iterator[str]:
    """How many reg-tests were run at the end, and those that change."""
    tests = {event.test: event for event in events if isinstance(event, RegTested)}
    yield f"{len(tests)} reg-tests were run before and after the series"
    for event in tests.values():
        if event.change is not RegTestChange.SAME:
            yield f"  {event.test} {event.change}: {event.reason}"


def _line(row: Queued) -> str:
    return f"{row.revision[:10]} {row.subject}"
