"""Building ahead on a cluster's workers: what they build is here, as if it had been built here."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.machines import Machines
from bisector.build.binaries import build
from bisector.build.toolchains.dev import Dev
from bisector.errors import ClusterLost, ProbeFailed
from bisector.git.history import History
from bisector.jobs import prebuild
from bisector.jobs.prebuild import PrebuildPlan
from bisector.probing.dask.scheduler import Scheduler
from tests.support.clone import Clone
from tests.support.clusters import asked, machines, with_lua
from tests.support.hunting import Silent
from tests.support.tiny_haproxy import TinyHAProxy

pytestmark = pytest.mark.slow  # each starts processes that import Dask

COMMITS = 12


@pytest.fixture
def tiny(clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyHAProxy:
    """With twelve sources more, one of which does not compile."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    made = TinyHAProxy(clone, with_lua(tmp_path / "client"))
    made.toolchain = Dev.on(made.workspace, {})
    for status in range(COMMITS):
        broken = "" if status != 5 else "oops"
        clone.commit({"src/a.c": f"int a(void) {{ return {status}; {broken} }}\n"})
    return made


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Machines]:
    """Two workers, each with a workspace of its own."""
    with machines() as made:
        for name in ("one", "two"):
            made.work(with_lua(tmp_path / name))
        yield made


def plan(tiny: TinyHAProxy, scheduler: Scheduler) -> PrebuildPlan:
    history = History.open(tiny.clone.path, tiny.workspace)
    span, box = history.range(f"{tiny.first}..HEAD"), (None, "")
    here = prebuild.plan_of(tiny.workspace, history, tiny.toolchain, box, span, jobs=1)
    return prebuild.on_workers(here, scheduler)


def test_what_workers_have_built_is_linked_here(tiny: TinyHAProxy, cluster: Machines) -> None:
    planned = plan(tiny, asked(cluster))
    assert (planned.work.missing, planned.work.jobs) == (COMMITS + 1, 2)

    done = prebuild.run(planned, Silent())
    assert list(done.problems.values()) == [1]
    assert "'oops' undeclared" in next(iter(done.problems))
    assert plan(tiny, asked(cluster)).work.missing == 0

    history = History.open(tiny.clone.path, tiny.workspace)
    for revision, status in (("HEAD", 7 + 11), ("HEAD~4", 7 + 7), (tiny.first, 7)):
        tree = history.tree_id(history.resolve(revision).id)
        made = build(tiny.workspace, tiny.store, tree, tiny.toolchain)
        assert made.seconds == 0
        assert subprocess.run([made.binary], check=False).returncode == status
    assert not (tiny.workspace.root / "trees").exists()


def test_a_worker_gives_what_it_has_without_building_it(
    tiny: TinyHAProxy, cluster: Machines, tmp_path: Path
) -> None:
    cluster.kill(cluster.workers[1])
    prebuild.run(plan(tiny, asked(cluster)), Silent())
    shutil.rmtree(tiny.workspace.root / "prebuilt")
    shutil.rmtree(tmp_path / "one/trees")
    done = prebuild.run(plan(tiny, asked(cluster)), Silent())
    assert plan(tiny, asked(cluster)).work.missing == 0
    assert list(done.problems.values()) == [1]
    assert not (tmp_path / "one/trees").exists()


def test_one_with_another_compiler_is_not_used(tiny: TinyHAProxy, cluster: Machines) -> None:
    tiny.toolchain = replace(tiny.toolchain, kin="another")
    with pytest.raises(ProbeFailed, match=r"^worker \S+: not the client's tools: dev is gcc"):
        prebuild.run(plan(tiny, asked(cluster)), Silent())


def test_what_has_come_is_kept_when_the_scheduler_is_lost(
    tiny: TinyHAProxy, cluster: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bisector.probing.dask.scheduler.PATIENCE", 3.0)

    class Ends(Silent):
        def progress(self, text: str) -> None:
            if cluster.scheduler.returncode is None:
                cluster.kill(cluster.scheduler)

    monkeypatch.setattr("bisector.jobs.prebuild._SHOWN_SECONDS", 0.0)
    with pytest.raises(ClusterLost, match="lost the connection"):
        prebuild.run(plan(tiny, asked(cluster)), Ends())
    cluster.schedule()
    assert 0 < plan(tiny, asked(cluster)).work.missing < COMMITS + 1


def test_what_a_killed_worker_was_at_another_one_builds(
    tiny: TinyHAProxy, cluster: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Kills(Silent):
        def progress(self, text: str) -> None:
            if len(cluster.workers) == 2:
                cluster.kill(cluster.workers.pop())

    monkeypatch.setattr("bisector.jobs.prebuild._SHOWN_SECONDS", 0.0)
    prebuild.run(plan(tiny, asked(cluster)), Kills())
    assert plan(tiny, asked(cluster)).work.missing == 0
