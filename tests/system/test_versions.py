"""The versions that a report of a bug needs."""

from __future__ import annotations

import sys

import pytest

from bisector import __version__
from bisector.system import versions


def test_bisector_python_pygit2_git_and_the_system_have_a_line_each() -> None:
    lines = list(versions.listed())
    assert lines[0] == f"bisector {__version__}"
    assert lines[1].endswith(sys.executable)
    assert lines[2].startswith("pygit2 ") and "with libgit2" in lines[2]
    assert len(lines) == 5


def test_what_is_missing_or_broken_is_told_in_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygit2", None)
    monkeypatch.setenv("PATH", "/nowhere")
    lines = list(versions.listed())
    assert lines[2].startswith("pygit2 cannot be loaded: ")
    assert lines[3] == "git is not there, or does not run"
