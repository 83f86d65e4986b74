"""What the real tests share: real tools, real sources, and the small playground."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.build import tcc
from bisector.git.history import History
from bisector.jobs import playground
from bisector.jobs.playground import Playground
from bisector.patch import load
from bisector.patch.model import Series
from bisector.probing import setup
from bisector.system import debian, tools
from bisector.system.debian import SourceTree
from bisector.system.workspace import Workspace
from tests.support.grounds import SMALL
from tests.support.obtain import obtain


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is real, and builds share what is built: in the order written."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def real_workspace(shared_workspace: Path) -> Workspace:
    """One workspace for all real tests, with VTest, Lua and bubblewrap in it."""
    workspace = Workspace.open({"BISECTOR_WORKSPACE": str(shared_workspace)})
    obtain(lambda: debian.fetch_vtest(workspace))
    obtain(lambda: debian.fetch_lua(workspace))
    obtain(lambda: debian.fetch_bwrap(workspace))
    return workspace


@pytest.fixture(autouse=True)
def _fetched_vtest(real_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workspace's VTest, whatever else is in the PATH."""
    program = tools.vtest_folder(real_workspace) / "varnishtest"
    monkeypatch.setenv("VTEST_PROGRAM", str(program))


@pytest.fixture(scope="session")
def with_tcc(real_workspace: Workspace) -> None:
    """The fast toolchain works here."""
    obtain(lambda: tcc.compiler(real_workspace))


@pytest.fixture(scope="session")
def haproxy_3_0(real_workspace: Workspace) -> SourceTree:
    return obtain(lambda: debian.fetch_source(real_workspace, "3.0"))


@pytest.fixture(scope="session")
def series() -> Series:
    return load.load(setup.bundled_patches("dns-flap"))


@pytest.fixture(scope="session")
def ground(real_workspace: Workspace, haproxy_3_0: SourceTree, series: Series) -> Playground:
    return playground.make(real_workspace, haproxy_3_0.path, series, SMALL)


@pytest.fixture(scope="session")
def ground_history(real_workspace: Workspace, ground: Playground) -> History:
    return History.open(ground.path, real_workspace)
