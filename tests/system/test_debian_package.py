"""Source packages of Debian's archive; a script replaces apt-get."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import SourceProblem
from bisector.system import apt, debian_package
from bisector.system.apt import AptProblem
from bisector.system.workspace import Workspace

# In place of apt-get: $ARCHIVE/version has the version in the suite bookworm, if there is one.
APT_GET = """\
case $1 in indextargets) echo 'mirror:/debian|bookworm|main|'; exit ;; esac
version=$(cat "$ARCHIVE/version") || { echo "E: no suite"; exit 100; }
case "$*" in
*--print-uris*) echo "'mirror:/x.dsc' haproxy_$version.dsc 1 SHA256:0" ;;
*--download-only*)
  [ "$version" = gone ] && { echo "E: Failed to fetch 404 Not Found"; exit 100; }
  echo "$version" >"haproxy_$version.dsc"; echo >>"$ARCHIVE/downloads" ;;
esac
"""
BOOKWORM = {"ID": "debian", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"}
NAME = "debian:haproxy/bookworm"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    for name in ("apt-get", "dpkg-deb"):
        (folder / name).write_text(f"#!/bin/sh\nARCHIVE='{folder}'\n{APT_GET}")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(apt, "os_release", lambda: BOOKWORM)
    (folder / "version").write_text("2.6.12-1")
    return folder


def downloads(archive: Path) -> int:
    return len((archive / "downloads").read_text().splitlines())


def test_a_package_is_fetched_once_for_each_version(workspace: Workspace, archive: Path) -> None:
    first = debian_package.fetch(workspace, NAME)
    assert first.read_text() == "2.6.12-1\n"
    assert debian_package.fetch(workspace, NAME) == first
    assert downloads(archive) == 1
    (archive / "version").write_text("2.6.12-2")
    assert debian_package.fetch(workspace, NAME).read_text() == "2.6.12-2\n"
    assert downloads(archive) == 2


def test_offline_the_last_one_is_taken(workspace: Workspace, archive: Path) -> None:
    with pytest.raises(SourceProblem, match="was not fetched yet"):
        debian_package.fetch(workspace, NAME, offline=True)
    first = debian_package.fetch(workspace, NAME)
    (archive / "version").unlink()
    assert debian_package.fetch(workspace, NAME, offline=True) == first


@pytest.mark.parametrize(
    ("version", "said"), [("gone", "E: Failed to fetch 404 Not Found"), (None, "E: no suite")]
)
def test_what_cannot_be_fetched_is_said_as_apt_says_it(
    workspace: Workspace, archive: Path, version: str | None, said: str
) -> None:
    (archive / "version").write_text(version or "")
    if version is None:
        (archive / "version").unlink()
    with pytest.raises(AptProblem) as problem:
        debian_package.fetch(workspace, NAME)
    assert f"{NAME} cannot be fetched" in str(problem.value)
    assert said in str(problem.value)
    assert "name the .dsc file" in str(problem.value)


@pytest.mark.parametrize("name", ["debian:x", "debian:X/y", "debian:x/y z", "debian:-x/y"])
def test_a_name_of_another_form_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(SourceProblem, match="names no package"):
        debian_package.fetch(workspace, name)
