"""What the real tests share: real tools, real sources, and the small playground.

What cannot be had skips the tests that need it, and fails them under BISECTOR_REQUIRE_REAL=1.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from bisector import distro, patch_files, playground, session
from bisector.distro import SourceTree
from bisector.errors import EnvironmentProblem
from bisector.history import History
from bisector.patches import Series
from bisector.playground import Playground
from bisector.workspace import Workspace

Found = TypeVar("Found")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is real, and builds share what is built: in the order written."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.real)


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


@pytest.fixture(scope="session")
def real_workspace(shared_workspace: Path) -> Workspace:
    """One workspace for all real tests, with VTest and Lua in it."""
    workspace = Workspace.open({"BISECTOR_WORKSPACE": str(shared_workspace)})
    obtain(lambda: distro.fetch_vtest(workspace))
    obtain(lambda: distro.fetch_lua(workspace))
    return workspace


@pytest.fixture(scope="session")
def haproxy_3_0(real_workspace: Workspace) -> SourceTree:
    return obtain(lambda: distro.fetch_source(real_workspace, "3.0"))


@pytest.fixture(scope="session")
def series() -> Series:
    return patch_files.load(session.bundled_patches("dns-flap"))


@pytest.fixture(scope="session")
def ground(real_workspace: Workspace, haproxy_3_0: SourceTree, series: Series) -> Playground:
    return playground.make(real_workspace, haproxy_3_0.path, series, playground.SMALL)


@pytest.fixture(scope="session")
def ground_history(real_workspace: Workspace, ground: Playground) -> History:
    return History.open(ground.path, real_workspace)
