"""bisector as pip installs it from a wheel; built and installed without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.supply import ROOT

# what a wheel is made of; setuptools writes beside them
_SOURCES = ("pyproject.toml", "README.md", "LICENSE", "bisector", "patches")


@dataclass(frozen=True)
class Installed:
    """An installation: the folder of the package, its program, and the environment it needs."""

    package: Path
    program: Path
    environment: Mapping[str, str]
    python: Path

    def run(self, *words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program in the folder *cwd*, without the checkout in Python's path."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.run(
            [str(word) for word in words],
            cwd=cwd,
            env={**kept, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def bisector(self, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run the installed bisector."""
        return self.run(self.program, *words, cwd=cwd)


def build_wheel(place: Path) -> Path:
    """The wheel of this checkout, in the folder *place*."""
    source = place / "source"
    source.mkdir()
    for name in _SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source)
    _pip("wheel", "--no-build-isolation", "--wheel-dir", place, source)
    (wheel,) = place.glob("*.whl")
    return wheel


def install_in_venv(wheel: Path, place: Path) -> Installed:
    """An environment with *wheel*, as pipx makes it; it sees this one's dependencies."""
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    _pip("install", wheel, python=python)
    (packages,) = place.glob("lib/python*/site-packages")
    # what a .pth file adds comes after what is there, and .pth files in it are not read: such as
    # the one that would bring in the checkout
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return Installed(packages / "bisector", place / "bin" / "bisector", {}, python)


def install_in_folder(wheel: Path, place: Path) -> Installed:
    """The same with `pip install --target`."""
    _pip("install", "--target", place, wheel)
    found = {"PYTHONPATH": str(place)}
    return Installed(place / "bisector", place / "bin" / "bisector", found, Path(sys.executable))


def _pip(command: str, *words: str | Path, python: Path | None = None) -> None:
    chosen = ("--python", str(python)) if python else ()
    argv = [sys.executable, "-m", "pip", *chosen, command, *map(str, words)]
    quiet = ("--no-deps", "--no-index", "--quiet", "--disable-pip-version-check")
    subprocess.run([*argv, *quiet], check=True)
