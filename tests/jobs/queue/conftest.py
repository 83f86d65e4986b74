"""A main line with a stable branch."""

from __future__ import annotations

import pytest

from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.queues import Lines


@pytest.fixture
def lines(clone: Clone, workspace: Workspace) -> Lines:
    return Lines(clone, workspace)
