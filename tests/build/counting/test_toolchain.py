"""What counting toolchains add to those of a job, and what their binaries write as they end."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from bisector.build import tcc
from bisector.build.counting.functions import of_tcc
from bisector.build.counting.toolchain import FLUSH, by_gcov, by_tcc
from bisector.build.toolchain import Toolchain, Toolchains
from bisector.build.toolchains import TOOLCHAINS
from bisector.build.toolchains.dev import Dev
from bisector.build.toolchains.fast import Fast
from bisector.build.toolchains.release import Release
from bisector.system.tools import Lua, Tool
from bisector.system.workspace import Workspace

LUA = Lua("5.4", Path("/lua/include"), Path("/lua/lib"), "lua5.4", "lua-id")
MAKE, GCC = Tool(Path("make"), "make", "make-id"), Tool(Path("gcc"), "gcc", "gcc-id")


def toolchain(name: str, extra: Mapping[str, str] | None = None) -> Toolchain:
    return TOOLCHAINS[name].of(MAKE, GCC, LUA, extra or {})


@pytest.mark.parametrize("name", [Dev.name, Release.name])
def test_a_counting_toolchain_is_gccs_without_optimisation(name: str) -> None:
    made = by_gcov(Toolchains(toolchain(Fast.name), None, toolchain(name)))
    assert made
    words = dict(made.variables)
    assert words["ARCH_FLAGS"] == "--coverage"
    assert words["CPU_CFLAGS"] == words["OPT_CFLAGS"] == "-O0"
    assert made.name not in (Dev.name, Fast.name, Release.name), "its objects lie apart"
    assert made.identity != toolchain(name).identity


def test_the_users_own_flags_stay() -> None:
    made = by_gcov(Toolchains(toolchain(Dev.name, {"ARCH_FLAGS": "-m32", "ADDLIB": "-lx"})))
    assert made
    words = dict(made.variables)
    assert words["ARCH_FLAGS"] == "-m32 --coverage"
    assert words["ADDLIB"].startswith("-lx ")


def test_tcc_alone_has_no_gcov() -> None:
    assert by_gcov(Toolchains(toolchain(Fast.name))) is None


def test_tcc_counts_with_flags_of_its_own(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcc, "compiled", lambda workspace, source: Path("/t/flush.o"))
    fast = Fast.of(MAKE, GCC, LUA, {"ADDLIB": "-lx"})
    made = by_tcc(workspace, fast)
    words = dict(made.variables)
    assert (words["ARCH_FLAGS"], words["ADDLIB"]) == ("-ftest-coverage", "-lx /t/flush.o")
    assert made.name != Fast.name, "its objects lie apart"
    assert made.identity != fast.identity


# --- how a program ends -----------------------------------------------------------------------

PROGRAM = """\
#include <signal.h>
#include <stdlib.h>
int ran(int n) { return n + 1; }
int missed(int n) { return n - 1; }
static inline int small(int n) { return n * 2; }
static void served(int number) { exit(ran(6)); }
int main(int argc, char **argv)
{
	int *nowhere = 0;

	if (argc > 9)
		missed(argc);
	small(ran(argc));
	signal(SIGTERM, served);
	signal(SIGINT, SIG_DFL);
	switch (argv[1][0]) {
	case 'i': raise(SIGINT);
	case 't': raise(SIGTERM);
	case 's': *nowhere = 1;
	case 'a': abort();
	}
	return 0;
}
"""
ENDS = {
    "exit": 0,
    "interrupted": -signal.SIGINT,
    "terminated, and handled": 7,
    "segmentation fault": -signal.SIGSEGV,
    "abort": -signal.SIGABRT,
}


def run(folder: Path, way: str) -> int:
    return subprocess.run([folder / "haproxy", way], cwd=folder, check=False).returncode


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the program, built by tcc."""
    if tcc.find() is None:
        pytest.skip("no tcc on this machine")
    folder = tmp_path_factory.mktemp("tcc")
    workspace = Workspace(folder / "workspace")
    flush, cc = tcc.compiled(workspace, FLUSH), tcc.compiler(workspace).path
    assert flush == tcc.compiled(workspace, FLUSH), "it is compiled once"
    (folder / "main.c").write_text(PROGRAM)
    options = ("-ftest-coverage", "-o")
    subprocess.run([cc, *options, "main.o", "-c", folder / "main.c"], cwd=folder, check=True)
    subprocess.run([cc, *options, "haproxy", "main.o", flush], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize("way", ENDS)
def test_tcc_names_what_ran_and_nothing_else(built: Path, way: str) -> None:
    counts = built / "haproxy.counts"
    counts.unlink(missing_ok=True)
    assert run(built, way) == ENDS[way]
    handled = {("main.c", "served")} if way.startswith("t") else set()
    expected = {("main.c", "main"), ("main.c", "ran"), ("", "small")}
    assert of_tcc(counts.read_text(), str(built)) == expected | handled


def test_the_runs_of_several_processes_add_up(built: Path) -> None:
    counts = built / "haproxy.counts"
    counts.unlink(missing_ok=True)
    run(built, "exit")
    run(built, "terminated")
    assert ("main.c", "served") in of_tcc(counts.read_text(), str(built))
    assert all(line.count("\t") == 1 for line in counts.read_text().splitlines())


@pytest.mark.parametrize("way", ENDS)
def test_gcov_has_its_counters_too(tmp_path: Path, way: str) -> None:
    if not shutil.which("gcc"):
        pytest.skip("no gcc on this machine")
    (tmp_path / "main.c").write_text(PROGRAM)
    words = ("gcc", "-w", "--coverage", "-o", "haproxy", "main.c", FLUSH, "-Wl,--wrap=signal")
    subprocess.run(words, cwd=tmp_path, check=True)
    assert run(tmp_path, way) == ENDS[way]
    assert list(tmp_path.glob("*main.gcda"))
