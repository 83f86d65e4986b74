"""What a machine may lack: tests that need it are skipped.

Under BISECTOR_REQUIRE_REAL=1 they fail.
"""

from __future__ import annotations

import ctypes
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
    EnvironmentProblem if it does not work in spite of its kernel, or if neither works.
    """
    if not kernel_has_landlock():
        bubblewrap_of(workspace)
        pytest.skip("no Landlock in this kernel, and bubblewrap works")
    return landlock.examined(workspace)


def sandboxes_of(workspace: Workspace) -> tuple[Sandbox, ...]:
    """Both kinds, or bubblewrap alone where the kernel has no Landlock."""
    first = bubblewrap_of(workspace)
    return (first, landlock.examined(workspace)) if kernel_has_landlock() else (first,)


def kernel_has_landlock() -> bool:
    """Whether the kernel says so itself, in a version that is new enough, see landlock(7)."""
    create_ruleset, version = 444, 1
    return int(ctypes.CDLL(None).syscall(create_ruleset, None, 0, version)) >= 3
