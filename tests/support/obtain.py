"""What a machine may lack: tests that need it are skipped.

Under BISECTOR_REQUIRE_REAL=1 they fail.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NoReturn, TypeVar

import pytest

from bisector.errors import EnvironmentProblem
from bisector.system import debian, sandbox
from bisector.system.sandbox import Sandbox
from bisector.system.workspace import Workspace

Found = TypeVar("Found")


def missing(problem: EnvironmentProblem) -> NoReturn:
    """This machine cannot run the test: skip it, or fail where nothing real may be skipped."""
    if os.environ.get("BISECTOR_REQUIRE_REAL"):
        pytest.fail(f"not to be had here: {problem}")
    pytest.skip(str(problem))


def obtain(get: Callable[[], Found]) -> Found:
    """What *get* gets, or see `missing`."""
    try:
        return get()
    except EnvironmentProblem as problem:
        missing(problem)


def sandbox_of(workspace: Workspace) -> Sandbox:
    """This machine's sandbox, or the one that is fetched into *workspace*.

    Raises EnvironmentProblem if there can be none.
    """
    debian.fetch_bwrap(workspace)
    return sandbox.examined(workspace)
