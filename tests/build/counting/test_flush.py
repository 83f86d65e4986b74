"""The counters are written however a program ends, and it ends as it would without them."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from bisector.build import tcc
from bisector.build.counting import FLUSH
from bisector.build.counting.functions import of_tcc
from bisector.system.workspace import Workspace

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
def by_tcc(tmp_path_factory: pytest.TempPathFactory) -> Path:
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
def test_tcc_names_what_ran_and_nothing_else(by_tcc: Path, way: str) -> None:
    counts = by_tcc / "haproxy.counts"
    counts.unlink(missing_ok=True)
    assert run(by_tcc, way) == ENDS[way]
    handled = {("main.c", "served")} if way.startswith("t") else set()
    expected = {("main.c", "main"), ("main.c", "ran"), ("", "small")}
    assert of_tcc(counts.read_text(), str(by_tcc)) == expected | handled


def test_the_runs_of_several_processes_add_up(by_tcc: Path) -> None:
    counts = by_tcc / "haproxy.counts"
    counts.unlink(missing_ok=True)
    run(by_tcc, "exit")
    run(by_tcc, "terminated")
    assert ("main.c", "served") in of_tcc(counts.read_text(), str(by_tcc))
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
