"""The memory that HAProxy has after a load."""

from __future__ import annotations

from bisector.testing.metrics.metric import Metric, Round, Unmeasured

_TIMES = 50  # so many requests more than are counted otherwise: what leaks a little becomes much
_CONNECTIONS = 10


def _resident(round_: Round) -> float:
    if not round_.resident:
        raise Unmeasured("the kernel does not tell HAProxy's memory (RssAnon)")
    return float(round_.resident)


MEMORY = Metric(
    "memory",
    "memory of HAProxy after the load",
    "kB of memory",
    _resident,
    times=_TIMES,
    connections=_CONNECTIONS,
)
