"""How long a test may take before it counts as hung: by what it usually takes on this machine.

*Measured*, two processors, dns-flap and dns-false-up on tcc's HAProxy 3.0, one run in seconds:

    beside it                        load   median  longest
    nothing, one test at a time       3.8     0.23     0.26
    8 busy loops, 8 tests at a time   6.9     0.38     0.61
    12 busy loops, 16 at a time      22.9     0.68     2.44

So the longest of 2,400 runs took 11 times the usual one of a quiet machine, and `FACTOR` leaves
as much again. What is allowed also grows with the load, since that is known before the first run;
an emulated machine, some 20 times slower, shows in what is remembered.
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

FACTOR = 20.0  # times what it usually takes
AGAIN = 3.0  # times more for the second try of a test that never passed here
KEPT = 9  # runs that say what is usual
DAY = 86_400.0  # seconds; no test takes as long
MOST_CROWDED = 8.0  # a container sees the load of a host with more processors than it may use


def crowding(load: float, processors: int) -> float:
    """How many want to run for each processor, 1 if all can; *load* is as uptime(1) has it."""
    return min(MOST_CROWDED, max(1.0, load / processors))


def limit(least: float, past: Sequence[float], crowded: float, again: bool = False) -> float:
    """Seconds for one run of a test that passed in *past* seconds here, if it ever did.

    *least* is for a machine that does nothing else; it is never less. *again*: time was over the
    first time.
    """
    if past:
        return max(least, FACTOR * statistics.median(past)) * crowded
    return least * crowded * (AGAIN if again else 1.0)


def added(past: Sequence[float], seconds: float) -> list[float] | None:
    """*past* with one run more; None where that would tell nothing new, so need not be written."""
    if len(past) == KEPT and 0.5 < seconds / statistics.median(past) < 2.0:
        return None
    return [*past, round(seconds, 3)][-KEPT:]


@dataclass(frozen=True)
class Pace:
    """What a workspace remembers of each test's passing runs, by the test's name.

    Of two that write at once, one is forgotten; a file that cannot be read is one without runs.
    """

    workspace: Workspace

    def limit(self, name: str, least: float, again: bool = False) -> float:
        """Seconds for the next run of the test *name*, see :func:`limit`."""
        crowded = crowding(os.getloadavg()[0], cores())
        return limit(least, self._all().get(name, []), crowded, again)

    def passed(self, name: str, seconds: float) -> None:
        """The test *name* passed in so many *seconds*. Raises WorkspaceProblem."""
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
                name: [float(one) for one in runs if 0 < one < DAY] for name, runs in kept.items()
            }
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return {}
