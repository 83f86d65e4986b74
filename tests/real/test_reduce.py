"""A long case is reduced to the lines that show the bug, on real HAProxy."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import long_case
from bisector.jobs.playground import Playground
from bisector.system.workspace import Workspace
from tests.support.real import bisector

pytestmark = pytest.mark.usefixtures("with_tcc")
LINES = 160


def test_a_case_of_many_lines_is_reduced_to_a_few(
    real_workspace: Workspace, ground: Playground, tmp_path: Path
) -> None:
    """The bug is the one of the playground; the commits are those that its hunts prove."""
    case = long_case.write(tmp_path, LINES)
    ends = ("--bad", ground.regression, "--good", f"{ground.regression}~1")
    done = bisector("reduce", "--repo", str(ground.path), "--vtc", str(case), *ends)
    assert done.returncode == 0, done.stderr
    assert "no line of it can be left out" in done.stdout
    assert "in 5 of 5 runs and good at" in done.stdout
    text = (tmp_path / "long.reduced.vtc").read_text()
    assert len(text.splitlines()) < 45
    assert "127.0.0.1:${h1_app_port}" in text
    assert "app1" not in text
    probed = bisector(
        "probe",
        ground.regression,
        "--repo",
        str(ground.path),
        "--vtc",
        str(tmp_path / "long.reduced.vtc"),
    )
    assert probed.returncode == 1, probed.stdout
