"""What keeps the sources in order: the checks themselves, and what a wheel has to hold."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import yaml

from tests.support.supply import ROOT

SOURCES = ("bisector", "patches", "pyproject.toml", "README.md", "LICENSE")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


def test_a_wheel_holds_all_files_of_the_package_among_them_its_types_marker(
    tmp_path: Path,
) -> None:
    checkout = tmp_path / "checkout"
    for name in SOURCES:  # setuptools writes beside them
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, checkout / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, checkout / name)

    subprocess.run([sys.executable, "-c", BUILD, tmp_path], cwd=checkout, check=True)

    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        held = {Path(name) for name in archive.namelist() if name.startswith("bisector/")}
    package = (checkout / "bisector").rglob("*")
    assert held == {path.relative_to(checkout) for path in package if path.is_file()}
    assert Path("bisector/py.typed") in held


def test_before_a_commit_the_same_is_asked_as_by_quickstart() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repo,) = config["repos"]
    assert repo["repo"] == "local", "nothing is fetched"
    hooks = [hook["entry"].removeprefix(".venv/bin/") for hook in repo["hooks"]]

    script = (ROOT / "quickstart").read_text(encoding="utf-8")
    body = script.partition("check_sources() {\n")[2].partition("}\n")[0]
    checks = [line.strip().removeprefix("expect ") for line in body.splitlines()]

    # pre-commit names the files
    assert [hook.replace(" --force-exclude", " .") for hook in hooks] == checks
