"""What can be measured of HAProxy; this is the only place that lists the metrics."""

from __future__ import annotations

from collections.abc import Mapping

from bisector.testing.metrics.counted import INSTRUCTIONS, SYSCALLS
from bisector.testing.metrics.memory import MEMORY
from bisector.testing.metrics.metric import Metric
from bisector.testing.metrics.timed import CPU, LATENCY, RATE

# by the value of --metric, the first one being the default
METRICS: Mapping[str, Metric] = {
    one.name: one for one in (INSTRUCTIONS, CPU, RATE, LATENCY, MEMORY, SYSCALLS)
}
