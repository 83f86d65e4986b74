"""Small C programs: compiled once, and again when their source changes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bisector.errors import MissingProgram
from bisector.system import compiled, tools
from bisector.system.workspace import Workspace


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "status.h").write_text("enum { STATUS = 3 };\n")
    (folder / "a.c").write_text('#include "status.h"\nint main(void) { return STATUS; }\n')
    return folder / "a.c"


def test_it_is_compiled_once(workspace: Workspace, source: Path) -> None:
    made = compiled.of(workspace, source, "a", ())
    assert made and subprocess.run([made], check=False).returncode == 3
    before = made.stat().st_mtime_ns
    assert compiled.of(workspace, source, "a", ()) == made
    assert made.stat().st_mtime_ns == before


def test_another_header_makes_another_program(workspace: Workspace, source: Path) -> None:
    compiled.of(workspace, source, "a", ())
    (source.parent / "status.h").write_text("enum { STATUS = 4 };\n")
    made = compiled.of(workspace, source, "a", ())
    assert made and subprocess.run([made], check=False).returncode == 4


def test_what_cannot_be_compiled_leaves_nothing(workspace: Workspace, source: Path) -> None:
    source.write_text("no C")
    assert compiled.of(workspace, source, "a", ()) is None
    assert not list(workspace.folder("tools").iterdir())


def test_a_compiler_that_comes_later_is_used(
    workspace: Workspace, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise MissingProgram("no gcc on this machine", "install it")

    with monkeypatch.context() as patch:
        patch.setattr(tools, "require_compiler", refuse)
        assert compiled.of(workspace, source, "a", ()) is None
    assert compiled.of(workspace, source, "a", ())
