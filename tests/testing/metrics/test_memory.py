"""What the kernel tells of HAProxy's memory."""

from __future__ import annotations

import pytest

from bisector.testing.metrics.memory import MEMORY
from bisector.testing.metrics.metric import Round, Unmeasured


def test_it_is_what_haproxy_has_written_to() -> None:
    assert MEMORY.value(Round(0, 400, 1.0, resident=9000)) == 9000
    with pytest.raises(Unmeasured, match="RssAnon"):
        MEMORY.value(Round(0, 400, 1.0))
