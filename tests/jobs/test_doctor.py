"""The doctor: what it looks for, what it gets, and when the machine is good enough."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bisector.build import tcc
from bisector.errors import EnvironmentProblem
from bisector.jobs import doctor
from bisector.record.requirement import Requirement
from bisector.system import apt, libc, libraries, packages, tools
from bisector.system.sandbox import Sandbox
from bisector.system.workspace import Workspace
from tests.support.boxed import without_namespaces


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


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("system", "line"),
    [
        (
            "fedora",
            "dnf install -y gcc make glibc-devel libxcrypt-devel lua-devel openssl-devel zlib-devel"
            " pcre2-devel systemd-devel varnish",
        ),
        (
            "alpine",
            "apk add gcc make musl-dev linux-headers lua5.4-dev openssl-dev zlib-dev pcre2-dev"
            " varnish",
        ),
    ],
)
def test_without_apt_the_packages_of_the_distribution_are_named(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, system: str, line: str
) -> None:
    monkeypatch.setattr(packages, "os_release", lambda: {"ID": system})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(tools, "find_lua", lambda workspace: None)
    monkeypatch.setattr(libraries, "find", lambda workspace, name: None)
    findings = doctor.examine(workspace, {"PATH": "/nowhere"})
    (problem,) = doctor.fix(workspace, findings)  # and nothing about apt
    assert problem.hint == f"run: sudo {line} bubblewrap"
    assert "varnish" in named(findings, "VTest").how_to_get
    assert "doctor --fix" not in named(findings, "Lua").how_to_get


def test_with_busybox_alone_coreutils_are_asked_for(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(packages, "os_release", lambda: {"ID": "alpine"})
    for name in ("busybox", "gcc"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "env").symlink_to(tmp_path / "busybox")
    monkeypatch.setenv("PATH", str(tmp_path))
    findings = doctor.examine(workspace, {"PATH": str(tmp_path)})
    assert "apk add coreutils" in named(findings, "env").how_to_get
    assert "busybox" in named(findings, "env").how_to_get
    assert not named(findings, "C library").found
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (problem,) = doctor.fix(workspace, findings)
    assert str(problem).startswith("without env nothing can be fetched: run: apk add coreutils")


def test_on_musl_tcc_is_absent_and_not_advised(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libc, "is_musl", lambda: True)
    monkeypatch.setattr(tcc, "find", lambda: None)
    absent = named(doctor.examine(workspace, {}), "tcc")
    assert (absent.ok, absent.found) == (True, None)
    assert "pip install" not in absent.how_to_get


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
        monkeypatch.setattr(packages, "os_release", lambda: {"ID": "debian"})
        libc = finding("C library", packages=("libc6-dev", "libcrypt-dev"))
        (problem,) = doctor.fix(workspace, [finding(packages=("gcc",)), libc, libc])
        assert "run: sudo apt-get install -y gcc libc6-dev libcrypt-dev" in str(problem)

    @pytest.mark.parametrize(
        ("system", "line"),
        [
            ("debian", "apt-get install -y --no-install-recommends gcc"),
            ("fedora", "dnf install -y gcc"),
            ("alpine", "apk add gcc"),
        ],
    )
    def test_as_root_it_installs_with_the_systems_own_program_or_says_where_it_failed(
        self,
        workspace: Workspace,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        system: str,
        line: str,
    ) -> None:
        name, *words = line.split()
        manager = tmp_path / "bin" / name
        manager.parent.mkdir()
        manager.write_text(
            f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\ntest ! -e {tmp_path}/broken\n'
        )
        manager.chmod(0o755)
        monkeypatch.setattr(packages, "os_release", lambda: {"ID": system})
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setenv("PATH", f"{manager.parent}:/usr/bin:/bin")
        assert doctor.fix(workspace, [finding(packages=("gcc",))]) == ()
        assert (tmp_path / "calls").read_text().splitlines()[-1] == " ".join(words)
        (tmp_path / "broken").touch()
        (problem,) = doctor.fix(workspace, [finding(packages=("gcc",))])
        assert isinstance(problem, EnvironmentProblem)
        assert f"{name}-install.log" in str(problem)

    def test_as_root_without_any_package_manager_it_says_what_to_install(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(packages, "os_release", lambda: {"ID": "nixos"})
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        (problem,) = doctor.fix(workspace, [finding(packages=("gcc",))])
        assert str(problem) == (
            "no package manager that bisector knows on this machine: install what Debian calls gcc"
        )


def test_the_second_kind_of_sandbox_is_used_where_the_first_does_not_work(
    landlock: Sandbox, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{without_namespaces(tmp_path)}:{os.environ['PATH']}")
    findings = doctor.examine(workspace, os.environ)
    first, second = named(findings, "bubblewrap"), named(findings, "Landlock")
    assert (first.found, first.required) == (None, False)
    assert "bubblewrap does not work here" in first.how_to_get
    assert second.found and second.found.endswith("used as bubblewrap does not work")
    assert second.found.partition(",")[0] in landlock.said
