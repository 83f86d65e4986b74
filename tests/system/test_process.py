"""Child processes: how they end is told, what they see is little, nothing of them is left."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisector.errors import EnvironmentProblem, MissingProgram
from bisector.system import process
from bisector.system.process import Finished, Stop, Stopped
from bisector.system.workspace import lock


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def shell(script: str, log: Path, timeout: float = 10.0, **more: str) -> Finished:
    return process.run(["sh", "-c", script], log=log, timeout=timeout, env=more)


def is_gone(pid: int) -> bool:
    """Has the process ended, soon enough? It is killed, but the kernel takes its time."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":  # ended; nobody has asked for its status yet
            return True
        time.sleep(0.01)
    return False


# --- how it ended ---------------------------------------------------------------------------------


def test_output_is_stdout_and_stderr_as_they_came_and_the_log_has_it_too(log: Path) -> None:
    done = shell("echo one; echo two >&2; echo three", log)
    assert done.output == "one\ntwo\nthree\n"
    assert log.read_text() == done.output
    assert done.ok and done.status == 0 and not done.timed_out


def test_the_status_is_the_programs_own(log: Path) -> None:
    done = shell("exit 77", log)
    assert done.status == 77 and not done.ok


def test_a_program_ended_by_a_signal_has_its_negative_number_as_status(log: Path) -> None:
    assert shell("kill -SEGV $$", log).status == -signal.SIGSEGV


def test_what_was_run_and_how_long_it_took_is_told(log: Path) -> None:
    done = process.run(["true"], log=log, timeout=10)
    assert done.argv == ("true",)
    assert 0 <= done.seconds < 10


def test_bytes_that_are_not_utf8_are_replaced(log: Path) -> None:
    assert shell(r"printf 'a\377b'", log).output == "a�b"


def test_a_log_is_read_whole_and_of_one_beyond_the_limit_its_head_and_its_end(log: Path) -> None:
    log.write_text("0123456789")
    assert process.read_log(log, limit=10) == ("0123456789", 0)
    assert process.read_log(log, limit=4) == ("01 [... 6 bytes left out ...] 89", 6)


def test_what_is_left_out_of_a_log_makes_no_line_begin_elsewhere(log: Path) -> None:
    log.write_text("**** h1    a log that quotes ---- c1    EXPECT (1) == 2 failed\n")
    for limit in range(2, log.stat().st_size, 2):
        assert "\n-" not in process.read_log(log, limit)[0]


def test_output_that_is_longer_than_four_mebibytes_is_there_from_its_first_line_on(
    log: Path,
) -> None:
    done = shell("echo first; head -c 8000000 /dev/zero | tr '\\0' x; echo; echo last", log)
    assert done.output.startswith("first\nx") and done.output.endswith("x\nlast\n")
    assert (len(done.output), done.dropped) == (log.stat().st_size, 0)


def test_of_output_beyond_every_limit_the_bytes_that_are_left_out_are_told(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "OUTPUT_BYTES", 100)
    done = shell("echo first; head -c 1000 /dev/zero | tr '\\0' x; echo; echo last", log)
    assert done.dropped == log.stat().st_size - 100
    assert done.output.startswith("first\n") and done.output.endswith("\nlast\n")
    assert f"[... {done.dropped} bytes left out ...]" in done.output


def test_it_runs_in_the_folder_that_is_named(tmp_path: Path, log: Path) -> None:
    done = process.run(["pwd"], log=log, timeout=10, cwd=tmp_path)
    assert done.output.strip() == str(tmp_path)


def test_there_is_no_standard_input(log: Path) -> None:
    assert shell("cat; echo end", log).output == "end\n"


# --- its time is over -----------------------------------------------------------------------------


def test_when_its_time_is_over_it_is_stopped_and_what_it_said_is_kept(log: Path) -> None:
    done = shell("echo before; sleep 60; echo after", log, timeout=0.2)
    assert done.timed_out and done.status is None and not done.ok
    assert done.output == "before\n"
    assert done.seconds < 10


def test_at_a_timeout_its_children_and_theirs_end_with_it(log: Path) -> None:
    done = shell("(sleep 60 & echo $!; wait) & echo $!; wait", log, timeout=0.3)
    pids = [int(word) for word in done.output.split()]
    assert len(pids) == 2
    assert all(is_gone(pid) for pid in pids)


def test_what_a_program_leaves_behind_ends_with_it(log: Path) -> None:
    done = shell("sleep 60 >/dev/null 2>&1 & echo $!", log)
    assert done.ok
    assert is_gone(int(done.output))


def test_what_has_a_process_group_of_its_own_ends_with_it_too(log: Path) -> None:
    """As each test that VTest runs has."""
    script = "import subprocess as s; print(s.Popen(['sleep', '60'], process_group=0).pid)"
    done = process.run([sys.executable, "-c", script], log=log, timeout=10)
    assert done.ok
    assert is_gone(int(done.output))


def test_an_interrupt_ends_the_program_too(log: Path) -> None:
    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            shell("echo $$; exec sleep 60", log)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert is_gone(int(log.read_text()))


def test_a_program_ends_with_this_process_even_when_that_is_killed(tmp_path: Path) -> None:
    if not shutil.which("setpriv"):
        pytest.skip("no setpriv on this machine")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    killed = os.fork()
    if killed == 0:  # pragma: no cover
        with contextlib.suppress(BaseException):
            shell(f"echo $$ >{fifo}; exec sleep 60", tmp_path / "log", timeout=60)
        os._exit(0)
    pid = int(fifo.read_text())
    os.kill(killed, signal.SIGKILL)
    os.waitpid(killed, 0)
    assert is_gone(pid)


def test_an_interrupt_that_this_process_ignores_is_not_ignored_by_its_programs(log: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for background jobs
    try:
        assert shell("kill -INT $$; echo alive", log).status == -signal.SIGINT
    finally:
        signal.signal(signal.SIGINT, before)


# --- what it sees ---------------------------------------------------------------------------------


def test_a_program_sees_a_few_variables_and_no_others(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_TOKEN", "MAKEFLAGS", "GIT_DIR", "LD_PRELOAD", "HOME", "LANG"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("TZ", "UTC")
    lines = process.run(["env"], log=log, timeout=10).output.splitlines()
    names = {line.partition("=")[0] for line in lines}
    assert {"PATH", "TZ", "LC_ALL"} <= names
    assert names <= {"PATH", "TMPDIR", "TZ", "SOURCE_DATE_EPOCH", "LC_ALL"}


def test_what_is_given_comes_on_top(log: Path) -> None:
    assert shell("echo $A-$LC_ALL", log, A="a b").output == "a b-C\n"
    assert shell("echo $LC_ALL", log, LC_ALL="POSIX").output == "POSIX\n"


# --- it is called off -----------------------------------------------------------------------------


def called_off(script: str, log: Path, stop: Stop | None = None) -> tuple[Stopped, float]:
    """Call *script* off when it has said something; what run raises, and how long it took."""
    stop = stop or Stop()

    def end() -> None:
        for _ in range(1000):
            if log.exists() and log.read_text().endswith("\n"):
                break
            time.sleep(0.01)
        stop.now()

    caller = threading.Thread(target=end)
    caller.start()
    started = time.monotonic()
    with pytest.raises(Stopped) as caught:
        process.run(["sh", "-c", script], log=log, timeout=30.0, stop=stop)
    caller.join()
    return caught.value, time.monotonic() - started


def test_what_is_called_off_before_it_starts_never_runs(tmp_path: Path, log: Path) -> None:
    stop = Stop()
    stop.now()
    with pytest.raises(Stopped) as caught:
        process.run(["touch", tmp_path / "it-ran"], log=log, timeout=10, stop=stop)
    assert not caught.value.clean, "it did not even begin"
    assert not (tmp_path / "it-ran").exists()


def test_what_is_called_off_as_it_starts_ends(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look whether it was called off and the program's first breath."""
    stop = Stop()
    monkeypatch.setattr(stop, "check", stop.now)
    with pytest.raises(Stopped):
        process.run(["sleep", "60"], log=log, timeout=30, stop=stop)


def test_what_is_called_off_ends_with_all_its_children(log: Path) -> None:
    said, seconds = called_off("sleep 60 & echo $!; wait", log)
    assert said.clean
    assert seconds < process.GRACE_SECONDS
    assert is_gone(int(log.read_text()))


def test_its_childrens_children_are_told_to_end_too_before_it_tidies_up(
    tmp_path: Path, log: Path
) -> None:
    """A compiler's assembler must not write an object that make has just removed."""
    torn = tmp_path / "torn"
    inner = f"trap 'echo written >{torn}; exit' TERM; echo ready; while :; do sleep 0.01; done"
    outer = f"trap 'sleep 0.2; rm -f {torn}; exit 2' TERM; sh -c \"{inner}\" & wait"
    said, _ = called_off(outer, log)
    assert said.clean
    assert not torn.exists()


def test_a_shell_does_not_go_on_to_its_next_program(tmp_path: Path) -> None:
    for number in range(5):
        here = tmp_path / str(number)
        called_off(f"sh -c 'sleep 60; touch {here}' & echo; wait", tmp_path / f"{number}.log")
        assert not here.exists()


def test_it_is_given_time_to_tidy_up(tmp_path: Path, log: Path) -> None:
    tidy = tmp_path / "tidy"
    script = f"trap 'sleep 0.3; echo >{tidy}; exit 1' TERM; echo; while :; do sleep 0.01; done"
    said, _ = called_off(script, log)
    assert said.clean
    assert tidy.exists()


def test_what_ended_by_itself_in_that_moment_is_clean(log: Path) -> None:
    said, _ = called_off("trap '' TERM; echo; sleep 0.3; exit 0", log)
    assert said.clean


def test_what_does_not_obey_is_killed_and_is_not_clean(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.2)
    said, seconds = called_off("trap '' TERM; echo $$; while :; do sleep 60; done", log)
    assert not said.clean
    assert seconds < 10
    assert is_gone(int(log.read_text()))


def test_one_that_is_called_off_takes_no_other_with_it(tmp_path: Path, log: Path) -> None:
    done: list[Finished] = []
    other = threading.Thread(target=lambda: done.append(shell("sleep 0.5; echo x", tmp_path / "b")))
    other.start()
    called_off("echo; sleep 60", log)
    other.join()
    assert [one.output for one in done] == ["x\n"]


def test_what_was_never_called_off_ends_as_it_does(log: Path) -> None:
    stop = Stop()
    assert process.run(["true"], log=log, timeout=10, stop=stop).ok
    stop.now()  # too late


# --- it cannot be killed --------------------------------------------------------------------------

HANGING = "sleep 60 >/dev/null 2>&1 & echo $!"


@pytest.fixture
def immortal(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Signals reach nobody, as none reaches a process that waits for a disk; whom they were for."""
    sent: list[int] = []
    monkeypatch.setattr(process, "KILL_SECONDS", 0.5)
    with monkeypatch.context() as patch:
        patch.setattr(process, "_send", lambda number, pids: sent.extend(pids))
        yield sent
    for pid in set(sent):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_what_cannot_be_killed_is_told_soon_and_waited_for_at_rest(
    log: Path, immortal: list[int]
) -> None:
    started, busy = time.monotonic(), time.thread_time()
    with pytest.raises(
        EnvironmentProblem, match=r"^sh does not end: process \d+ goes on"
    ) as caught:
        shell(HANGING, log)
    assert log.read_text().strip() in str(caught.value)
    assert 0.5 < time.monotonic() - started < 5
    assert time.thread_time() - busy < 0.4
    assert len(immortal) < 50, "a look now and then"


def test_a_program_that_itself_cannot_be_killed_is_not_waited_for_either(
    log: Path, immortal: list[int]
) -> None:
    with pytest.raises(EnvironmentProblem, match="sh does not end"):
        shell("exec sleep 60", log, timeout=0.2)
    assert len(set(immortal)) == 1


def test_what_was_called_off_and_cannot_be_killed_is_called_off(
    log: Path, immortal: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.2)
    said, seconds = called_off("echo; exec sleep 60", log)
    assert not said.clean
    assert seconds < 10


def test_while_what_hangs_is_killed_others_can_be_called_off(
    log: Path, immortal: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the lock is not held meanwhile, and another program can end, too."""
    monkeypatch.setattr(process, "KILL_SECONDS", 60.0)
    stop = Stop()
    hanging = subprocess.Popen(["sleep", "60"], start_new_session=True)
    immortal.append(hanging.pid)
    with stop.watching(hanging.pid):
        killer = threading.Thread(target=stop._kill, daemon=True)
        killer.start()
        killer.join(5)
        assert not killer.is_alive()
    hanging.kill()
    hanging.wait()


# --- it cannot start ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["no-such-program", "/nowhere/program"])
def test_a_missing_program_is_told_by_name_with_a_way_out(name: str, log: Path) -> None:
    with pytest.raises(MissingProgram, match=name) as caught:
        process.run([name], log=log, timeout=10)
    assert "doctor" in caught.value.hint


def test_a_program_with_a_path_starts_where_PATH_leads_nowhere(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell_path = shutil.which("sh")
    assert shell_path
    monkeypatch.setenv("PATH", "/nowhere")
    done = process.run([shell_path, "-c", "echo $PATH"], log=log, timeout=10)
    assert done.output == "/nowhere\n"


def test_without_the_program_that_starts_others_there_is_one_line(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(os, "defpath", "/nowhere")
    with pytest.raises(MissingProgram, match=r"^env: no such program"):
        process.run([sys.executable], log=log, timeout=10)


def test_a_file_that_is_not_executable_is_a_missing_program(tmp_path: Path, log: Path) -> None:
    (tmp_path / "data").write_text("x")
    with pytest.raises(MissingProgram):
        process.run([tmp_path / "data"], log=log, timeout=10)


def test_a_folder_that_is_not_there_is_an_environment_problem(tmp_path: Path, log: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="cannot run true"):
        process.run(["true"], log=log, timeout=10, cwd=tmp_path / "nowhere")


def test_where_a_program_finds_no_room_the_advice_is_to_make_room(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*words: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(EnvironmentProblem, match="cannot run true: No space left") as caught:
        process.run(["true"], log=log, timeout=10)
    assert "make room" in caught.value.hint


def test_orphans_are_known_by_their_temporary_folder_and_nobody_else_is_touched(
    tmp_path: Path,
) -> None:
    orphan, stranger = (
        subprocess.Popen(["sleep", "60"], env={"PATH": os.environ["PATH"], "TMPDIR": str(folder)})
        for folder in (tmp_path / "x", tmp_path / "x" / "below")
    )
    process.end_orphans(tmp_path / "x")
    assert orphan.wait(10) == -signal.SIGKILL
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


# --- locks ----------------------------------------------------------------------------------------


def test_an_inherited_lock_is_held_until_the_last_descendant_has_ended(tmp_path: Path) -> None:
    """As when bisector itself is killed: its orphaned make keeps the build tree."""
    fifo, path = tmp_path / "fifo", tmp_path / "lock"
    os.mkfifo(fifo)
    orphan = os.fork()
    if orphan == 0:  # pragma: no cover
        with contextlib.suppress(BaseException), lock(path) as held:
            assert held is not None
            # leaves a descendant behind that only ends when the fifo is written
            os.set_inheritable(held, True)
            if os.fork() == 0:
                os.execvp("cat", ["cat", str(fifo)])
        os._exit(0)
    os.waitpid(orphan, 0)
    with lock(path) as held:
        assert held is None, "its holder has ended, the holder's child has not"
    fifo.write_text("")
    for _ in range(200):
        with lock(path) as held:
            if held is not None:
                return
        time.sleep(0.01)
    raise AssertionError("the lock outlived everybody")


def test_a_descriptor_that_is_to_be_kept_open_is_open_in_the_program(
    tmp_path: Path, log: Path
) -> None:
    with lock(tmp_path / "lock") as held:
        assert held is not None
        look = f"test -e /proc/self/fd/{held} && echo open || echo closed"
        with_it = process.run(["sh", "-c", look], log=log, timeout=10, keep_open=(held,))
        without = process.run(["sh", "-c", look], log=log, timeout=10)
    assert with_it.output == "open\n"
    assert without.output == "closed\n"
