"""Reading the processes of this machine from /proc."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from bisector.system import process, procfs
from bisector.system.sandbox import Sandbox
from tests.support.waiting import until


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


@pytest.mark.parametrize(
    ("script", "status"), [("exit 3", 3 << 8), ("kill -SEGV $$", signal.SIGSEGV), ("true", 0)]
)
def test_a_zombie_is_listed_with_how_it_ended(tmp_path: Path, script: str, status: int) -> None:
    program = tmp_path / "a (long) name of it"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)

    def mine() -> list[procfs.Zombie]:
        return [zombie for zombie in procfs.zombies() if zombie.pid == ended.pid]

    with subprocess.Popen([program], process_group=0) as ended:
        until(lambda: bool(mine()))
        (zombie,) = mine()
        assert (zombie.parent, zombie.group) == (os.getpid(), ended.pid)
        assert zombie.session == os.getsid(0)
        assert (zombie.name, zombie.status) == ("a (long) name o", status)
    assert not mine()


def test_a_process_is_asleep_if_all_its_threads_wait() -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeping:
        until(lambda: procfs.is_asleep(sleeping.pid))
        sleeping.send_signal(signal.SIGSTOP)
        until(lambda: not procfs.is_asleep(sleeping.pid))
        sleeping.kill()
    assert not procfs.is_asleep(sleeping.pid)
    assert not procfs.is_asleep(os.getpid()), "it runs this test"


def test_the_pid_inside_is_that_of_the_processs_own_namespace(tmp_path: Path, box: Sandbox) -> None:
    log = tmp_path / "log"
    seen: list[int] = []

    def look(session: int) -> None:
        if log.read_text():
            found = procfs.descendants(session, list(procfs.processes()))
            seen.extend(procfs.inner_pid(process.pid) for process in found)

    script = ["sh", "-c", "echo $$; sleep 0.5"]
    done = process.run(
        script, log=log, timeout=20, cwd=tmp_path, box=box.box(tmp_path), watchers=[look]
    )
    assert int(done.output) in seen
    assert procfs.inner_pid(os.getpid()) == os.getpid()


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
