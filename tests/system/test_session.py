"""Killing a session: processes that cannot be killed, and orphans of a killed bisector."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisector.errors import EnvironmentProblem
from bisector.system import session
from bisector.system.stop import Stop
from tests.support.scripts import shell, stopped
from tests.support.waiting import until

LEAVES_A_CHILD = "sleep 60 >/dev/null 2>&1 & echo $!"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def unkillable(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """No signal is delivered, as to a process that waits for a disk; the pids of all attempts."""
    pids: list[int] = []
    monkeypatch.setattr(session, "KILL_SECONDS", 0.5)
    with monkeypatch.context() as patch:
        patch.setattr(session, "send", lambda number, targets: pids.extend(targets))
        yield pids
    for pid in set(pids):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_an_unkillable_child_is_an_error_after_a_wait_without_load(
    log: Path, unkillable: list[int]
) -> None:
    started, busy = time.monotonic(), time.thread_time()
    with pytest.raises(
        EnvironmentProblem, match=r"^sh does not end: process \d+ goes on"
    ) as caught:
        shell(LEAVES_A_CHILD, log)
    assert log.read_text().strip() in str(caught.value)
    assert 0.5 < time.monotonic() - started < 5
    assert time.thread_time() - busy < 0.4
    assert len(unkillable) < 50, "it pauses between two checks"


def test_an_unkillable_program_is_an_error(log: Path, unkillable: list[int]) -> None:
    with pytest.raises(EnvironmentProblem, match="sh does not end"):
        shell("exec sleep 60", log, timeout=0.2)
    assert len(set(unkillable)) == 1


def test_an_unkillable_program_can_be_stopped(
    log: Path, unkillable: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bisector.system.stop.GRACE_SECONDS", 0.2)
    error, seconds = stopped("echo; exec sleep 60", log)
    assert not error.clean
    assert seconds < 10


def test_killing_does_not_block_other_uses_of_the_stop(
    unkillable: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not hold the lock until the processes are gone."""
    monkeypatch.setattr(session, "KILL_SECONDS", 60.0)
    stop = Stop()
    hanging = subprocess.Popen(["sleep", "60"], start_new_session=True)
    unkillable.append(hanging.pid)
    with stop.registered(hanging.pid):
        killer = threading.Thread(target=stop._kill, daemon=True)
        killer.start()
        killer.join(5)
        assert not killer.is_alive()
    hanging.kill()
    hanging.wait()


def test_orphans_are_killed_by_their_temporary_folder_and_no_other_processes(
    tmp_path: Path,
) -> None:
    orphan, builds, other = (
        subprocess.Popen(["sleep", "60"], env={"PATH": os.environ["PATH"], "TMPDIR": str(folder)})
        for folder in (tmp_path / "x", tmp_path / "x" / "tmp", tmp_path / "x" / "below")
    )
    session.kill_orphans(tmp_path / "x")
    assert orphan.wait(10) == builds.wait(10) == -signal.SIGKILL
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_leader_that_is_asked_ends_the_others_first(tmp_path: Path) -> None:
    """Also if it is stopped."""
    script = "trap 'echo asked >asked; exit' TERM; >begun; while sleep 0.01; do :; done"
    with subprocess.Popen(["sh", "-c", script], cwd=tmp_path, start_new_session=True) as leader:
        try:
            until((tmp_path / "begun").exists)
            leader.send_signal(signal.SIGSTOP)
            session.ask_to_end(leader.pid)
            assert (tmp_path / "asked").read_text() == "asked\n"
            assert not session.members(leader.pid)
        finally:
            leader.kill()
