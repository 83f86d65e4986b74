"""Landlock: its rules, its filter of system calls, how it ends, and older kernels."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bisector.errors import EnvironmentProblem, MissingProgram
from bisector.system import process, tools
from bisector.system.sandbox import Network, Sandbox
from bisector.system.sandbox import landlock as module
from bisector.system.sandbox.landlock import SIGNALS_ABI, SOURCE, Landlock
from bisector.system.stop import Stop, Stopped
from bisector.system.workspace import Workspace
from tests.support.boxed import alive, inside
from tests.support.waiting import until

PLAIN = Landlock("/confine", 7, reads=("/tools",))
BEFORE_SIGNALS = SIGNALS_ABI - 1


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def older(landlock: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Landlock as on a kernel that cannot confine signals."""
    assert isinstance(landlock, Landlock)
    program = tmp_path_factory.mktemp("older") / "confine"
    flag = f"-DNEWEST_ABI={BEFORE_SIGNALS}"
    subprocess.run(["gcc", flag, "-o", program, SOURCE], check=True)
    return replace(landlock, program=str(program), abi=BEFORE_SIGNALS)


@pytest.fixture(params=["landlock", "older"])
def each(request: pytest.FixtureRequest) -> Sandbox:
    found: Sandbox = request.getfixturevalue(request.param)
    return found


# --- options --------------------------------------------------------------------------------------


def given(words: list[str], option: str) -> list[str]:
    """The values of an *option* of confine."""
    return [words[place + 1] for place, word in enumerate(words) if word == option]


def test_only_the_folder_is_writable_and_only_named_paths_are_readable_besides_the_system() -> None:
    words = PLAIN.box(Path("/tree"), reads=(Path("/bin-1"),)).words(None, (7,), "/tree")
    assert given(words, "-w") == ["/tree"]
    assert given(words, "-r")[-2:] == ["/tools", "/bin-1"]
    assert given(words, "-d") == ["/tree"]
    assert given(words, "-c") == ["7"]
    assert "-t" not in words and "-n" not in words


def test_what_needs_no_network_gets_no_sockets() -> None:
    assert "-n" in PLAIN.box(Path("/tree"), network=Network.NONE).words(None, ())


def test_the_kernel_counts_the_tasks_outside_too() -> None:
    words = PLAIN.box(Path("/tree")).words(None, ())
    limit = next(int(word.partition("=")[2]) for word in words if word.startswith("--nproc="))
    assert limit > PLAIN.limits.tasks


# --- what is refused ------------------------------------------------------------------------------

CALLS = """
import ctypes, socket, sys
call = ctypes.CDLL(None, use_errno=True).syscall
for number in map(int, sys.argv[1:]):
    ctypes.set_errno(0)
    print(call(number, 0, 0, 0, 0, 0), ctypes.get_errno())
"""
EPERM, ENOSYS = 1, 38
PTRACE = {"x86_64": 101, "aarch64": 117}
UNSHARE = {"x86_64": 272, "aarch64": 97}
IO_URING_SETUP, CLONE3 = 425, 435


def python(
    box: Sandbox, tree: Path, script: str, *words: str, network: Network = Network.LOOPBACK
) -> list[str]:
    """The lines that a Python *script* prints in the sandbox."""
    program = Path(sys.executable).resolve()
    box = replace(box, reads=(*box.reads, str(program.parents[1])))
    (tree / "script.py").write_text(script)
    command = f"{program} -I script.py {' '.join(words)}"
    return inside(box, tree, command, network=network).output.splitlines()


def test_system_calls_that_nothing_needs_are_refused(landlock: Sandbox, tree: Path) -> None:
    machine = platform.machine()
    numbers = (PTRACE[machine], UNSHARE[machine], IO_URING_SETUP, CLONE3)
    said = python(landlock, tree, CALLS, *map(str, numbers))
    assert said == [f"-1 {EPERM}", f"-1 {EPERM}", f"-1 {ENOSYS}", f"-1 {ENOSYS}"]


SOCKETS = """
import socket
kinds = {"stream": socket.SOCK_STREAM, "dgram": socket.SOCK_DGRAM, "raw": socket.SOCK_RAW}
for family in ("AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK"):
    for name, kind in kinds.items():
        try:
            socket.socket(getattr(socket, family), kind).close()
        except OSError as error:
            if error.errno in (1, 13, 97):  # EPERM, EACCES, EAFNOSUPPORT
                continue
        print(family, name)
socket.socketpair()
print("pair")
"""


def test_a_test_gets_the_sockets_that_haproxy_and_vtest_use(landlock: Sandbox, tree: Path) -> None:
    families = ("AF_UNIX", "AF_INET", "AF_INET6")
    said = python(landlock, tree, SOCKETS)
    assert said == [f"{one} {kind}" for one in families for kind in ("stream", "dgram")] + ["pair"]


def test_a_build_gets_a_pair_that_is_connected_already(landlock: Sandbox, tree: Path) -> None:
    assert python(landlock, tree, SOCKETS, network=Network.NONE) == ["pair"]


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the user's that a program in the sandbox may want to harm."""
    with subprocess.Popen(["sleep", "86398"], env={"A_TOKEN": "secret"}) as child:
        yield child
        child.kill()


def test_other_processes_get_no_signals_and_show_no_environment(
    landlock: Sandbox, tree: Path, victim: subprocess.Popen[bytes]
) -> None:
    deeds = f"kill {victim.pid}; kill $PPID; cat /proc/{victim.pid}/environ; echo end"
    said = inside(landlock, tree, deeds).output
    assert said.endswith("end\n") and "secret" not in said
    assert isinstance(landlock, Landlock)
    if landlock.abi >= SIGNALS_ABI:
        assert victim.poll() is None


def test_abstract_sockets_of_others_cannot_be_reached(landlock: Sandbox, tree: Path) -> None:
    assert isinstance(landlock, Landlock)
    if landlock.abi < SIGNALS_ABI:
        pytest.skip("not confined by this kernel")
    script = (
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0' + {!r})\nprint('in')"
    )
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{tree}")
        server.listen()
        said = python(landlock, tree, script.format(str(tree)))
    assert "in" not in said and said[-1].startswith("PermissionError")


# --- the end --------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["exit 0", "kill -9 $$", "sleep 60"])
def test_nothing_outlives_the_program(each: Sandbox, tree: Path, end: str) -> None:
    """Also where the kernel cannot confine signals."""
    small = replace(each, limits=replace(each.limits, folder=1 << 20))
    script = f"setsid -f setsid -f sleep 60; head -c 2000000 /dev/zero >big; {end}"
    inside(small, tree, script, MARK=str(tree))
    assert not alive(tree)


def test_nothing_outlives_a_killed_bisector(each: Sandbox, tree: Path) -> None:
    words = each.box(tree).words(tree, ())
    script = "setsid -f sleep 60; >begun; trap '' TERM; sleep 60"
    launch = (
        "import subprocess, sys, time\n"
        "subprocess.Popen(sys.argv[1:], start_new_session=True)\n"
        "time.sleep(60)"
    )
    argv = [sys.executable, "-c", launch, *words, "sh", "-c", script]
    with subprocess.Popen(argv, env={**os.environ, "MARK": str(tree)}) as bisector:
        until((tree / "begun").exists)
        bisector.kill()
    until(lambda: not alive(tree))


def test_what_is_cancelled_gets_sigterm_and_then_is_killed(each: Sandbox, tree: Path) -> None:
    script = "trap 'echo cleaned; exit 3' TERM; >begun; setsid -f sleep 60; sleep 60 & wait"
    stop = Stop()
    log = tree.parent / "log"
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(
            process.run,
            ["sh", "-c", script],
            log=log,
            timeout=20,
            cwd=tree,
            env={"MARK": str(tree)},
            stop=stop,
            box=each.box(tree),
        )
        until((tree / "begun").exists)
        stop.request()
        with pytest.raises(Stopped) as caught:
            asked.result()
    assert caught.value.clean
    # a shell that sees its sleep's end before its own signal says "Terminated" first
    assert log.read_text().splitlines()[-1] == "cleaned"
    assert not alive(tree)


def test_a_lock_is_held_until_the_last_process_has_ended(each: Sandbox, tree: Path) -> None:
    """The launcher holds it, the program does not."""
    with (tree.parent / "lock").open("w") as held:
        done = process.run(
            ["sh", "-c", "ls -l /proc/self/fd"],
            log=tree.parent / "log",
            timeout=20,
            cwd=tree,
            keep_open=(held.fileno(),),
            box=each.box(tree),
        )
    assert done.ok and str(tree.parent / "lock") not in done.output


def test_its_statuses_are_those_of_a_shell(landlock: Sandbox, tree: Path) -> None:
    (tree / "text").write_text("no program")
    assert inside(landlock, tree, "kill -SEGV $$").status == -signal.SIGSEGV
    assert inside(landlock, tree, "exit 77").status == 77
    for name, status in (("./none", 127), ("./text", 126)):
        words = [*landlock.box(tree).words(tree, ()), name]
        assert subprocess.run(words, cwd=tree, check=False).returncode == status


# --- where it does not work -----------------------------------------------------------------------


def test_a_kernel_that_cannot_keep_files_whole_is_refused(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "confine.c"
    source.write_text(f'#define NEWEST_ABI 2\n#include "{SOURCE}"\n')
    monkeypatch.setattr(module, "SOURCE", source)
    with pytest.raises(EnvironmentProblem, match=r"Landlock is too old.*since Linux 6\.2"):
        module.examined(workspace)


def test_without_a_compiler_there_is_none_until_there_is_one(
    workspace: Workspace, landlock: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(tools, "require_compiler", refuse)
        with pytest.raises(EnvironmentProblem, match="cannot be compiled here: install gcc"):
            module.examined(workspace)
    assert module.examined(workspace).said == landlock.said


def refuse() -> None:
    raise MissingProgram("no gcc on this machine", "install it")


def test_its_compiler_says_nothing(tmp_path: Path) -> None:
    gcc = shutil.which("gcc")
    assert gcc
    flags = ("-Wall", "-Wextra", "-Werror", "-O2", "-o", tmp_path / "confine")
    subprocess.run([gcc, *flags, SOURCE], check=True)


def test_a_report_says_what_it_lacks() -> None:
    assert PLAIN.said == "Landlock (ABI 7)"
    assert PLAIN.lacks == "which lets tests reach other hosts and services of this machine"
    assert "signals" in replace(PLAIN, abi=BEFORE_SIGNALS).lacks
