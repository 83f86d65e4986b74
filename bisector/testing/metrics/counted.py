"""What callgrind counts: instructions and system calls, without the kernel's and other processes'.

Counting by the processor's own counters, see perf_event_open(2), would be quicker, but virtual
machines rarely have them.
"""

from __future__ import annotations

from bisector.testing.metrics import callgrind
from bisector.testing.metrics.metric import Metric, Round, Unmeasured


def _of(round_: Round, event: str) -> float:
    if not round_.events.get(callgrind.INSTRUCTIONS):
        raise Unmeasured("callgrind counted nothing")
    return round_.events.get(event, 0) / round_.requests


INSTRUCTIONS = Metric(
    "instructions",
    "instructions, counted by callgrind",
    "instructions per {what}",
    lambda round_: _of(round_, callgrind.INSTRUCTIONS),
    counted=True,
)
SYSCALLS = Metric(
    "syscalls",
    "system calls, counted by callgrind",
    "system calls per {what}",
    lambda round_: _of(round_, callgrind.SYSCALLS),
    counted=True,
    digits=2,
)
