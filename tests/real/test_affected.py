"""The table of releases over the small playground."""

from __future__ import annotations

import json
from pathlib import Path

from bisector.jobs.playground import Playground
from bisector.system.workspace import Workspace
from tests.support.real import bisector


def test_the_releases_with_the_bug_are_told(
    real_workspace: Workspace, ground: Playground, tmp_path: Path
) -> None:
    answer = tmp_path / "answer.json"
    words = ("affected", ground.range, "--repo", str(ground.path))

    done = bisector(*words, "--json", str(answer))

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(answer.read_text())["affected"] == ["v3.1-dev1", "v3.1-dev2"]
    assert bisector(*words).stdout == done.stdout.replace(f"written     {answer}\n", "")


def test_a_pattern_without_a_match_is_one_line(
    real_workspace: Workspace, ground: Playground
) -> None:
    done = bisector("affected", ground.range, "--repo", str(ground.path), "--tags", "2.*")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "matches none of the 4 releases" in done.stderr
