"""Does HAProxy keep a processor busy? What its processes ask of the processors while a test runs.

What counts is the time in which they run or wait for a processor: on a busy machine a process that
never sleeps gets only a part of one.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from bisector.system import procfs, session
from bisector.system.procfs import NAME_BYTES

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
    _samples: list[tuple[float, float]] = field(default_factory=list)  # when, and the sum of these

    def look(self, leader: int) -> None:
        """Look once at the processes of the *leader*'s session. A watcher of process.run()."""
        name = os.fsdecode(os.fsencode(self.program.name)[:NAME_BYTES])
        found = [one.pid for one in session.members(leader) if procfs.name_of(one.pid) == name]
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
        # the latest sample that is so long ago
        before = [sample for sample in self._samples if sample[0] <= now - self.seconds]
        if before:
            then, asked_then = before[-1]
            self._samples = self._samples[self._samples.index(before[-1]) :]
            self.most = max(self.most, (asked - asked_then) / (now - then))
            self.burns = self.most > SHARE
