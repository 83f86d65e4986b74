"""How a metric's value is shown."""

from __future__ import annotations

from bisector.testing.metrics import METRICS


def test_a_value_has_its_unit_and_what_is_counted() -> None:
    assert METRICS["instructions"].shown(20_972.4, "request") == "20,972 instructions per request"
    assert METRICS["cpu"].shown(3.716, "handshake") == "3.72 µs of processor time per handshake"


def test_a_metric_is_counted_or_timed_or_neither() -> None:
    assert not any(one.counted and one.timed for one in METRICS.values())
    assert all(name == one.name for name, one in METRICS.items())
