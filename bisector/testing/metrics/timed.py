"""What a clock tells: processor time, speed and latency. All that else runs here disturbs them."""

from __future__ import annotations

import statistics

from bisector.testing.metrics.metric import Metric, Round, Unmeasured

_CONNECTIONS = 10  # so that HAProxy, and not the way to and from its client, is what takes time


def _cpu(round_: Round) -> float:
    if not round_.ran:
        raise Unmeasured("the kernel does not count processor time (/proc/PID/schedstat)")
    return round_.ran * 1e6 / round_.requests


def _latency(round_: Round) -> float:
    if not round_.latencies:
        raise Unmeasured("latencies need a load whose client is h2load")
    # h2load writes whole microseconds: the mean of the middle half is finer than the median
    ordered = sorted(round_.latencies)
    quarter = len(ordered) // 4
    return statistics.fmean(ordered[quarter : len(ordered) - quarter])


def slowest(round_: Round) -> float:
    """The microseconds within which 99 % of a round's requests were answered."""
    return sorted(round_.latencies)[len(round_.latencies) * 99 // 100]


CPU = Metric(
    "cpu",
    "processor time of HAProxy",
    "µs of processor time per {what}",
    _cpu,
    timed=True,
    digits=2,
    connections=_CONNECTIONS,
)
RATE = Metric(
    "rate",
    "requests per second, as the client sees them",
    "{what}s per second",
    lambda round_: round_.requests / round_.seconds,
    timed=True,
    more_is_worse=False,
    connections=_CONNECTIONS,
)
LATENCY = Metric(
    "latency",
    "time to an answer, as the client sees it: the mean of the middle half",
    "µs from {what} to answer",
    _latency,
    timed=True,
    digits=1,
)
