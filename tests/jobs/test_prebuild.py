"""Building ahead: each different source once, what fails is remembered, a rest is made up for."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

from bisector.build import compiling
from bisector.build.binaries import build
from bisector.build.toolchains.release import Release
from bisector.errors import EnvironmentProblem
from bisector.git.history import History
from bisector.jobs import prebuild
from bisector.jobs.prebuild import PrebuildPlan
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.hunting import Silent
from tests.support.tiny_haproxy import LUA, TinyHAProxy


@pytest.fixture
def tiny(clone: Clone, workspace: Workspace) -> TinyHAProxy:
    """With four sources more, one of which does not compile."""
    made = TinyHAProxy(clone, workspace)
    clone.commit({"doc/intro.txt": "a build does not read this\n"})
    for status in (1, 2):
        clone.commit({"src/a.c": f"int a(void) {{ return {status}; }}\n"})
    clone.commit({"src/a.c": "int a(void) { return b; }\n"})
    clone.commit({"src/a.c": "int a(void) { return 3; }\n"})
    return made


def plan(tiny: TinyHAProxy, jobs: int = 2) -> PrebuildPlan:
    history = History.open(tiny.clone.path, tiny.workspace)
    span = history.range(f"{tiny.first}..HEAD")
    return prebuild.plan_of(tiny.workspace, history, tiny.toolchain, (None, ""), span, jobs)


def test_each_different_source_of_a_range_is_built_once(tiny: TinyHAProxy) -> None:
    planned = plan(tiny)
    work = planned.work
    assert (work.total, work.missing, work.jobs) == (5, 5, 2)
    assert work.seconds > 0

    done = prebuild.run(planned, Silent())
    assert list(done.problems.values()) == [1]
    assert "error: 'b' undeclared" in next(iter(done.problems))
    assert done.size == done.file.stat().st_size > 0

    again = plan(tiny).work
    assert (again.total, again.missing, again.jobs, again.seconds) == (5, 0, 0, 0.0)
    assert prebuild.run(plan(tiny), Silent()) == done


def test_its_binaries_are_linked_and_not_built_again(tiny: TinyHAProxy) -> None:
    prebuild.run(plan(tiny), Silent())
    shutil.rmtree(tiny.workspace.root / "trees")
    history = History.open(tiny.clone.path, tiny.workspace)
    for revision, status in (("HEAD", 10), ("HEAD~2", 9), (tiny.first, 7)):
        tree = history.tree_id(history.resolve(revision).id)
        made = build(tiny.workspace, tiny.store, tree, tiny.toolchain)
        assert made.seconds == 0
        assert subprocess.run([made.binary], check=False).returncode == status
    assert not (tiny.workspace.root / "trees").exists()


def test_after_new_commits_only_they_are_built(tiny: TinyHAProxy) -> None:
    prebuild.run(plan(tiny), Silent())
    tiny.clone.commit({"src/a.c": "int a(void) { return 4; }\n"})
    assert (plan(tiny).work.total, plan(tiny).work.missing) == (6, 1)


def test_what_is_finished_is_kept_when_the_machine_fails(
    tiny: TinyHAProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, built = compiling.compiled, []

    def fails_at_the_third(*words: Any) -> Any:
        built.append(words)
        if len(built) == 3:
            raise EnvironmentProblem("the disk is gone", "look for it")
        return real(*words)

    with monkeypatch.context() as patch:
        patch.setattr(compiling, "compiled", fails_at_the_third)
        with pytest.raises(EnvironmentProblem, match="the disk is gone"):
            prebuild.run(plan(tiny, jobs=1), Silent())
    assert plan(tiny).work.missing == 3


def test_another_toolchains_sources_are_others(tiny: TinyHAProxy) -> None:
    prebuild.run(plan(tiny), Silent())
    tiny.toolchain = Release.of(*tiny.tools, LUA, {})
    assert plan(tiny).work.missing == 5
