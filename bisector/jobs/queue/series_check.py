"""stub"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from bisector.jobs.queue.source import Source
from bisector.probing.prober import Prober
from bisector.record.queue_events import Queued


@dataclass(frozen=True)
class Checked:
    picks: tuple[tuple[str, str], ...]
    rows: tuple[Queued, ...]


def check(
    prober: Prober,
    source: Source,
    rows: Sequence[Queued],
    picks: Mapping[str, str],
    there: Collection[str],
    progress: Callable[[str], None],
) -> Checked:
    return Checked(tuple(picks.items()), tuple(rows))
