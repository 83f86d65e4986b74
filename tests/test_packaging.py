"""What pip installs from a wheel, wherever it puts it, works as the checkout does."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from bisector import __version__
from bisector.report.completions import SHELLS
from bisector.testing import scenario_loader
from tests.support.installed import Installed, build_wheel, install_in_folder, install_in_venv
from tests.support.supply import ROOT

pytestmark = pytest.mark.slow

WAYS = {"environment": install_in_venv, "folder": install_in_folder}
LISTING = """
from bisector.patch import load
from bisector.probing import setup
folder = setup.bundled_patches("dns-flap")
print(folder)
print(*(patch.name for patch in load.load(folder).patches), sep="\\n")
"""


def files(package: Path) -> set[str]:
    """The files below *package*; links are followed."""
    return {
        str((Path(folder) / name).relative_to(package))
        for folder, _, names in os.walk(package, followlinks=True)
        for name in names
        if not name.endswith(".pyc")
    }


def state(folder: Path) -> dict[Path, tuple[int, int]]:
    """What would change if something was written below *folder*."""
    found = (folder, *folder.rglob("*"))
    return {path: (path.lstat().st_mtime_ns, path.lstat().st_size) for path in found}


def protect(folder: Path) -> None:
    """Take away the permission to write; root, who can do without, is watched by state()."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)


@pytest.fixture(scope="module", params=WAYS)
def installed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    """bisector from a wheel, in a place that nobody may write to."""
    place = tmp_path_factory.mktemp("packaging")
    made = WAYS[request.param](build_wheel(place), place / "installed")
    protect(made.package)
    return made


def test_every_file_of_the_package_is_installed(installed: Installed) -> None:
    assert files(installed.package) == files(ROOT / "bisector")
    assert {"py.typed", "report/report.html.j2"} <= files(installed.package)


def test_every_file_that_git_tracks_is_installed(installed: Installed) -> None:
    if not shutil.which("git"):
        pytest.skip("no git on this machine")
    words = ("git", "ls-files", "-z", "bisector", "patches/dns-flap")
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("the sources are no git repository")
    tracked = {
        name.replace("patches/", "bisector/bundled_patches/", 1).removeprefix("bisector/")
        if name.startswith("patches/")
        else name.removeprefix("bisector/")
        for name in filter(None, listed.stdout.split("\0"))
        if not (ROOT / name).is_symlink()
    }
    assert tracked <= files(installed.package)


def test_it_is_what_runs_and_it_knows_its_version(installed: Installed, tmp_path: Path) -> None:
    where = installed.run(
        installed.python, "-c", "import bisector; print(bisector.__file__)", cwd=tmp_path
    )
    assert Path(where.stdout.strip()) == installed.package / "__init__.py"
    for words in ((installed.program,), (installed.python, "-m", "bisector")):
        done = installed.run(*words, "--version", cwd=tmp_path)
        assert done.stdout == f"bisector {__version__}\n"


def test_the_bundled_patches_are_found_where_they_were_installed(
    installed: Installed, tmp_path: Path
) -> None:
    done = installed.run(installed.python, "-c", LISTING, cwd=tmp_path)
    folder, *names = done.stdout.splitlines()
    assert Path(folder).is_relative_to(installed.package)
    assert len(names) == len([*(ROOT / "patches" / "dns-flap").glob("*.patch")]) == 2


def test_commands_work_elsewhere_and_nothing_is_written_beside_the_package(
    installed: Installed, tmp_path: Path
) -> None:
    before = state(installed.package)
    scenarios = installed.bisector("scenarios", cwd=tmp_path)
    assert [line.split()[0] for line in scenarios.stdout.splitlines()] == [
        *scenario_loader.bundled()
    ]
    for name in scenario_loader.bundled():
        done = installed.bisector("regtest", name, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    made = files(tmp_path / "reg-tests")
    assert made == files(ROOT / "reg-tests")
    for name in made:
        assert (tmp_path / "reg-tests" / name).read_text() == (
            ROOT / "reg-tests" / name
        ).read_text()

    doctor = installed.bisector("doctor", cwd=tmp_path)
    assert doctor.returncode in (0, 3), doctor.stderr
    assert "Python" in doctor.stdout
    for shell in SHELLS:
        assert "dns-flap" in installed.bisector("completions", shell, cwd=tmp_path).stdout
    assert state(installed.package) == before


def test_the_metadata_names_program_licence_and_python(installed: Installed) -> None:
    (found,) = metadata.distributions(name="bisector", path=[str(installed.package.parent)])
    assert found.metadata["License-Expression"] == "GPL-2.0-or-later"
    assert found.metadata["Requires-Python"] == ">=3.11"
    assert [(entry.name, entry.value) for entry in found.entry_points] == [
        ("bisector", "bisector.cli:main")
    ]
