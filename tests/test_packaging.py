"""What pip installs, wherever it installs it, is all that a checkout has of the package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bisector
from tests.support.supply import ROOT

pytestmark = pytest.mark.slow

LISTING = """
from bisector.patch import load
from bisector.probing import setup
folder = setup.bundled_patches("dns-flap")
print(folder)
print(*(patch.name for patch in load.load(folder).patches), sep="\\n")
"""


def pip(*words: str | Path) -> None:
    command = [sys.executable, "-m", "pip", *map(str, words), "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*command, "--disable-pip-version-check"], check=True)


def files(package: Path) -> set[str]:
    """The files below *package*; links are followed."""
    return {
        str((Path(folder) / name).relative_to(package))
        for folder, _, names in os.walk(package, followlinks=True)
        for name in names
        if not name.endswith(".pyc")
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as `pip install --target` puts it, from a wheel; built without a network."""
    place = tmp_path_factory.mktemp("packaging")
    source = place / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("bisector", "patches"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignored)
    pip("wheel", "--no-build-isolation", "--wheel-dir", place, source)
    pip("install", "--target", place / "target", *place.glob("*.whl"))
    return place / "target" / "bisector"


def test_every_file_of_the_package_is_installed(installed: Path) -> None:
    assert files(installed) == files(Path(bisector.__file__).parent)


def test_the_bundled_patches_are_found_where_they_were_installed(
    installed: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LISTING],
        env={**os.environ, "PYTHONPATH": str(installed.parent)},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    folder, *names = done.stdout.splitlines()
    assert Path(folder).is_relative_to(installed)
    assert len(names) == len([*(ROOT / "patches" / "dns-flap").glob("*.patch")]) == 2
