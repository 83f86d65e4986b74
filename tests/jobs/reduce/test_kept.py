"""What is on the disk: the smallest text, what was rejected, how much was tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import WouldOverwrite
from bisector.jobs.reduce.kept import Kept, Tally
from bisector.system.workspace import Workspace


@pytest.fixture
def home(workspace: Workspace) -> Path:
    return workspace.folder("hunts", "one")


def test_another_session_finds_what_one_kept(workspace: Workspace, home: Path) -> None:
    kept = Kept(workspace, home, fresh=False)
    assert (kept.best, kept.tally) == (b"", Tally())
    kept.keep(b"small")
    kept.reject(b"too small")
    kept.count(3, 1.5)
    again = Kept(workspace, home, fresh=False)
    again.count(1, 0.5)
    assert (again.best, again.tally) == (b"small", Tally(4, 2.0))
    assert again.is_rejected(b"too small")
    assert not again.is_rejected(b"small")
    fresh = Kept(workspace, home, fresh=True)
    assert (fresh.best, fresh.tally) == (b"", Tally())
    assert not fresh.is_rejected(b"too small")


@pytest.mark.parametrize("state", [b"", b"{", b"[]", b'{"trials": null}', b"\xff"])
def test_damage_costs_work_and_nothing_else(workspace: Workspace, home: Path, state: bytes) -> None:
    kept = Kept(workspace, home, fresh=False)
    kept.reject(b"one")
    kept.reject(b"two")
    path = home / "rejected"
    path.write_bytes(path.read_bytes()[:-3] + b"\xff")  # torn
    (home / "tally").write_bytes(state)
    again = Kept(workspace, home, fresh=False)
    assert again.is_rejected(b"one")
    assert not again.is_rejected(b"two")
    assert again.tally == Tally()


def test_only_what_the_job_itself_wrote_is_replaced(
    workspace: Workspace, home: Path, tmp_path: Path
) -> None:
    path, kept = tmp_path / "x.reduced.cfg", Kept(workspace, home, fresh=False)
    kept.check_free(path)
    path.write_bytes(b"somebody's")
    with pytest.raises(WouldOverwrite, match="is there already"):
        kept.check_free(path)
    kept.written(b"ours")
    path.write_bytes(b"ours")
    Kept(workspace, home, fresh=True).check_free(path)
    path.write_bytes(b"ours, edited")
    with pytest.raises(WouldOverwrite):
        kept.check_free(path)
