"""Fetching from Debian's archive; a script replaces apt-get except in the real tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bisector.errors import BisectorError, EnvironmentProblem
from bisector.system import apt, debian, tools
from bisector.system.locks import lock
from bisector.system.workspace import Workspace

BOOKWORM = {"ID": "debian", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"}

# A replacement of apt-get. $ARCHIVE has a file for each suite: its version of HAProxy, or an error.
APT_GET = """\
case $1 in indextargets) echo 'mirror:/debian|bookworm|main|'; exit ;; esac
echo "$*" >>"$ARCHIVE/calls"
suite=$(sed -n 's/^Suites: //p' "$(dirname "$2")/sources/bisector.sources")
version=$(cat "$ARCHIVE/$suite") || { echo "E: The repository '$suite' is not there."; exit 100; }
case "$version $*" in
NO_PUBKEY*update*) echo "W: GPG error: 0123"; echo "E: $suite is not signed."; exit 100 ;;
*--print-uris*) echo "'mirror:/x' haproxy_$version.orig.tar.gz 1 SHA256:0" ;;
*"gone "*--download-only*) echo "E: Failed to fetch haproxy 404 Not Found"; exit 100 ;;
*--download-only*) cp "$ARCHIVE/tarball" "haproxy_$version.orig.tar.gz" ;;
esac
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made archive: a folder with a file for each suite."""
    folder = tmp_path / "archive"
    programs = tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    for name in ("apt-get", "dpkg-deb"):
        program = programs / name
        program.write_text(f"#!/bin/sh\nARCHIVE='{folder}'\n{APT_GET}")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    for module in (apt, debian):
        monkeypatch.setattr(module, "os_release", lambda: BOOKWORM)
    (folder / "bookworm").write_text("2.6.12")
    (folder / "trixie").write_text("3.0.11")
    source = tmp_path / "haproxy-src"
    source.mkdir()
    (source / "Makefile").write_text("all:\n")
    with tarfile.open(folder / "tarball", "w:gz") as tarball:
        tarball.add(source, "haproxy-x")
    return folder


def calls(archive: Path) -> int:
    return len((archive / "calls").read_text().splitlines())


class TestSources:
    def test_a_series_or_a_version_is_found_in_its_suite(
        self, workspace: Workspace, archive: Path
    ) -> None:
        tree = debian.fetch_source(workspace, "3.0")
        assert tree.version == "3.0.11"
        assert (tree.path / "Makefile").is_file()
        assert debian.fetch_source(workspace, "2.6.12").version == "2.6.12"

    def test_a_fetched_source_needs_no_apt(self, workspace: Workspace, archive: Path) -> None:
        tree = debian.fetch_source(workspace, "3.0")
        before = calls(archive)
        assert debian.fetch_source(workspace, "3.0.11") == tree
        assert calls(archive) == before

    def test_for_a_dependable_series_only_one_index_is_downloaded(
        self, workspace: Workspace, archive: Path
    ) -> None:
        debian.fetch_source(workspace, "3.0")
        assert [path.name for path in (workspace.root / "apt").iterdir()] == [
            f"trixie-{tools.machine()}"
        ]

    def test_series_3_2_does_not_match_3_20(self, workspace: Workspace, archive: Path) -> None:
        (archive / "testing").write_text("3.20.1")
        (archive / "sid").write_text("3.2.4")
        assert debian.fetch_source(workspace, "3.2").version == "3.2.4"

    def test_the_newest_fetched_version_is_used(self, workspace: Workspace) -> None:
        for version in ("3.0.9", "3.0.11"):
            workspace.folder("sources", f"haproxy-{version}")
        assert debian.fetch_source(workspace, "3.0").version == "3.0.11"

    def test_after_a_failed_download_the_next_suite_is_tried_and_the_error_names_both(
        self, workspace: Workspace, archive: Path
    ) -> None:
        (archive / "testing").write_text("3.2.gone")
        with pytest.raises(apt.AptProblem) as caught:
            debian.fetch_source(workspace, "3.2")
        text = str(caught.value)
        assert "no source package of HAProxy 3.2" in text
        assert "testing: E: Failed to fetch haproxy 404 Not Found" in text
        assert "trixie has 3.0.11" in text
        assert "--repo" in text
        (archive / "sid").write_text("3.2.4")
        assert debian.fetch_source(workspace, "3.2").version == "3.2.4"

    def test_on_ubuntu_only_its_own_release_is_searched_and_the_error_says_so(
        self, workspace: Workspace, archive: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        noble = {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_CODENAME": "noble"}
        for module in (apt, debian):
            monkeypatch.setattr(module, "os_release", lambda: noble)
        script = archive.parent / "bin" / "apt-get"
        script.write_text(script.read_text().replace("bookworm", "noble"))
        (archive / "noble").write_text("2.8.5")
        assert debian.fetch_source(workspace, "2.8").version == "2.8.5"
        with pytest.raises(apt.AptProblem) as caught:
            debian.fetch_source(workspace, "3.0")
        assert caught.value.reason == (
            "noble has 2.8.5; no other release of this distribution is searched"
        )

    def test_a_damaged_tarball_leaves_no_files(self, workspace: Workspace, archive: Path) -> None:
        (archive / "tarball").write_text("no tarball")
        with pytest.raises(apt.AptProblem, match="cannot unpack"):
            debian.fetch_source(workspace, "3.0")
        assert list((workspace.root / "sources").iterdir()) == []
        assert list((workspace.root / "scratch").iterdir()) == []

    def test_a_tarball_cannot_write_outside_its_folder(
        self, workspace: Workspace, archive: Path, tmp_path: Path
    ) -> None:
        evil = tmp_path / "evil"
        evil.write_text("x")
        with tarfile.open(archive / "tarball", "w:gz") as tarball:
            tarball.add(evil, "haproxy-x/../../../escaped")
        with pytest.raises(apt.AptProblem):
            debian.fetch_source(workspace, "3.0")
        assert not list(tmp_path.rglob("escaped"))

    def test_an_index_in_use_is_waited_for(self, workspace: Workspace, archive: Path) -> None:
        root = workspace.folder("apt", f"trixie-{tools.machine()}")
        with ThreadPoolExecutor() as pool:
            with lock(root / "bisector.lock") as held:
                assert held is not None
                waiting = pool.submit(debian.fetch_source, workspace, "3.0.11")
                with pytest.raises(TimeoutError):
                    waiting.result(timeout=0.2)
            assert waiting.result().version == "3.0.11"


class TestPackages:
    def test_only_libraries_are_selected_from_the_dependencies(self) -> None:
        record = (
            "Package: varnish\nDepends: libc6 (>= 2.34), libedit2, libvarnishapi3:any (>= 7.1),"
            " adduser, gcc, libc6-dev | libc-dev, lsb-base\n"
        )
        assert debian.libraries_of(record) == ["libc6", "libedit2", "libvarnishapi3"]

    def test_vtest_finds_its_libraries_in_any_folder(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        unpacked = tmp_path / "unpacked"
        libraries = unpacked / "usr/lib/x86_64-linux-gnu"
        libraries.mkdir(parents=True)
        (libraries / "libvarnishapi.so.3.0.0").write_text("library")
        (libraries / "libvarnishapi.so.3").symlink_to("libvarnishapi.so.3.0.0")
        program = unpacked / "usr/bin/varnishtest"
        program.parent.mkdir()
        program.write_text('#!/bin/sh\ncat "$LD_LIBRARY_PATH/libvarnishapi.so.3"\n')
        program.chmod(0o755)
        shutil.move(debian._arrange_vtest(unpacked, tmp_path / "draft"), tmp_path / "final")
        debian.try_vtest(workspace, tmp_path / "final" / "varnishtest")

    def test_a_vtest_that_does_not_run_is_an_error(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        program = tmp_path / "varnishtest"
        program.write_text("#!/bin/sh\necho libedit.so.2 not found; exit 127\n")
        program.chmod(0o755)
        with pytest.raises(EnvironmentProblem, match=r"does not run \(libedit.so.2 not found\)"):
            debian.try_vtest(workspace, program)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace into which this machine's apt has fetched VTest."""
    workspace = Workspace(tmp_path_factory.mktemp("real"))
    try:
        debian.fetch_vtest(workspace)
    except BisectorError as problem:
        if os.environ.get("BISECTOR_REQUIRE_REAL") == "1":
            raise
        pytest.skip(f"apt: {problem}")
    return workspace


@pytest.mark.real
class TestTheArchive:
    """With this machine's own apt: some 50 MB and half a minute."""

    def test_vtest_runs(self, real: Workspace) -> None:
        tool = tools.require_vtest(real, {"PATH": "/nowhere"})
        assert tool.version.startswith("varnishtest ")
        assert debian.fetch_vtest(real) == tool

    def test_lua_is_linked_statically(self, real: Workspace, tmp_path: Path) -> None:
        lua = debian.fetch_lua(real)
        source = tmp_path / "main.c"
        source.write_text(
            "#include <lua.h>\n#include <lauxlib.h>\n"
            "int main(void) { return luaL_newstate() == 0; }\n"
        )
        program = tmp_path / "main"
        flags = [f"-I{lua.include}", f"-L{lua.library}", f"-l{lua.name}", "-lm", "-ldl"]
        subprocess.run(["gcc", "-o", program, source, *flags], check=True)
        subprocess.run([program], check=True)

    def test_dependable_sources_are_upstreams(self, real: Workspace) -> None:
        for series in debian.DEPENDABLE:
            tree = debian.fetch_source(real, series)
            assert tree.version.startswith(f"{series}.")
            assert (tree.path / "VERSION").read_text().strip() == tree.version
            assert (tree.path / "src" / "haproxy.c").is_file()
            assert not (tree.path / "debian").exists()
