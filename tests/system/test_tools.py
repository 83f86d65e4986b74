"""Finding programs and libraries: the order of the search, versions and identities."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import EnvironmentProblem, MissingProgram
from bisector.system import tools
from bisector.system.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that comes first in PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def usr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of /usr."""
    folder = tmp_path / "usr"
    monkeypatch.setattr(tools, "_PREFIXES", (str(folder),))
    return folder


def script(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def own_vtest(workspace: Workspace) -> Path:
    """The workspace's VTest, as debian.fetch_vtest lays it out."""
    folder = tools.vtest_folder(workspace)
    script(folder / "lib" / "varnishtest")
    (folder / "version").write_text("varnishtest 7.1.1-2\n")
    return script(folder / "varnishtest")


def built_vtest(workspace: Workspace, version: str) -> Path:
    """A VTest in the workspace as vtest2.install lays it out."""
    folder = tools.vtest2_folder(workspace)
    program = script(folder / "abc" / "vtest")
    (folder / tools.CURRENT).write_text(f"abc\n{version}\n")
    return program


def lua(prefix: Path, include: str, version: str, library: str) -> None:
    major, minor = version.split(".")
    header = prefix / include / "lua.h"
    header.parent.mkdir(parents=True, exist_ok=True)
    header.write_text(
        f'#define LUA_VERSION_MAJOR\t"{major}"\n#define LUA_VERSION_MINOR\t"{minor}"\n'
        '#define LUA_VERSION_RELEASE\t"6"\n'
    )
    (prefix / library).parent.mkdir(parents=True, exist_ok=True)
    (prefix / library).write_text(f"the library of {version}")


class TestVTest:
    def test_the_environment_variable_comes_first(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        named = script(tmp_path / "elsewhere" / "VTest")
        script(tmp_path / "bin" / "vtest")
        environ = {"VTEST_PROGRAM": str(named), "PATH": str(tmp_path / "bin")}
        assert tools.require_vtest(workspace, environ).path == named

    def test_a_wrong_environment_variable_is_an_error(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        script(tmp_path / "bin" / "vtest")
        environ = {"VTEST_PROGRAM": "/no/such/vtest", "PATH": str(tmp_path / "bin")}
        with pytest.raises(EnvironmentProblem, match=r"VTEST_PROGRAM is /no/such/vtest"):
            tools.find_vtest(workspace, environ)

    def test_the_path_is_searched_for_vtest_then_varnishtest(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        environ = {"PATH": str(tmp_path / "bin")}
        own_vtest(workspace)
        older = script(tmp_path / "bin" / "varnishtest")
        assert tools.require_vtest(workspace, environ).path == older
        newer = script(tmp_path / "bin" / "vtest")
        assert tools.require_vtest(workspace, environ).path == newer

    def test_one_that_was_built_comes_after_vtest_and_before_varnishtest_in_the_path(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        environ = {"PATH": str(tmp_path / "bin")}
        own_vtest(workspace)
        script(tmp_path / "bin" / "varnishtest")
        built = built_vtest(workspace, "VTest, commit 0123456789ab")
        tool = tools.require_vtest(workspace, environ)
        assert (tool.path, tool.version) == (built, "VTest, commit 0123456789ab")
        in_path = script(tmp_path / "bin" / "vtest")
        assert tools.require_vtest(workspace, environ).path == in_path
        named = {**environ, "VTEST_PROGRAM": str(own_vtest(workspace))}
        assert tools.require_vtest(workspace, named).version == "varnishtest 7.1.1-2"

    @pytest.mark.parametrize("current", ["", "gone\nVTest\n", "one line\n", "a\nb\nc\n"])
    def test_one_that_is_not_whole_is_passed_over(self, workspace: Workspace, current: str) -> None:
        built = built_vtest(workspace, "VTest")
        (built.parents[1] / tools.CURRENT).write_text(current)
        assert tools.find_vtest(workspace, {"PATH": "/nowhere"}) is None

    def test_the_identity_of_a_built_one_is_that_of_its_content(self, workspace: Workspace) -> None:
        built = built_vtest(workspace, "VTest, commit 1")
        before = tools.require_vtest(workspace, {"PATH": "/nowhere"})
        built_vtest(workspace, "VTest, commit 2")
        assert tools.require_vtest(workspace, {"PATH": "/nowhere"}).identity == before.identity
        script(built, "# another")
        assert tools.require_vtest(workspace, {"PATH": "/nowhere"}).identity != before.identity

    def test_the_fetched_one_comes_last(self, workspace: Workspace) -> None:
        own = own_vtest(workspace)
        tool = tools.require_vtest(workspace, {"PATH": "/nowhere"})
        assert (tool.path, tool.version) == (own, "varnishtest 7.1.1-2")

    def test_its_identity_is_of_all_its_files_and_not_of_its_path(
        self, workspace: Workspace
    ) -> None:
        own = own_vtest(workspace)
        before = tools.require_vtest(workspace, {"PATH": "/nowhere"})
        assert tools.require_vtest(workspace, {"VTEST_PROGRAM": str(own)}) == before
        script(own.parent / "lib" / "varnishtest", "# another version")
        after = tools.require_vtest(workspace, {"PATH": "/nowhere"})
        assert after.identity != before.identity

    def test_one_that_was_fetched_into_another_workspace_is_the_same_tool(
        self, workspace: Workspace, tmp_path: Path
    ) -> None:
        own_vtest(workspace)
        theirs = own_vtest(Workspace(tmp_path / "theirs"))
        here = tools.require_vtest(workspace, {"PATH": "/nowhere"})
        there = tools.require_vtest(workspace, {"VTEST_PROGRAM": str(theirs)})
        assert (there.path, there.version, there.identity) == (theirs, here.version, here.identity)

    def test_without_any_the_error_says_how_to_get_it(self, workspace: Workspace) -> None:
        assert tools.find_vtest(workspace, {"PATH": "/nowhere"}) is None
        with pytest.raises(MissingProgram, match=r"bisector doctor --fix"):
            tools.require_vtest(workspace, {"PATH": "/nowhere"})


class TestCompiler:
    def test_its_version_is_the_first_line_of_its_output(self, bin_folder: Path) -> None:
        script(bin_folder / "gcc", "echo 'gcc (Debian) 12.2.0'; echo Copyright")
        tool = tools.require_compiler()
        assert (tool.path, tool.version) == (bin_folder / "gcc", "gcc (Debian) 12.2.0")

    def test_it_is_run_once_until_it_changes(self, bin_folder: Path) -> None:
        runs = bin_folder / "runs"
        script(bin_folder / "gcc", f"echo x >>{runs}; echo gcc 12")
        first = tools.require_compiler()
        assert tools.require_compiler() == first
        assert runs.read_text() == "x\n"
        script(bin_folder / "gcc", f"echo x >>{runs}; echo gcc 13.1")
        assert tools.require_compiler().version == "gcc 13.1"
        assert tools.require_compiler().identity != first.identity

    @pytest.mark.parametrize("wrapper", ["ccache", "distcc"])
    def test_a_link_to_a_wrapper_is_passed_over(
        self, bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrapper: str
    ) -> None:
        links = tmp_path / "links"
        links.mkdir()
        (links / "gcc").symlink_to(script(tmp_path / wrapper, "echo gcc 12"))
        monkeypatch.setenv("PATH", f"{links}:/nowhere")
        assert tools.find_compiler() is None
        monkeypatch.setenv("PATH", f"{links}:{bin_folder}:/usr/bin:/bin")
        gcc = script(bin_folder / "gcc-12", "echo gcc 12")
        (bin_folder / "gcc").symlink_to(gcc)
        assert tools.require_compiler().path == bin_folder / "gcc"

    def test_one_that_fails_is_an_error(self, bin_folder: Path) -> None:
        script(bin_folder / "gcc", "exit 1")
        with pytest.raises(EnvironmentProblem, match="--version fails"):
            tools.find_compiler()

    def test_without_one_the_error_says_how_to_get_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "/nowhere")
        assert tools.find_compiler() is None
        with pytest.raises(MissingProgram, match=r"no gcc on this machine: .*doctor --fix"):
            tools.require_compiler()

    def test_make_must_be_gnu_make(self, bin_folder: Path) -> None:
        script(bin_folder / "make", "echo bmake 2023")
        script(bin_folder / "gmake", "echo GNU Make 4.4")
        assert tools.require_make().path == bin_folder / "gmake"


class TestLua:
    def test_debians_layout(self, workspace: Workspace, usr: Path) -> None:
        lua(usr, "include/lua5.4", "5.4", "lib/x86_64-linux-gnu/liblua5.4.so")
        found = tools.require_lua(workspace)
        assert found.make_variables == (
            "USE_LUA=1",
            f"LUA_INC={usr}/include/lua5.4",
            f"LUA_LIB={usr}/lib/x86_64-linux-gnu",
            "LUA_LIB_NAME=lua5.4",
        )

    def test_fedoras_layout(self, workspace: Workspace, usr: Path) -> None:
        lua(usr, "include", "5.4", "lib64/liblua.so")
        found = tools.require_lua(workspace)
        assert (found.version, found.name) == ("5.4", "lua")

    def test_alpines_layout(self, workspace: Workspace, usr: Path) -> None:
        lua(usr, "include/lua5.4", "5.4", "lib/lua5.4/liblua.so")
        found = tools.require_lua(workspace)
        assert (found.name, found.library) == ("lua", usr / "lib/lua5.4")

    def test_headers_without_their_library_are_skipped(
        self, workspace: Workspace, usr: Path
    ) -> None:
        lua(usr, "include/lua5.4", "5.4", "lib/liblua.so")  # some other version's
        assert tools.find_lua(workspace) is None

    def test_a_version_that_haproxy_does_not_support_is_skipped(
        self, workspace: Workspace, usr: Path
    ) -> None:
        lua(usr, "include/lua5.1", "5.1", "lib/liblua5.1.so")
        lua(usr, "include", "5.1", "lib/liblua.so")
        assert tools.find_lua(workspace) is None

    def test_a_fetched_5_4_comes_before_5_3_of_the_system(
        self, workspace: Workspace, usr: Path
    ) -> None:
        lua(usr, "include/lua5.3", "5.3", "lib/liblua5.3.so")
        assert tools.require_lua(workspace).version == "5.3"
        lua(tools.lua_folder(workspace), "include", "5.4", "lib/liblua5.4.a")
        assert tools.require_lua(workspace).include == tools.lua_folder(workspace) / "include"

    def test_its_identity_is_of_the_library(self, workspace: Workspace, usr: Path) -> None:
        lua(usr, "include/lua5.4", "5.4", "lib/liblua5.4.so")
        before = tools.require_lua(workspace)
        assert tools.require_lua(workspace) == before
        (usr / "lib/liblua5.4.so").write_text("rebuilt by the distribution")
        assert tools.require_lua(workspace).identity != before.identity

    def test_without_one_the_error_says_how_to_get_it(
        self, workspace: Workspace, usr: Path
    ) -> None:
        with pytest.raises(EnvironmentProblem, match=r"Lua 5.4 .*bisector doctor --fix"):
            tools.require_lua(workspace)
