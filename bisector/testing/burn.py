"""Does HAProxy keep a processor busy? What its processes ask of the processors while a test runs.

What counts is the time in which they run or wait for a processor: on a busy machine a process that
never sleeps gets only a part of one.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from bisector.system import procfs, session

SHARE = 0.5  # of a processor that is too much


@dataclass
class BurnWatch:
    """Looks at the HAProxy ``program`` of a running test; ends the test if it burns.

    It burns if it asks for more than SHARE of a processor during ``seconds``. ``most`` is the
    largest share that was seen in that time, ``seen`` the seconds in which HAProxy was there.
    """

    program: Path
    seconds: float
    burns: bool = False
    most: float = 0.0
    seen: float = 0.0
    _asked: dict[int, float] = field(default_factory=dict)  # seconds of a processor, by pid
    # when, and the sum of these; the first one is the latest that is ``seconds`` ago
    _samples: deque[tuple[float, float]] = field(default_factory=deque)

    def look(self, leader: int) -> None:
        """Look once at the processes of the *leader*'s session. A watcher of process.run()."""
        name = procfs.kernel_name(self.program)
        found = [one.pid for one in session.members(leader) if one.name == name]
        if not found and not self._samples:
            return
        self._asked |= {pid: max(procfs.demand(pid), self._asked.get(pid, 0.0)) for pid in found}
        self._record(time.monotonic(), sum(self._asked.values()), bool(found))
        if self.burns:
            session.kill(leader)

    def _record(self, now: float, asked: float, is_there: bool) -> None:
        if self._samples and is_there:
            self.seen += now - self._samples[-1][0]
        self._samples.append((now, asked))
        while len(self._samples) > 1 and self._samples[1][0] <= now - self.seconds:
            self._samples.popleft()
        then, asked_then = self._samples[0]
        if then <= now - self.seconds:
            self.most = max(self.most, (asked - asked_then) / (now - then))
            self.burns = self.most > SHARE
