"""A range is built ahead, and a hunt over it compiles nothing until the proof."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from bisector.build.prebuilt import FOLDER
from bisector.git.history import History
from bisector.git.object_store import content_key
from bisector.jobs.playground import Playground
from bisector.system.workspace import Workspace
from tests.support.grounds import SMALL
from tests.support.real import bisector

pytestmark = pytest.mark.usefixtures("with_tcc")


@pytest.fixture(scope="module")
def prebuilt(
    real_workspace: Workspace, ground: Playground, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workspace, str]:
    """A workspace of its own with a prebuilt range, and what `prebuild` said."""
    workspace = Workspace(tmp_path_factory.mktemp("own") / "workspace")
    shutil.copytree(real_workspace.root / "tools", workspace.root / "tools", symlinks=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BISECTOR_WORKSPACE", str(workspace.root))
        done = bisector("prebuild", ground.range, "--repo", str(ground.path))
    assert done.returncode == 0, done.stderr
    return workspace, done.stdout


@pytest.fixture(autouse=True)
def _in_it(prebuilt: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BISECTOR_WORKSPACE", str(prebuilt[0].root))


def test_each_different_source_is_built_once(
    prebuilt: tuple[Workspace, str], ground: Playground, ground_history: History
) -> None:
    span = ground_history.range(ground.range)
    trees = [ground_history.tree_id(commit) for commit in (span.old.id, *span.commits)]
    different = len({content_key(ground_history.store, tree) for tree in trees})
    broken = len(SMALL.unbuildable)
    workspace, said = prebuilt
    assert f"prebuilt    {different - broken} of {different} sources" in said
    assert f"not built   {broken}" in said
    assert (workspace.root / FOLDER / "objects.sqlite").stat().st_size < 12_000_000


def test_a_prebuilt_range_is_searched_without_a_compiler(
    ground: Playground, tmp_path: Path
) -> None:
    report = tmp_path / "answer.json"
    told = ("--repo", str(ground.path), "--blind", "--confirm", "none", "--json", str(report))
    done = bisector("run", ground.range, *told)
    probes = json.loads(report.read_text())["probes"]
    by_tcc = [one for one in probes if one["toolchain"] == "fast" and not one["patched"]]
    assert [one["verdict"] for one in by_tcc].count("good") >= 2, done.stderr
    tested = [one for one in by_tcc if one["verdict"] != "unbuildable"]
    assert [one["build_seconds"] for one in tested] == [0.0] * len(tested)


def test_a_linked_binary_is_the_one_that_a_build_makes(ground: Playground) -> None:
    """The last test here, as it empties the cache."""
    told = ("build", "master~1", "--repo", str(ground.path), "--toolchain", "fast")
    linked = Path(bisector(*told).stdout.strip())
    content = linked.read_bytes()
    assert json.loads((linked.parent / "meta.json").read_text())["seconds"] == 0
    assert subprocess.run([linked, "-v"], capture_output=True).returncode == 0

    assert bisector("cache", "--clear").returncode == 0
    built = Path(bisector(*told).stdout.strip())
    assert json.loads((built.parent / "meta.json").read_text())["seconds"] > 0
    assert built.read_bytes() == content
