"""Programs of measurements: in PATH, fetched, or missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import EnvironmentProblem, MissingProgram
from bisector.system import programs
from bisector.system.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin/nowhere:/bin/nowhere")
    (tmp_path / "bin").mkdir()
    return Workspace(tmp_path / "workspace")


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_program_in_the_path_is_taken(workspace: Workspace, tmp_path: Path) -> None:
    own = program(tmp_path / "bin/h2load", "echo h2load nghttp2/1.52.0")
    found = programs.require(workspace, programs.H2LOAD)
    assert (found.path, found.version) == (own, "h2load nghttp2/1.52.0")


def test_else_one_that_was_fetched(workspace: Workspace) -> None:
    folder = programs.folder_of(workspace, programs.VALGRIND)
    own = program(folder / "valgrind", "echo valgrind-3.19.0")
    assert programs.require(workspace, programs.VALGRIND).path == own
    assert programs.fetch(workspace, programs.VALGRIND).path == own


def test_a_missing_one_is_said_with_what_to_do(workspace: Workspace) -> None:
    assert programs.find(workspace, programs.H2LOAD) is None
    with pytest.raises(MissingProgram, match=r"no h2load on this machine: .*nghttp2-client"):
        programs.require(workspace, programs.H2LOAD)


def test_one_that_does_not_run_is_an_error(workspace: Workspace, tmp_path: Path) -> None:
    program(tmp_path / "bin/valgrind", "exit 127")
    with pytest.raises(EnvironmentProblem):
        programs.find(workspace, programs.VALGRIND)


def test_a_fetched_program_finds_its_libraries(workspace: Workspace, tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    program(unpacked / "usr/bin/h2load", 'echo "with $LD_LIBRARY_PATH"')
    library = unpacked / "usr/lib/x86_64-linux-gnu/libnghttp2.so.14"
    library.parent.mkdir(parents=True)
    library.write_text("library")
    draft = programs.folder_of(workspace, programs.H2LOAD)
    programs._arrange(unpacked, draft, programs.H2LOAD)
    assert (draft / "lib/libnghttp2.so.14").read_text() == "library"
    assert programs.require(workspace, programs.H2LOAD).version == f"with {draft}/lib"
