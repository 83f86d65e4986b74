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
    """The bug is the one of the playground; the commits are those that its hunts prove.

    Half a minute suffices for what has most lines.
    """
    case = long_case.write(tmp_path, LINES)
    asked = ("--repo", str(ground.path), "--vtc")
    ends = ("--bad", ground.regression, "--good", f"{ground.regression}~1")
    done = bisector("reduce", *asked, str(case), *ends, "--time", "0.5")
    assert done.returncode == 0, done.stderr
    assert "in 5 of 5 runs and good at" in done.stdout
    result = tmp_path / "long.reduced.vtc"
    assert len(result.read_text().splitlines()) < LINES / 2
    assert bisector("probe", ground.regression, *asked, str(result)).returncode == 1
