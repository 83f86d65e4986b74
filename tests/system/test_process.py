"""Child processes: their result, their environment, and that none is left behind."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from bisector.errors import EnvironmentProblem, MissingProgram
from bisector.system import process
from bisector.system.locks import lock
from tests.support.scripts import shell
from tests.support.waiting import is_gone


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


# --- how it ended ---------------------------------------------------------------------------------


def test_output_is_stdout_and_stderr_interleaved_and_the_log_has_the_same(log: Path) -> None:
    done = shell("echo one; echo two >&2; echo three", log)
    assert done.output == "one\ntwo\nthree\n"
    assert log.read_text() == done.output
    assert done.ok and done.status == 0 and not done.timed_out


def test_the_status_is_the_programs_own(log: Path) -> None:
    done = shell("exit 77", log)
    assert done.status == 77 and not done.ok


def test_the_status_of_a_program_ended_by_signal_n_is_minus_n(log: Path) -> None:
    assert shell("kill -SEGV $$", log).status == -signal.SIGSEGV


def test_the_result_has_the_command_and_the_elapsed_time(log: Path) -> None:
    done = process.run(["true"], log=log, timeout=10)
    assert done.argv == ("true",)
    assert 0 <= done.seconds < 10


def test_bytes_that_are_not_utf8_are_replaced(log: Path) -> None:
    assert shell(r"printf 'a\377b'", log).output == "a�b"


def test_a_log_beyond_the_limit_is_read_without_its_middle(log: Path) -> None:
    log.write_text("0123456789")
    assert process.read_log(log, limit=10) == ("0123456789", 0)
    assert process.read_log(log, limit=4) == ("01 [... 6 bytes left out ...] 89", 6)


def test_no_text_becomes_the_beginning_of_a_line_where_bytes_are_left_out(log: Path) -> None:
    log.write_text("**** h1    a log that quotes ---- c1    EXPECT (1) == 2 failed\n")
    for limit in range(2, log.stat().st_size, 2):
        assert "\n-" not in process.read_log(log, limit)[0]


def test_output_of_eight_megabytes_is_complete(log: Path) -> None:
    done = shell("echo first; head -c 8000000 /dev/zero | tr '\\0' x; echo; echo last", log)
    assert done.output.startswith("first\nx") and done.output.endswith("x\nlast\n")
    assert (len(done.output), done.dropped) == (log.stat().st_size, 0)


def test_output_beyond_the_limit_says_how_many_bytes_are_left_out(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "OUTPUT_BYTES", 100)
    done = shell("echo first; head -c 1000 /dev/zero | tr '\\0' x; echo; echo last", log)
    assert done.dropped == log.stat().st_size - 100
    assert done.output.startswith("first\n") and done.output.endswith("\nlast\n")
    assert f"[... {done.dropped} bytes left out ...]" in done.output


def test_it_runs_in_the_given_folder(tmp_path: Path, log: Path) -> None:
    done = process.run(["pwd"], log=log, timeout=10, cwd=tmp_path)
    assert done.output.strip() == str(tmp_path)


def test_there_is_no_standard_input(log: Path) -> None:
    assert shell("cat; echo end", log).output == "end\n"


# --- the end of a program and of its session ------------------------------------------------------


def test_at_the_timeout_it_is_killed_and_its_output_is_kept(log: Path) -> None:
    done = shell("echo before; sleep 60; echo after", log, timeout=0.2)
    assert done.timed_out and done.status is None and not done.ok
    assert done.output == "before\n"
    assert done.seconds < 10


def test_at_the_timeout_its_children_and_theirs_are_killed(log: Path) -> None:
    done = shell("(sleep 60 & echo $!; wait) & echo $!; wait", log, timeout=0.3)
    pids = [int(word) for word in done.output.split()]
    assert len(pids) == 2
    assert all(is_gone(pid) for pid in pids)


def test_processes_that_a_program_leaves_behind_are_killed(log: Path) -> None:
    done = shell("sleep 60 >/dev/null 2>&1 & echo $!", log)
    assert done.ok
    assert is_gone(int(done.output))


def test_processes_in_another_process_group_are_killed_too(log: Path) -> None:
    """VTest starts each test in a process group of its own."""
    script = "import subprocess as s; print(s.Popen(['sleep', '60'], process_group=0).pid)"
    done = process.run([sys.executable, "-c", script], log=log, timeout=10)
    assert done.ok
    assert is_gone(int(done.output))


def test_an_interrupt_kills_the_program(log: Path) -> None:
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


def test_a_program_is_killed_when_this_process_is_killed(tmp_path: Path) -> None:
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


def test_a_program_does_not_inherit_an_ignored_sigint(log: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for background jobs
    try:
        assert shell("kill -INT $$; echo alive", log).status == -signal.SIGINT
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_watcher_is_called_with_the_pid_while_the_program_runs(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "WATCH_SECONDS", 0.05)
    pids: list[int] = []
    done = process.run(
        ["sh", "-c", "echo $$; sleep 0.5"], log=log, timeout=10, watchers=[pids.append]
    )
    assert set(pids) == {int(done.output)}
    assert 2 <= len(pids) <= 10


# --- its environment ------------------------------------------------------------------------------


def test_a_program_gets_a_few_variables_and_no_others(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_TOKEN", "MAKEFLAGS", "GIT_DIR", "LD_PRELOAD", "HOME", "LANG"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("TZ", "UTC")
    lines = process.run(["env"], log=log, timeout=10).output.splitlines()
    names = {line.partition("=")[0] for line in lines}
    assert {"PATH", "TZ", "LC_ALL"} <= names
    assert names <= {"PATH", "TMPDIR", "TZ", "SOURCE_DATE_EPOCH", "LC_ALL"}


def test_given_variables_are_added_or_replace_others(log: Path) -> None:
    assert shell("echo $A-$LC_ALL", log, A="a b").output == "a b-C\n"
    assert shell("echo $LC_ALL", log, LC_ALL="POSIX").output == "POSIX\n"


# --- programs that cannot start -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["no-such-program", "/nowhere/program"])
def test_the_error_for_a_missing_program_has_its_name_and_a_hint(name: str, log: Path) -> None:
    with pytest.raises(MissingProgram, match=name) as caught:
        process.run([name], log=log, timeout=10)
    assert "doctor" in caught.value.hint


def test_a_program_with_a_path_starts_if_PATH_has_no_folder_that_exists(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell_path = shutil.which("sh")
    assert shell_path
    monkeypatch.setenv("PATH", "/nowhere")
    done = process.run([shell_path, "-c", "echo $PATH"], log=log, timeout=10)
    assert done.output == "/nowhere\n"


def test_without_env_the_error_is_one_line(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(os, "defpath", "/nowhere")
    with pytest.raises(MissingProgram, match=r"^env: no such program"):
        process.run([sys.executable], log=log, timeout=10)


def test_busyboxs_env_and_setpriv_which_lack_options_are_not_used(
    log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    busybox = tmp_path / "busybox"
    busybox.write_text("#!/bin/sh\nexit 9\n")
    busybox.chmod(0o755)
    (tmp_path / "setpriv").symlink_to(busybox)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert process.run(["true"], log=log, timeout=10).ok, "without setpriv"
    (tmp_path / "env").symlink_to(busybox)
    with pytest.raises(MissingProgram, match=r"^env: .* busybox's, which lacks --default-signal"):
        process.run(["true"], log=log, timeout=10)


def test_the_path_is_this_processs_own_at_each_start(
    log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "own-program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert process.run(["own-program"], log=log, timeout=10).ok


def test_a_file_that_is_not_executable_is_a_missing_program(tmp_path: Path, log: Path) -> None:
    (tmp_path / "data").write_text("x")
    with pytest.raises(MissingProgram):
        process.run([tmp_path / "data"], log=log, timeout=10)


def test_a_missing_working_directory_is_an_environment_problem(tmp_path: Path, log: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="cannot run true"):
        process.run(["true"], log=log, timeout=10, cwd=tmp_path / "nowhere")


def test_on_a_full_disk_the_hint_is_to_make_room(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*words: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(EnvironmentProblem, match="cannot run true: No space left") as caught:
        process.run(["true"], log=log, timeout=10)
    assert "make room" in caught.value.hint


# --- inherited file descriptors -------------------------------------------------------------------


def test_an_inherited_lock_is_held_until_the_last_descendant_has_ended(tmp_path: Path) -> None:
    """A make that a killed bisector leaves behind keeps the lock on its build tree."""
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
        assert held is None, "its descendant still holds it"
    fifo.write_text("")
    for _ in range(200):
        with lock(path) as held:
            if held is not None:
                return
        time.sleep(0.01)
    raise AssertionError("the lock was not released")


def test_a_descriptor_in_keep_open_is_inherited(tmp_path: Path, log: Path) -> None:
    with lock(tmp_path / "lock") as held:
        assert held is not None
        look = f"test -e /proc/self/fd/{held} && echo open || echo closed"
        with_it = process.run(["sh", "-c", look], log=log, timeout=10, keep_open=(held,))
        without = process.run(["sh", "-c", look], log=log, timeout=10)
    assert with_it.output == "open\n"
    assert without.output == "closed\n"
