"""stub"""

from __future__ import annotations

from collections.abc import Callable, Collection

from bisector.jobs.queue.source import Source
from bisector.probing.prober import Prober
from bisector.record.verdict import Verdict


def tested(
    prober: Prober, source: Source, commits: Collection[str], progress: Callable[[str], None]
) -> dict[str, tuple[Verdict, str]]:
    return {}
