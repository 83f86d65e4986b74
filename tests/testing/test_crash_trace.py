"""The library that records crashes, in real programs that play HAProxy, and what is read of it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bisector.system.tools import Tool
from bisector.system.workspace import Workspace
from bisector.testing import crash_trace
from bisector.testing.crash_trace import CrashTrace

PROGRAM = """\
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int *nowhere;
static void (*volatile missing)(void);

static __attribute__((noinline)) void segv(void) { *nowhere = 1; }
static __attribute__((noinline)) void library(void) { memset((void *)nowhere, 1, 4096); }
static __attribute__((noinline)) void call_nothing(void) { missing(); }
static __attribute__((noinline)) void call_data(void)
{
	static long no_code[64];

	missing = (void (*)(void))no_code;
	missing();
}
static __attribute__((noinline)) void give_up(void) { abort(); }
static __attribute__((noinline)) int endless(volatile int *deep) { return 1 + endless(&deep[1]); }
static void *threaded(void *unused) { segv(); return unused; }

int main(int count, char **words)
{
	pthread_t thread;
	volatile int some = 0;

	if (!strcmp(words[1], "segv")) segv();
	if (!strcmp(words[1], "library")) library();
	if (!strcmp(words[1], "call_nothing")) call_nothing();
	if (!strcmp(words[1], "call_data")) call_data();
	if (!strcmp(words[1], "give_up")) give_up();
	if (!strcmp(words[1], "endless")) return endless(&some);
	if (!strcmp(words[1], "threaded") && !pthread_create(&thread, NULL, threaded, NULL))
		pthread_join(thread, NULL);
	if (!strcmp(words[1], "killed")) kill(getpid(), SIGSEGV);
	return count == 3;
}
"""

Run = Callable[..., int]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="module")
def library(workspace: Workspace) -> Tool:
    (tool,) = crash_trace.library(workspace)
    return tool


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program")
    (folder / "haproxy.c").write_text(PROGRAM)
    argv = ["gcc", "-O0", "-w", "-pthread", "-o", "haproxy", "haproxy.c"]
    subprocess.run(argv, cwd=folder, check=True)
    return folder / "haproxy"


@pytest.fixture
def run(library: Tool, binary: Path, tmp_path: Path) -> Run:
    """Run the program, or another one, as a test does; how it ended."""

    def go(*words: str, program: Path = binary, haproxy: Path = binary) -> int:
        env = {
            **os.environ,
            "HAPROXY_PROGRAM": str(haproxy),
            **crash_trace.environment((library,), tmp_path),
        }
        return subprocess.run([program, *words], env=env, check=False).returncode

    return go


@pytest.mark.parametrize(
    ("how", "number", "function"),
    [
        ("segv", signal.SIGSEGV, "segv"),
        ("library", signal.SIGSEGV, "library"),
        ("call_nothing", signal.SIGSEGV, "call_nothing"),
        ("call_data", signal.SIGSEGV, "call_data"),
        ("give_up", signal.SIGABRT, "give_up"),
        ("endless", signal.SIGSEGV, "endless"),
        ("threaded", signal.SIGSEGV, "segv"),
    ],
)
def test_a_crash_is_recorded_with_its_function(
    run: Run, binary: Path, tmp_path: Path, how: str, number: signal.Signals, function: str
) -> None:
    assert run(how) == -number  # as it does without the library
    (crash,) = crash_trace.read(tmp_path, binary, "", None)
    assert (crash.signal, crash.functions[0]) == (number.name, function)


def test_a_signal_that_was_sent_kills_it_too(run: Run, binary: Path, tmp_path: Path) -> None:
    assert run("killed") == -signal.SIGSEGV
    (crash,) = crash_trace.read(tmp_path, binary, "", None)
    assert crash.signal == "SIGSEGV"


@pytest.mark.parametrize("words", [["fine"], ["fine", "status"]])
def test_a_program_that_ends_by_itself_leaves_nothing(
    run: Run, binary: Path, tmp_path: Path, words: list[str]
) -> None:
    assert run(*words) == len(words) - 1
    assert crash_trace.read(tmp_path, binary, "", None) == ()


def test_the_crash_of_another_program_is_not_recorded(
    run: Run, binary: Path, tmp_path: Path
) -> None:
    assert run("segv", haproxy=Path("/bin/true")) == -signal.SIGSEGV
    assert crash_trace.read(tmp_path, binary, "", None) == ()


def test_an_instance_has_its_name_by_its_pid(binary: Path, tmp_path: Path) -> None:
    (tmp_path / crash_trace.RECORDED).write_text("12 11\n13 6\n")
    crashes = crash_trace.read(tmp_path, binary, "***  h1    PID: 12\n", None)
    assert crashes == (CrashTrace("SIGSEGV", (), "h1"), CrashTrace("SIGABRT"))


@pytest.mark.parametrize(
    "text", ["", "11\n", "x y\n", "12 999\n", "12 11 ;touch\n", "\0" * 99, "é 11 ff\n"]
)
def test_anything_else_in_the_file_is_harmless(binary: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / crash_trace.RECORDED).write_text(text)
    crashes = crash_trace.read(tmp_path, binary, "", None)
    assert all(crash.functions == () for crash in crashes)


def test_a_pipe_or_a_link_in_place_of_the_file_is_not_read(binary: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("12 11\n")
    (tmp_path / crash_trace.RECORDED).symlink_to("other")
    assert crash_trace.read(tmp_path, binary, "", None) == ()
    (tmp_path / crash_trace.RECORDED).unlink()
    os.mkfifo(tmp_path / crash_trace.RECORDED)
    assert crash_trace.read(tmp_path, binary, "", None) == ()


def test_the_library_is_compiled_once(workspace: Workspace, library: Tool) -> None:
    made = library.path.stat().st_mtime_ns
    assert crash_trace.library(workspace) == (library,)
    assert library.path.stat().st_mtime_ns == made


def test_without_a_compiler_there_is_no_library_and_tests_run_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert crash_trace.library(Workspace(tmp_path / "workspace")) == ()
    assert crash_trace.environment((), tmp_path) == {}


def test_the_log_s_line_tells_all_of_it() -> None:
    for trace in (
        CrashTrace("SIGSEGV", ("stream_free", "process_stream"), "h1"),
        CrashTrace("SIGABRT", (), ""),
    ):
        assert crash_trace.find(f"**** h1 debug|crash|SIGBUS\n{trace.line}more\n") == (trace,)
