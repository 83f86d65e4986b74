"""A planted commit that costs more instructions is found and proven, among decoys."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.jobs.playground import Playground
from tests.support.planted import NO_BUILD, Edit, slower
from tests.support.planted_hunts import BUG, LENGTH, hunted


def test_the_commit_that_costs_more_instructions(ground: Playground, tmp_path: Path) -> None:
    """Two per cent more, after half a per cent, and beside a commit that does not build."""
    bugs: dict[Edit, range] = {
        slower(130): BUG,
        slower(31): range(3, LENGTH),
        slower(30): range(1, 5),
        NO_BUILD: range(9, 10),
    }
    report, commits, _ = hunted(
        tmp_path, ground, bugs, "--metric", "instructions", "--confirm", "dev"
    )
    (shifted,), (compared,) = report["shifted"], report["compared"]
    assert [*map(commits.index, shifted["revisions"])] == [BUG.start]
    assert shifted["probability"] > 0.9
    assert compared["doubt"] == ""
    assert compared["effect"] == pytest.approx(0.02, abs=0.01)
    assert compared["functions"][0]["name"] == "http_wait_for_request"
