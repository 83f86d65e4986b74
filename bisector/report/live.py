"""The output during a job: a line for each finished probe, and what is under way."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from bisector.printable import printable
from bisector.record.events import Confirmed, Event, Found, Noted, Probed, Turned
from bisector.record.fixup_events import Unfair
from bisector.record.learnt import Learnt
from bisector.record.metric_events import Compared, Shifted
from bisector.record.patch_events import HunkDropped, Judged, Ported, RegTested
from bisector.record.patch_outcome import Outcome
from bisector.record.verdict import Verdict
from bisector.record.words import Change, HunkState, Purpose, RegTestChange
from bisector.report import matrix, metric_text, parts
from bisector.report.terminal import probe_line

if TYPE_CHECKING:
    from rich.progress import Progress

_COLOURS: Mapping[str, str] = {
    **dict.fromkeys((Outcome.FIXES, Outcome.NOT_NEEDED, Outcome.UNHARMED), "green"),
    **dict.fromkeys((Verdict.GOOD, HunkState.NOTICED), "green"),
    **dict.fromkeys((Outcome.BREAKS, Outcome.INEFFECTIVE, RegTestChange.FAILS), "red"),
    Verdict.BAD: "red",
}
# the purposes of probes of which only what they lead to is shown
_JUDGED = (
    Purpose.BEFORE,
    Purpose.AFTER,
    Purpose.QUALIFY,
    Purpose.HUNK_DROPPED,
    Purpose.REG_TEST,
)


class Live:
    """Shows events on stderr: with colours and a clock on a terminal, else as plain lines."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._learnt: dict[str, Learnt] = {}
        self._unbuilt: set[str] = set()  # why a toolchain that is not real built something not

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
            console = Console(stderr=True, highlight=False)
            self._progress = Progress(*columns, console=console, transient=True)
            self._progress.start()
        return self

    def __exit__(self, *raised: object) -> None:
        if self._progress:
            self._progress.stop()

    @property
    def interactive(self) -> bool:
        """Whether stderr is a terminal, on which progress() shows something."""
        return self._progress is not None

    def progress(self, text: str) -> None:
        """Show what is under way, in place of what was shown before; only on a terminal."""
        if self._progress is None:
            return
        from rich.markup import escape

        for task in self._progress.task_ids:
            self._progress.remove_task(task)
        self._progress.add_task(escape(printable(text)))

    def handle(self, event: Event) -> None:
        """Show an event of the journal."""
        if isinstance(event, Learnt):
            self._learnt[event.scenario] = event
        for learnt in self._learnt.values():
            if isinstance(event, Probed):
                event = learnt.judge(event)
        if not self._is_told(event) and (shown := _shown(event)):
            self._print(*shown)

    def _is_told(self, event: Event) -> bool:
        """Whether *event* is a build that fails as one before; a real toolchain's answer follows.

        What a compiler cannot do is the same for many revisions.
        """
        if not isinstance(event, Probed) or event.real:
            return False
        if event.verdict is not Verdict.UNBUILDABLE:
            return False
        reason = re.sub(r"\d+", "#", event.reason)
        told = reason in self._unbuilt
        self._unbuilt.add(reason)
        return told

    def _print(self, line: str, style: str) -> None:
        line = printable(line)
        if self._progress is None:
            print(line, file=sys.stderr, flush=True)
        else:
            self._progress.console.print(line, style=style, markup=False, no_wrap=True)


def _shown(event: Event) -> tuple[str, str] | None:
    """The line for an event and its style (of rich); None for an event that is not shown."""
    if isinstance(event, Probed):
        # whether all the repetitions agreed is in the confirmation
        again = event.run and event.verdict.tested and Purpose.CONFIRM.begins(event.purpose)
        purpose = event.purpose.removeprefix(Purpose.CONFIRM.about(""))
        if again or any(one.begins(purpose) for one in _JUDGED):
            return None
        return probe_line(event), _colour(event.verdict)
    if isinstance(event, Found):
        names = " ".join(revision[:10] for revision in event.revisions)
        return f"{'found':<12}{_whose(event.bug)} {event.what}: {names}", "bold"
    if isinstance(event, Shifted):
        names = " ".join(revision[:10] for revision in event.revisions)
        return f"{'found':<12}a change of {metric_text.percent(event.effect)}: {names}", "bold"
    if isinstance(event, Compared):
        said = "proven" if event.proven else "not proven"
        return f"{said:<12}{event.new[:10]}: {metric_text.percent(event.effect)}", "bold"
    if isinstance(event, Confirmed):
        said = "proven" if event.proven else "not proven"
        what = f"{_whose(event.bug)} {event.what}" if event.what in set(Change) else event.what
        return f"{said:<12}{what}{_by(event)}", "bold"
    if isinstance(event, Noted | Turned | Learnt | Unfair):
        return f"{'note':<12}{event.text}", "bold"
    return _of_patch(event)


def _whose(bug: int) -> str:
    """What precedes a change that was found of *bug*, a number as in Found."""
    return Purpose.ANOTHER_BUG if bug else "the"


def _of_patch(event: Event) -> tuple[str, str] | None:
    """The same for the events about patches."""
    if isinstance(event, Judged):
        return matrix.judged_line(event), _colour(event.outcome)
    if isinstance(event, HunkDropped):
        return parts.hunk_line(event), _colour(event.state)
    if isinstance(event, RegTested) and event.change is not RegTestChange.SAME:
        return parts.reg_test_line(event), _colour(event.change)
    if isinstance(event, Ported):
        return parts.port_line(event), _colour(event.outcome)
    return None


def _by(event: Confirmed) -> str:
    if event.doubt:
        return f": {event.doubt}"
    if event.what not in set(Change):
        return f" with {event.toolchain} by {event.runs} tests"
    return f", bad runs: {event.tally}" if event.tally else f" by {event.runs} runs on each side"


def _colour(word: str) -> str:
    return _COLOURS.get(word, "yellow")
