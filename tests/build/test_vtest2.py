"""Building VTest from a stand-in of its source, and by a stand-in of HAProxy's script."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisector.build import vtest2
from bisector.build.vtest2 import install, install_by_script
from bisector.errors import BisectorError, EnvironmentProblem, MissingLibrary, UsageProblem
from bisector.system import tools
from bisector.system.libraries import Library
from bisector.system.process import run
from bisector.system.sandbox import Sandbox
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.vtest_sources import MAKEFILE, NEWER, SCRIPT, SOURCE, WHOLE_SCRIPT, written


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return written(tmp_path / "source")


def used(workspace: Workspace) -> tools.Tool:
    return tools.require_vtest(workspace, {"PATH": "/nowhere"})


def test_what_is_built_is_used_from_then_on(workspace: Workspace, source: Path) -> None:
    made = install(workspace, str(source), None)
    assert used(workspace) == made
    assert made.version.startswith("VTest, source ")
    assert made.path.is_relative_to(workspace.root / "tools")
    assert not (source / "vtest").exists()


def test_a_repository_is_known_by_its_commit(workspace: Workspace, clone: Clone) -> None:
    commit = clone.commit(SOURCE)
    assert install(workspace, str(clone.path), None).version == f"VTest, commit {commit[:12]}"
    assert install(workspace, f"file://{clone.path}", None) == used(workspace)


def test_the_same_source_is_not_built_again(
    workspace: Workspace, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = install(workspace, str(source), None)
    monkeypatch.setattr(vtest2, "_make", None)
    assert install(workspace, str(source), None) == made


def test_but_it_is_if_the_program_does_not_run_any_more(workspace: Workspace, source: Path) -> None:
    made = install(workspace, str(source), None)
    made.path.write_text("#!/bin/sh\nexit 1\n")
    assert used(workspace).identity != made.identity
    assert install(workspace, str(source), None) == made


def test_a_newer_source_takes_its_place_and_leaves_the_older_for_running_jobs(
    workspace: Workspace, source: Path
) -> None:
    older = install(workspace, str(source), None)
    newer = install(workspace, str(written(source, NEWER)), None)
    assert used(workspace) == newer
    assert newer.identity != older.identity
    assert older.path.is_file()


def test_its_identity_is_of_the_program_not_of_the_source(
    workspace: Workspace, source: Path
) -> None:
    one = install(workspace, str(source), None)
    two = install(workspace, str(written(source, {"README": "more"})), None)
    assert (one.identity, one.path) == (two.identity, two.path)
    assert one.version != two.version == used(workspace).version


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"src/vtest.c": "int main(void) { return nothing; }\n"}, r"src/vtest\.c:1:.* error: "),
        ({"Makefile": "vtest:\n\ttrue\n"}, "makes no program vtest"),
        ({"Makefile": "vtest:\n\tln -s /bin/true vtest\n"}, "makes no program vtest"),
        ({"Makefile": "vtest:\n\texit 3\n"}, r"make: \*\*\* .*Error 3"),
    ],
)
def test_a_source_that_does_not_build_leaves_what_was_there(
    workspace: Workspace, source: Path, files: dict[str, str], said: str
) -> None:
    before = install(workspace, str(source), None)
    with pytest.raises(UsageProblem, match=said):
        install(workspace, str(written(source, files)), None)
    assert used(workspace) == before


def test_so_does_a_program_that_fails_an_empty_test(workspace: Workspace, source: Path) -> None:
    before = install(workspace, str(source), None)
    written(source, {"src/vtest.c": "int main(void) { return 1; }\n"})
    with pytest.raises(EnvironmentProblem, match="does not run"):
        install(workspace, str(source), None)
    assert used(workspace) == before


@pytest.mark.parametrize(
    ("line", "lack"),
    [("#include <pcre2.h.gone>\n", "pcre2.h.gone"), ("", "-lpcre2-gone")],
)
def test_a_header_or_library_that_the_machine_lacks_is_told_with_debians_packages(
    workspace: Workspace, source: Path, line: str, lack: str
) -> None:
    link = f"{MAKEFILE.rstrip()} {lack if lack[0] == '-' else ''}\n"
    written(source, {"src/vtest.c": f"{line}{SOURCE['src/vtest.c']}", "Makefile": link})
    with pytest.raises(MissingLibrary, match=f"no {lack} on this machine") as raised:
        install(workspace, str(source), None)
    assert "libpcre2-dev zlib1g-dev" in raised.value.hint
    assert raised.value.exit_code == 3


def test_headers_and_libraries_may_be_in_other_folders(
    workspace: Workspace, source: Path, tmp_path: Path
) -> None:
    include = written(tmp_path / "include", {"more.h": "#define MORE 1\n"})
    written(source, {"src/vtest.c": f"#include <more.h>\n{SOURCE['src/vtest.c']}"})
    with pytest.raises(MissingLibrary):
        install(workspace, str(source), None)
    own = workspace.folder("tools", "more", "lib")
    more = Library("more", "1", "id", str(include), str(own))
    assert install(workspace, str(source), None, [more])
    assert vtest2.settings(workspace, [more, Library("of the system", "1", "id")]) == {
        "CPATH": str(include),
        "LIBRARY_PATH": str(own),
        "LD_RUN_PATH": "$ORIGIN/../../../tools/more/lib",
    }


def test_a_library_in_the_workspace_is_found_when_vtest_runs(
    workspace: Workspace, source: Path
) -> None:
    home = workspace.folder("tools", "more", "lib")
    (home / "more.c").write_text("int more(void) { return 0; }\n")
    argv = ["cc", "-shared", "-fPIC", "-o", str(home / "libmore.so"), str(home / "more.c")]
    assert run(argv, log=home / "log", timeout=60).ok
    program = SOURCE["src/vtest.c"].replace("return !", "return more() || !")
    link = {"Makefile": f"{MAKEFILE.rstrip()} -lmore\n"}
    written(source, {"src/vtest.c": f"int more(void);\n{program}", **link})
    made = install(workspace, str(source), None, [Library("more", "1", "id", folder=str(home))])
    assert str(workspace.root).encode() not in made.path.read_bytes()


# --- HAProxy's script -----------------------------------------------------------------------------


def test_a_script_builds_what_it_downloads(workspace: Workspace, tmp_path: Path) -> None:
    source = Clone(tmp_path / "source")
    source.commit(SOURCE)
    made = install_by_script(workspace, SCRIPT.format(source=source.path).encode(), None)
    assert used(workspace) == made
    assert made.version.startswith("VTest, program ")
    assert made.version.endswith(" by scripts/build-vtest.sh")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'fatal: no network'; exit 128", "build-vtest.sh failed: fatal: no network: see"),
        ("exit 3", "build-vtest.sh failed: it ended with 3"),
        ("true", "build-vtest.sh makes no program"),
    ],
)
def test_a_script_that_fails_is_told_with_its_log(
    workspace: Workspace, script: str, said: str
) -> None:
    with pytest.raises(BisectorError, match=said):
        install_by_script(workspace, script.encode(), None)
    assert tools.built_vtest(tools.vtest2_folder(workspace)) is None


def test_a_script_on_a_machine_without_the_headers_is_told_as_such(workspace: Workspace) -> None:
    said = "src/vre.c:1:10: fatal error: pcre2.h: No such file or directory"
    with pytest.raises(MissingLibrary, match=r"no pcre2\.h on this machine: .*libpcre2-dev"):
        install_by_script(workspace, f"echo '{said}'; exit 2".encode(), None)


def test_a_script_gets_no_keys(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/agent")
    monkeypatch.setenv("https_proxy", "http://proxy")
    check = '[ -z "$SSH_AUTH_SOCK" ] && [ "$https_proxy" = http://proxy ] && [ "$HOME" = "$PWD" ]'
    install_by_script(workspace, f"{check} || exit 1\n{WHOLE_SCRIPT}".encode(), None)


# --- in the sandbox -------------------------------------------------------------------------------


@contextlib.contextmanager
def listening() -> Iterator[int]:
    """A port of the machine's loopback that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_source_is_built_without_network_and_without_the_home(
    workspace: Workspace, source: Path, box: Sandbox, tmp_path: Path
) -> None:
    written(tmp_path / "home", {"key": "secret"})
    with listening() as port:
        reach = f"bash -c ': </dev/tcp/127.0.0.1/{port}'"
        hostile = f"{MAKEFILE}\t! {reach}\n\t! cat {tmp_path}/home/key\n"
        written(source, {"Makefile": hostile})
        assert install(workspace, str(source), box) == used(workspace)
        with pytest.raises(UsageProblem):  # the same without a sandbox
            install(Workspace(tmp_path / "other"), str(source), None)


def test_a_script_has_the_network_and_nothing_else(
    workspace: Workspace, box: Sandbox, tmp_path: Path
) -> None:
    written(tmp_path / "home", {"key": "secret"})
    with listening() as port:
        reach = f"bash -c ': </dev/tcp/127.0.0.1/{port}'"
        script = f"set -e\n{reach}\n! cat {tmp_path}/home/key\n{WHOLE_SCRIPT}"
        assert install_by_script(workspace, script.encode(), box) == used(workspace)
