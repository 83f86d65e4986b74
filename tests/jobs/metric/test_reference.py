"""The HAProxy with which others are compared in turns, built for real from a tiny source."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bisector.build.toolchain import Toolchains
from bisector.build.toolchains.dev import Dev
from bisector.errors import UnusableEnds
from bisector.git.history import History
from bisector.jobs.metric.reference import compared_with
from bisector.probing.context import Context
from bisector.probing.prober import Prober
from bisector.record.journal import Journal
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.clusters import with_lua
from tests.support.measuring import MadeUp
from tests.support.reading import Answering
from tests.support.tiny_haproxy import TinyHAProxy


@pytest.fixture
def tiny(clone: Clone, tmp_path: Path) -> tuple[Clone, Workspace]:
    workspace = with_lua(tmp_path / "workspace")
    TinyHAProxy(clone, workspace)
    return clone, workspace


def prober(clone: Clone, workspace: Workspace, oracle: MadeUp) -> Prober:
    toolchain = Dev.on(workspace, {})
    history = History.open(clone.path, workspace)
    context = Context(workspace, history, Toolchains(toolchain), oracle, ())
    return Prober(
        context, Journal(workspace.folder("hunts", "h") / "journal"), Answering(), None, fresh=False
    )


def test_what_load_disturbs_is_measured_beside_the_revisions_binary(
    tiny: tuple[Clone, Workspace],
) -> None:
    made = prober(*tiny, MadeUp("time", "digest", disturbed=True))
    head = made.context.history.head().id
    with compared_with(made, head, made.toolchains.search) as oracle:
        assert isinstance(oracle, MadeUp)
        binary, content = oracle.reference
        assert subprocess.run([binary], check=False).returncode == 7
        assert len(content) == 64


def test_what_is_counted_needs_none(tiny: tuple[Clone, Workspace]) -> None:
    made = prober(*tiny, MadeUp("count", "digest"))
    with compared_with(made, "0" * 40, made.toolchains.search) as oracle:
        assert oracle is made.context.oracle


def test_a_revision_that_does_not_build_is_no_reference(tiny: tuple[Clone, Workspace]) -> None:
    clone, workspace = tiny
    broken = clone.commit({"src/haproxy.c": "#error no\n"})
    made = prober(clone, workspace, MadeUp("time", "digest", disturbed=True))
    with (
        pytest.raises(UnusableEnds, match="does not build: "),
        compared_with(made, broken, made.toolchains.search),
    ):
        pass
