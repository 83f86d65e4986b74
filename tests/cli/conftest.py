"""What the tests of commands share."""

from __future__ import annotations

import pytest

from bisector.testing import scenario_loader
from tests.support.shell import Shell


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


@pytest.fixture
def failure(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """What goes wrong inside `bisector scenarios` and whatever else loads one."""
    raised: list[BaseException] = []

    def fail() -> list[str]:
        raise raised[0]

    monkeypatch.setattr(scenario_loader, "bundled", fail)
    return raised
