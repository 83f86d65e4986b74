"""bisector from a wheel, run elsewhere, builds and tests real HAProxy and writes its reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bisector.jobs.playground import Playground
from tests.support.installed import build_wheel, install_in_venv


@pytest.mark.usefixtures("with_tcc")
def test_an_installed_bisector_tells_bad_from_good(
    ground: Playground, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("wheel")
    installed = install_in_venv(build_wheel(place), place / "environment")
    span = f"{ground.regression}~1..{ground.regression}"
    reports = ("--html", "report.html", "--json", "report.json")
    words = ("sweep", span, "--all", "--fresh", "--repo", str(ground.path), *reports)
    done = installed.bisector(*words, cwd=tmp_path)
    found = json.loads((tmp_path / "report.json").read_text())
    verdicts = [row["verdict"] for row in found["stretches"]]
    assert verdicts == ["good", "bad"], done.stdout + done.stderr
    assert "<html" in (tmp_path / "report.html").read_text()
