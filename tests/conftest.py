"""What several tests need; and that no test sees or writes the real home."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pygit2
import pytest
from hypothesis import settings
from pygit2.enums import FileMode, ObjectType
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from bisector.system.sandbox import Sandbox
from bisector.system.workspace import Workspace
from tests.support.obtain import obtain, sandbox_of

settings.register_profile("untimed", deadline=None)  # others may need the machine, too
settings.load_profile("untimed")


class RealInOne(LoadScopeScheduling):
    """Tests one by one, but those that build real HAProxy in one process: each uses the last's."""

    def _split_scope(self, nodeid: str) -> str:
        return "real" if nodeid.startswith("tests/real/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return RealInOne(config, log)


WHO = pygit2.Signature("Jo Doe", "jo@example.org", 1_700_000_000, 0)

HAPROXY = {
    "Makefile": "haproxy:\n\tcc -o $@ src/haproxy.c\n",
    "include/haproxy/x.h": "#define X 1\n",
    "src/haproxy.c": "int main(void) { return 0; }\n",
}


class Clone:
    """A repository that looks like HAProxy's; commits are made straight into it."""

    def __init__(self, path: Path, *, bare: bool = False) -> None:
        self.path = path
        self.git = pygit2.init_repository(str(path), bare=bare, initial_head="master")

    def tree(self, files: Mapping[str, str | None], base: str | None = None) -> str:
        """The tree of commit *base* with *files* changed; None removes one."""
        index = pygit2.Index()
        if base:
            index.read_tree(self.git[base].peel(pygit2.Tree))
        for path, content in files.items():
            if content is None:
                index.remove(path)
            else:
                blob = self.git.create_blob(content.encode())
                index.add(pygit2.IndexEntry(path, blob, FileMode.BLOB))
        return str(index.write_tree(self.git))

    def commit(
        self,
        change: Mapping[str, str | None],
        *,
        subject: str = "MINOR: a change",
        parents: Sequence[str] | None = None,
        branch: str = "master",
    ) -> str:
        """A commit on *branch*, on its tip or on *parents*; the first one is a whole HAProxy."""
        ref = f"refs/heads/{branch}"
        tip = self.git.references.get(ref)
        if parents is None:
            parents = [str(tip.target)] if tip else []
        files = change if parents else {**HAPROXY, **change}
        tree = self.tree(files, parents[0] if parents else None)
        made = self.git.create_commit(None, WHO, WHO, f"{subject}\n\nBody.\n", tree, list(parents))
        self.git.references.create(ref, made, force=True)
        return str(made)

    def line(self, length: int) -> list[str]:
        """Commits on master, each of which changes src/haproxy.c; the first one is number 0."""
        return [
            self.commit({"src/haproxy.c": f"int x = {n};\n"}, subject=f"MINOR: x: change {n}")
            for n in range(length)
        ]

    def tag(self, name: str, commit: str, *, annotated: bool = False) -> None:
        if annotated:
            self.git.create_tag(name, commit, ObjectType.COMMIT, WHO, name)
        else:
            self.git.references.create(f"refs/tags/{name}", commit, force=True)


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
def box(shared_workspace: Path) -> Sandbox:
    """This machine's sandbox."""
    workspace = Workspace.open({"BISECTOR_WORKSPACE": str(shared_workspace)})
    return obtain(lambda: sandbox_of(workspace))


@pytest.fixture(autouse=True)
def _no_real_home(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a test does by default, it does it in its own folder."""
    for name in os.environ:
        if name.startswith("GIT_") or name == "BISECTOR_REPO":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    real = request.node.get_closest_marker("real")
    place = request.getfixturevalue("shared_workspace") if real else tmp_path / "workspace"
    monkeypatch.setenv("BISECTOR_WORKSPACE", str(place))
