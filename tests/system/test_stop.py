"""Stop requests: a program is terminated with its children, and killed if it goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bisector.system import process
from bisector.system.process import Finished
from bisector.system.stop import GRACE_SECONDS, Stop, Stopped
from tests.support.scripts import first_pid, shell, stopped
from tests.support.waiting import is_gone


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_a_program_is_not_started_after_a_request(tmp_path: Path, log: Path) -> None:
    stop = Stop()
    stop.request()
    with pytest.raises(Stopped) as caught:
        process.run(["touch", tmp_path / "it-ran"], log=log, timeout=10, stop=stop)
    assert not caught.value.clean, "it did not start"
    assert not (tmp_path / "it-ran").exists()


def test_a_program_that_starts_during_a_request_is_terminated(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request comes after the check and before the session is registered."""
    stop = Stop()
    monkeypatch.setattr(stop, "check", stop.request)
    with pytest.raises(Stopped):
        process.run(["sleep", "60"], log=log, timeout=30, stop=stop)


def test_all_children_are_terminated(log: Path) -> None:
    error, seconds = stopped("sleep 60 & echo $!; wait", log)
    assert error.clean
    assert seconds < GRACE_SECONDS
    assert is_gone(first_pid(log))


def test_grandchildren_are_terminated_before_the_leader_cleans_up(
    tmp_path: Path, log: Path
) -> None:
    """A compiler's assembler must not write an object file that make has just removed."""
    torn = tmp_path / "torn"
    inner = f"trap 'echo written >{torn}; exit' TERM; echo ready; while :; do sleep 0.01; done"
    outer = f"trap 'sleep 0.2; rm -f {torn}; exit 2' TERM; sh -c \"{inner}\" & wait"
    error, _ = stopped(outer, log)
    assert error.clean
    assert not torn.exists()


def test_a_shell_does_not_start_its_next_program(tmp_path: Path) -> None:
    for number in range(5):
        made = tmp_path / str(number)
        stopped(f"sh -c 'sleep 60; touch {made}' & echo; wait", tmp_path / f"{number}.log")
        assert not made.exists()


def test_a_program_has_time_to_clean_up(tmp_path: Path, log: Path) -> None:
    cleaned = tmp_path / "cleaned"
    script = f"trap 'sleep 0.3; echo >{cleaned}; exit 1' TERM; echo; while :; do sleep 0.01; done"
    error, _ = stopped(script, log)
    assert error.clean
    assert cleaned.exists()


def test_a_program_that_ends_by_itself_after_the_request_is_clean(log: Path) -> None:
    error, _ = stopped("trap '' TERM; echo; sleep 0.3; exit 0", log)
    assert error.clean


def test_a_program_that_ignores_sigterm_is_killed_and_not_clean(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bisector.system.stop.GRACE_SECONDS", 0.2)
    error, seconds = stopped("trap '' TERM; echo $$; while :; do sleep 60; done", log)
    assert not error.clean
    assert seconds < 10
    assert is_gone(first_pid(log))


def test_programs_of_another_stop_go_on(tmp_path: Path, log: Path) -> None:
    done: list[Finished] = []
    other = threading.Thread(target=lambda: done.append(shell("sleep 0.5; echo x", tmp_path / "b")))
    other.start()
    stopped("echo; sleep 60", log)
    other.join()
    assert [finished.output for finished in done] == ["x\n"]


def test_without_a_request_a_program_ends_normally(log: Path) -> None:
    stop = Stop()
    assert process.run(["true"], log=log, timeout=10, stop=stop).ok
    stop.request()  # too late
