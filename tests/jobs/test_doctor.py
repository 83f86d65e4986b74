"""The doctor: what it looks for, what it gets, and when the machine is good enough."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bisector.errors import EnvironmentProblem
from bisector.jobs import doctor
from bisector.record.requirement import Requirement
from bisector.system import apt
from bisector.system.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "workspace"
    root.mkdir()
    return Workspace(root)


def finding(name: str = "gcc", found: str | None = None, **more: object) -> Requirement:
    values = {"required": True, "packages": (), **more}
    return Requirement(name, "this test", found, how_to_get="", **values)  # type: ignore[arg-type]


def named(findings: tuple[Requirement, ...], name: str) -> Requirement:
    return next(finding for finding in findings if finding.name == name)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a single program."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("VTEST_PROGRAM", raising=False)


def test_a_machine_is_able_when_all_that_is_required_is_there() -> None:
    assert doctor.is_ready([finding(found="gcc 12"), finding("repository", required=False)])
    assert not doctor.is_ready([finding(found="gcc 12"), finding("VTest")])


@pytest.mark.usefixtures("bare")
def test_every_missing_thing_says_how_to_get_it(workspace: Workspace) -> None:
    findings = doctor.examine(workspace, {"PATH": "/nowhere"})
    missing = {finding.name for finding in findings if finding.found is None}
    assert {"gcc", "make", "C library", "VTest"} <= missing
    assert all(finding.how_to_get for finding in findings)
    assert "apt-get install -y gcc" in named(findings, "gcc").how_to_get
    assert not doctor.is_ready(findings)


def test_python_and_libgit2_are_told_with_their_versions(workspace: Workspace) -> None:
    findings = doctor.examine(workspace, os.environ)
    assert (named(findings, "Python").found or "").startswith("3.")
    assert "libgit2" in (named(findings, "pygit2").found or "")


@pytest.mark.usefixtures("bare")
def test_sanitizers_are_optional_and_say_what_is_missing(workspace: Workspace) -> None:
    finding = named(doctor.examine(workspace, {"PATH": "/nowhere"}), "sanitizers")
    assert (finding.found, finding.required) == (None, False)
    assert "no gcc on this machine" in finding.how_to_get


def test_a_gcc_with_sanitizers_is_found(workspace: Workspace) -> None:
    assert "gcc" in (named(doctor.examine(workspace, os.environ), "sanitizers").found or "")


def test_a_wrong_vtest_program_is_told_as_such(workspace: Workspace) -> None:
    findings = doctor.examine(workspace, {"VTEST_PROGRAM": "/no/vtest"})
    assert "VTEST_PROGRAM is /no/vtest" in named(findings, "VTest").how_to_get


def test_a_repository_is_optional_unless_one_was_named(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert named(doctor.examine(workspace, {}), "repository").ok
    for findings in (
        doctor.examine(workspace, {"BISECTOR_REPO": str(tmp_path)}),
        doctor.examine(workspace, {}, repo=tmp_path),
    ):
        assert not named(findings, "repository").ok
        assert str(tmp_path) in named(findings, "repository").how_to_get


def test_a_disk_that_is_nearly_full_is_found(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "ROOM_NEEDED", 1 << 60)
    assert not named(doctor.examine(workspace, {}), "workspace").ok


class TestFix:
    def test_it_fetches_what_is_missing_and_nothing_else(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fetched: list[str] = []
        steps = {name: lambda _, name=name: fetched.append(name) for name in ("VTest", "Lua")}
        monkeypatch.setattr(doctor, "_FETCHED", steps)
        assert doctor.fix(workspace, [finding("VTest"), finding("Lua", found="5.4")]) == ()
        assert fetched == ["VTest"]

    def test_one_failure_does_not_keep_the_rest_from_being_fetched(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fetched: list[str] = []

        def refuse(_: Workspace) -> None:
            raise apt.AptProblem("varnish", "E: no network")

        steps = {"VTest": refuse, "Lua": lambda _: fetched.append("Lua")}
        monkeypatch.setattr(doctor, "_FETCHED", steps)
        (problem,) = doctor.fix(workspace, [finding("VTest"), finding("Lua")])
        assert "E: no network" in str(problem)
        assert fetched == ["Lua"]

    def test_without_root_it_says_the_one_line_that_root_has_to_run(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        libc = finding("C library", packages=("libc6-dev", "libcrypt-dev"))
        (problem,) = doctor.fix(workspace, [finding(packages=("gcc",)), libc, libc])
        assert "run: sudo apt-get install -y gcc libc6-dev libcrypt-dev" in str(problem)

    def test_as_root_it_installs_with_the_machines_apt_or_says_where_it_failed(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        apt = tmp_path / "bin" / "apt-get"
        apt.parent.mkdir()
        apt.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\ntest ! -e {tmp_path}/broken\n')
        apt.chmod(0o755)
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setenv("PATH", f"{apt.parent}:/usr/bin:/bin")
        assert doctor.fix(workspace, [finding(packages=("gcc",))]) == ()
        last = (tmp_path / "calls").read_text().splitlines()[-1]
        assert last == "install -y -q --no-install-recommends gcc"
        (tmp_path / "broken").touch()
        (problem,) = doctor.fix(workspace, [finding(packages=("gcc",))])
        assert isinstance(problem, EnvironmentProblem)
        assert "apt-install.log" in str(problem)
