"""Time limits of tests, from the usual run time of each test on this machine.

*Measured*, two processors, dns-flap and dns-false-up on tcc's HAProxy 3.0, one run in seconds:

    in parallel                      load   median  longest
    nothing, one test at a time       3.8     0.23     0.26
    8 busy loops, 8 tests at a time   6.9     0.38     0.61
    12 busy loops, 16 at a time      22.9     0.68     2.44

So the longest of 2,400 runs took 11 times the median of an idle machine; `FACTOR` is about twice
that. The limit also grows with the load, which is known before the first run. An emulated machine,
about 20 times slower, gets higher limits from its recorded run times.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bisector.system.slots import cores
from bisector.system.workspace import Workspace

FACTOR = 20.0  # times the median of the recorded run times
AGAIN = 3.0  # times more for the second try of a test that has never passed here
KEPT = 9  # recorded runs of a test
DAY = 86_400.0  # seconds; a longer recorded run time is damage
MOST_CROWDED = 8.0  # in a container, the load is that of a host with more processors


def crowding(load: float, processors: int) -> float:
    """The number of runnable tasks for each processor, at least 1; *load* is that of uptime(1)."""
    return min(MOST_CROWDED, max(1.0, load / processors))


def limit(least: float, past: Sequence[float], crowded: float, again: bool = False) -> float:
    """The time limit, in seconds, of one run of a test.

    *least* is the smallest limit, for an idle machine; *past* are the seconds of the test's runs
    that passed here; *crowded* is a crowding(). *again*: this is the second try.
    """
    if past:
        return max(least, FACTOR * statistics.median(past)) * crowded
    return least * crowded * (AGAIN if again else 1.0)


def added(past: Sequence[float], seconds: float) -> list[float] | None:
    """*past* with one more run; None if that would hardly change the median."""
    if len(past) == KEPT and 0.5 < seconds / statistics.median(past) < 2.0:
        return None
    return [*past, round(seconds, 3)][-KEPT:]


@dataclass(frozen=True)
class UsualTimes:
    """The workspace's record of the run times of each test's passing runs, by the test's name.

    If two processes write at the same time, one entry is lost; a damaged file has no runs.
    """

    workspace: Workspace

    def limit(self, name: str, least: float, again: bool = False) -> float:
        """The time limit, in seconds, of the next run of the test *name*; see :func:`limit`."""
        crowded = crowding(os.getloadavg()[0], cores())
        return limit(least, self._all().get(name, []), crowded, again)

    def passed(self, name: str, seconds: float) -> None:
        """Record that the test *name* passed in *seconds*. Raises WorkspaceProblem."""
        known = self._all()
        if (runs := added(known.get(name, []), seconds)) is not None:
            self.workspace.write(self._path, json.dumps({**known, name: runs}).encode())

    @property
    def _path(self) -> Path:
        return self.workspace.root / "pace.json"

    def _all(self) -> dict[str, list[float]]:
        try:
            kept = json.loads(self._path.read_bytes())
            return {
                name: [float(seconds) for seconds in runs if 0 < seconds < DAY]
                for name, runs in kept.items()
            }
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return {}
