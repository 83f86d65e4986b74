"""Fixtures for several folders; and no test sees or writes the real home."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from bisector.system.sandbox import Sandbox
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.obtain import SANDBOXES, bubblewrap_of, landlock_of, obtain

SETTINGS = {
    *("BISECTOR_REPO", "BISECTOR_WORKSPACE", "VTEST_PROGRAM", "HAPROXY_ARGS", "HAPROXY_PROGRAM"),
    *("CC", "CFLAGS", "CPPFLAGS", "LDFLAGS", "CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH"),
    *("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"),
}
KINDS_OF_SETTINGS = ("GIT_", "CCACHE_", "XDG_")

settings.register_profile("untimed", deadline=None)  # others may need the machine, too
settings.load_profile("untimed")


class RealTogether(LoadScopeScheduling):
    """Tests one by one, but those of a folder of tests/real/ in one process.

    They build real HAProxy, and each uses what the one before it has built.
    """

    def _split_scope(self, nodeid: str) -> str:
        folder = nodeid.partition("::")[0].rpartition("/")[0]
        return folder if folder.startswith("tests/real") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return RealTogether(config, log)


@pytest.hookimpl(tryfirst=True)  # -m looks at what is marked then
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What uses a sandbox is slow: on a machine without bubblewrap apt fetches it first."""
    for item in items:
        if not {"box", *SANDBOXES}.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    items.sort(key=lambda item: not item.nodeid.startswith("tests/real"))  # the longest first


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """An empty repository, to be filled by the test."""
    return Clone(tmp_path / "clone")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture(scope="session")
def shared_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where tests marked `real` work, so that they share what was built, in each process."""
    if named := os.environ.get("BISECTOR_TEST_WORKSPACE"):
        return Path(named)
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared-workspace"


@pytest.fixture(scope="session")
def bubblewrap(shared_workspace: Path) -> Sandbox:
    """This machine's first choice of a sandbox."""
    workspace = Workspace.open({"BISECTOR_WORKSPACE": str(shared_workspace)})
    return obtain(lambda: bubblewrap_of(workspace))


@pytest.fixture(scope="session")
def landlock(shared_workspace: Path) -> Sandbox:
    """Its second choice."""
    workspace = Workspace.open({"BISECTOR_WORKSPACE": str(shared_workspace)})
    return obtain(lambda: landlock_of(workspace))


@pytest.fixture(params=SANDBOXES)
def box(request: pytest.FixtureRequest) -> Sandbox:
    """Each kind of sandbox."""
    found: Sandbox = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_user() -> Iterator[None]:
    """What is set for git, for compilers or for bisector on this machine is not there for tests."""
    with pytest.MonkeyPatch.context() as environment:
        for name in os.environ:
            if name in SETTINGS or name.startswith(KINDS_OF_SETTINGS):
                environment.delenv(name)
        yield


@pytest.fixture(autouse=True)
def _no_real_home(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a test does by default, it does it in its own folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    real = request.node.get_closest_marker("real")
    place = request.getfixturevalue("shared_workspace") if real else tmp_path / "workspace"
    monkeypatch.setenv("BISECTOR_WORKSPACE", str(place))
    if not real:  # no test cuts the power, and to wait for the disk takes a third of some tests
        monkeypatch.setattr(os, "fsync", lambda descriptor: None)
