"""What runs on this machine, from /proc."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bisector.system import procfs


def test_this_process_is_found_with_what_it_takes() -> None:
    (me,) = (one for one in procfs.processes() if one.pid == os.getpid())
    assert (me.parent, me.session) == (os.getppid(), os.getsid(0))
    assert me.threads >= 1
    assert me.resident > 1 << 20


def test_whoever_was_started_by_whom_was_started_is_below() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 60 & wait"], start_new_session=True) as shell:
        try:
            while len(found := procfs.below(shell.pid, list(procfs.processes()))) < 1:
                pass
            assert [one.parent for one in found] == [shell.pid]
            mine = procfs.below(os.getpid(), list(procfs.processes()))
            assert {shell.pid, found[0].pid} <= {one.pid for one in mine}
        finally:
            os.killpg(shell.pid, 9)


def test_the_kernel_is_asked_how_often_memory_ran_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert procfs.killed_for_memory() >= 0
    told = tmp_path / "vmstat"
    monkeypatch.setattr(procfs, "Path", lambda name: told)
    told.write_text("pgfault 12\noom_kill 3\noom_kill_other 4\n")
    assert procfs.killed_for_memory() == 3
    told.unlink()
    assert procfs.killed_for_memory() == 0
