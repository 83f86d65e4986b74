"""What callgrind's sums tell of a round."""

from __future__ import annotations

import pytest

from bisector.testing.metrics.counted import INSTRUCTIONS, SYSCALLS
from bisector.testing.metrics.metric import Round, Unmeasured


def test_sums_are_by_request() -> None:
    counted = Round(0, 400, 1.0, events={"Ir": 8_000_000, "sysCount": 6400})
    assert INSTRUCTIONS.value(counted) == 20_000
    assert SYSCALLS.value(counted) == 16


@pytest.mark.parametrize("metric", [INSTRUCTIONS, SYSCALLS])
def test_without_instructions_nothing_was_counted(metric: object) -> None:
    with pytest.raises(Unmeasured, match="counted nothing"):
        metric.value(Round(0, 400, 1.0, events={"sysCount": 5}))  # type: ignore[attr-defined]
