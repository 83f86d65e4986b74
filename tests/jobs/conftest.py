"""A clock that stands still, for tests that compare journals."""

from __future__ import annotations

import pytest


@pytest.fixture
def no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each probe is told at time 0, so that journals can be compared byte by byte."""
    monkeypatch.setattr("bisector.probing.ticket.time.time", lambda: 0.0)
