"""What a machine may lack: tests that need it are skipped.

Under BISECTOR_REQUIRE_REAL=1 they fail.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NoReturn, TypeVar

import pytest

from bisector.errors import EnvironmentProblem
from bisector.system import debian
from bisector.system.sandbox import Sandbox, bubblewrap, landlock
from bisector.system.workspace import Workspace

Found = TypeVar("Found")
SANDBOXES = ("bubblewrap", "landlock")  # the fixtures of these names


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


def bubblewrap_of(workspace: Workspace) -> Sandbox:
    """This machine's bubblewrap, or the one that is fetched into *workspace*.

    Raises EnvironmentProblem if it does not work here.
    """
    debian.fetch_bwrap(workspace)
    return bubblewrap.examined(workspace)


def landlock_of(workspace: Workspace) -> Sandbox:
    """Landlock; the test is skipped where the kernel has none and bubblewrap works.

    That is the one absence which is no lack of the machine: nothing uses Landlock there. Raises
    EnvironmentProblem if neither works.
    """
    try:
        return landlock.examined(workspace)
    except EnvironmentProblem as problem:
        bubblewrap_of(workspace)
        pytest.skip(f"{problem}; bubblewrap works here")
