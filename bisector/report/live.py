"""What is seen while a hunt goes on: a line for each finished probe, and what is under way."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bisector.events import CONFIRMATION, Confirmed, Event, Found, Noted, Probed, Turned
from bisector.report.terminal import probe_line

if TYPE_CHECKING:
    from rich.progress import Progress

_COLOURS = {"good": "green", "bad": "red"}


class Live:
    """Writes to stderr: with colours and a running clock on a terminal, else plain lines."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
            console = Console(stderr=True, highlight=False)
            self._progress = Progress(*columns, console=console, transient=True)
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress:
            self._progress.stop()

    def doing(self, what: str) -> None:
        """Say what is under way."""
        if self._progress is None:
            return
        from rich.markup import escape

        for task in self._progress.task_ids:
            self._progress.remove_task(task)
        self._progress.add_task(escape(what))

    def told(self, event: Event) -> None:
        """Show an event of the journal."""
        if isinstance(event, Probed):
            if event.run and event.verdict.tested and event.purpose.startswith(CONFIRMATION):
                return  # a repetition; whether all agreed is in the confirmation
            self._print(probe_line(event), _COLOURS.get(event.verdict, "yellow"))
        elif isinstance(event, Found):
            names = " ".join(revision[:10] for revision in event.revisions)
            self._print(f"found       the {event.what}: {names}", "bold")
        elif isinstance(event, Confirmed):
            said = "proven" if event.proven else "not proven"
            how = f" by {event.runs} runs on each side"
            if event.doubt or event.tally:
                how = f": {event.doubt}" if event.doubt else f", bad runs: {event.tally}"
            self._print(f"{said:<12}the {event.what}{how}", "bold")
        elif isinstance(event, Noted | Turned):
            self._print(f"{'note':<12}{event.text}", "bold")

    def _print(self, line: str, style: str) -> None:
        if self._progress is None:
            print(line, file=sys.stderr, flush=True)
        else:
            self._progress.console.print(line, style=style, markup=False, no_wrap=True)
