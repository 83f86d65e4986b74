"""Reading the processes of this machine from /proc."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bisector.system import procfs


def test_this_process_is_listed_with_its_fields() -> None:
    (me,) = (process for process in procfs.processes() if process.pid == os.getpid())
    assert (me.parent, me.session) == (os.getppid(), os.getsid(0))
    assert me.threads >= 1
    assert me.resident > 1 << 20


def test_descendants_are_children_and_their_children() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 60 & wait"], start_new_session=True) as shell:
        try:
            while len(found := procfs.descendants(shell.pid, list(procfs.processes()))) < 1:
                pass
            assert [process.parent for process in found] == [shell.pid]
            mine = procfs.descendants(os.getpid(), list(procfs.processes()))
            assert {shell.pid, found[0].pid} <= {process.pid for process in mine}
        finally:
            os.killpg(shell.pid, 9)


def test_kills_for_lack_of_memory_are_counted_by_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert procfs.killed_for_memory() >= 0
    vmstat = tmp_path / "vmstat"
    monkeypatch.setattr(procfs, "Path", lambda name: vmstat)
    vmstat.write_text("pgfault 12\noom_kill 3\noom_kill_other 4\n")
    assert procfs.killed_for_memory() == 3
    vmstat.unlink()
    assert procfs.killed_for_memory() == 0
