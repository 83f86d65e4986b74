"""`bisector cache`: what the workspace holds, and removing it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.system.locks import hold
from bisector.system.workspace import Workspace
from tests.support.cache_entries import keep_binary
from tests.support.shell import Shell


@pytest.fixture
def kept() -> tuple[Path, Path]:
    """An older binary and a newer one, of 1 MB each, and a hunt."""
    workspace = Workspace.open()
    (workspace.folder("hunts", "h") / "journal").write_bytes(b"x" * 2000)
    return keep_binary(workspace, 1, 1_000_000, 100), keep_binary(workspace, 2, 1_000_000, 200)


def test_cache_shows_what_there_is_and_removes_nothing(
    shell: Shell, kept: tuple[Path, Path]
) -> None:
    assert shell("cache") == 0
    rows = {line[:20].strip(): line[20:].split() for line in shell.out.splitlines()}
    assert rows["what"][-1] == str(Workspace.open().root)
    assert rows["binaries"] == ["2", "2.0", "MB", "binaries"]
    assert rows["build trees"] == ["0", "0", "B", "trees"]
    assert rows["limited"] == ["2.0", "MB", "of", "5.0", "GB"]
    assert rows["hunts"] == ["1", "2.0", "KB", "hunts"]
    assert all(home.exists() for home in kept)


def test_cache_with_a_size_trims_to_it(shell: Shell, kept: tuple[Path, Path]) -> None:
    assert shell("cache", "--cache-size", "1.5M") == 0
    assert shell.out.startswith("freed       1.0 MB\n")
    assert [home.exists() for home in kept] == [False, True]
    assert "of 1.5 MB" in shell.out


def test_cache_clear_says_what_it_freed_and_what_is_in_use(
    shell: Shell, kept: tuple[Path, Path]
) -> None:
    with hold(kept[0]):
        assert shell("cache", "--clear") == 0
    assert shell.out.startswith(f"freed       1.0 MB\nkept        {kept[0]} (in use)\n")
    assert [home.exists() for home in kept] == [True, False]
    assert (Workspace.open().root / "hunts/h/journal").exists()
