"""What a clock tells of a round."""

from __future__ import annotations

import pytest

from bisector.testing.metrics.metric import Round, Unmeasured
from bisector.testing.metrics.timed import CPU, LATENCY, RATE, slowest


def test_processor_time_is_by_request() -> None:
    assert CPU.value(Round(0, 200, 1.0, ran=0.01)) == pytest.approx(50)
    with pytest.raises(Unmeasured, match="does not count processor time"):
        CPU.value(Round(0, 200, 1.0))


def test_a_rate_is_by_second() -> None:
    assert RATE.value(Round(0, 200, 0.5)) == 400
    assert not RATE.more_is_worse


def test_a_latency_is_the_mean_of_the_middle_half() -> None:
    times = (1.0, 10.0, 12.0, 14.0, 9.0, 11.0, 13.0, 5000.0)
    assert LATENCY.value(Round(0, 8, 1.0, latencies=times)) == 11.5
    with pytest.raises(Unmeasured, match="h2load"):
        LATENCY.value(Round(0, 8, 1.0))


def test_the_slowest_answers_are_the_last_of_a_hundred() -> None:
    assert slowest(Round(0, 200, 1.0, latencies=tuple(map(float, range(200))))) == 198
