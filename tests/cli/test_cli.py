"""The command line's outermost layer: one line on stderr for whatever fails, and exit statuses."""

from __future__ import annotations

import errno
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pygit2
import pytest

from bisector import __version__
from bisector.errors import UsageProblem
from bisector.probing.setup import Asked
from tests.support.clone import Clone
from tests.support.clusters import machines
from tests.support.shell import Shell

COMMANDS = (
    "run",
    "verify",
    "backport",
    "affected",
    "sweep",
    "probe",
    "build",
    "prebuild",
    "regtest",
    "scenarios",
    "hunts",
    "report",
    "cache",
    "doctor",
    "worker",
    "completions",
    "demo",
)


# --- help -----------------------------------------------------------------------------------------


def test_the_version_is_told(shell: Shell) -> None:
    assert shell("--version") == 0
    assert __version__ in shell.out


@pytest.mark.parametrize("words", [("--help",), (), *((name, "--help") for name in COMMANDS)])
def test_help_is_on_stdout_and_no_failure(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell(*words) == 0
    assert "bisector" in shell.out
    assert shell.err == ""


def test_help_lists_every_command(shell: Shell) -> None:
    shell("--help")
    assert [name for name in COMMANDS if f"\n  {name} " not in shell.out] == []


# --- what the user got wrong ----------------------------------------------------------------------

WRONG: dict[tuple[str, ...], str] = {
    ("nonesuch",): "no command 'nonesuch': 'bisector --help' lists them",
    ("nonesuch", "--help"): "no command 'nonesuch'",
    ("--", "run"): "no command 'run'",
    ("prob", "--help"): "no command 'prob': did you mean 'probe'?",
    ("sweeep", "run", "a..b"): "no command 'sweeep': did you mean 'sweep'?",
    ("--nonesuch",): "'bisector --help'",
    ("run",): "'bisector run --help'",
    ("run", "a..b", "c..d"): "'bisector run --help'",
    ("run", "a..b", "--nonesuch"): "--nonesuch",
    ("run", "a..b", "--fre"): "--fre",
    ("run", "a..b", "--set"): "--set",
    ("run", "a..b", "--set", "record"): "write NAME=VALUE",
    ("run", "a..b", "--set", "record=MX"): "record cannot be 'MX'",
    ("run", "a..b", "--scenario", "nonesuch"): "no scenario 'nonesuch'",
    ("run", "a..b", "--vtc", "x.vtc", "--scenario", "dns-flap"): "takes the place of",
    ("run", "a..b", "--vtc", "no.vtc"): "cannot read no.vtc",
    ("run", "a..b", "--metric", "cpus"): "--metric cpus: one of instructions, cpu",
    ("run", "a..b", "--metric", "cpu", "--load", "no"): "no load 'no': there are http1, ",
    ("run", "a..b", "--metric", "cpu", "--hunks"): "--hunks with --metric: leave one of them out",
    ("run", "a..b", "--metric", "cpu", "--threshold", "0"): "--threshold 0: percent, from 0.1%",
    ("run", "a..b", "--threshold", "1"): "--threshold without --metric: name what to measure",
    ("affected", "a..b", "--metric", "cpu"): "use it with run, sweep or probe",
    ("verify", "v3.0"): "'bisector verify --help'",
    ("verify", "--html", "no/such/x"): "cannot write no/such/x: there is no folder no/such",
    ("verify", "--on", ","): "--on ',' names nothing: write REV or REV,REV,…",
    ("verify", "--on", ""): "--on '' names nothing",
    ("backport", "x", "--onto", " , "): "--onto ' , ' names nothing",
    ("affected",): "'bisector affected --help'",
    ("affected", "a..b", "--tags"): "--tags",
    ("sweep",): "'bisector sweep --help'",
    ("sweep", "a..b", "--tags", "--all"): "--tags and --all exclude each other",
    ("sweep", "a..b", "--every", "2", "--all"): "--every and --all exclude each other",
    ("sweep", "a..b", "--every", "2", "--tags"): "--tags and --every exclude each other",
    ("sweep", "a..b", "--every", "0"): "--every 0: a number from 1 on",
    ("sweep", "a..b", "--every", "some"): "--every some: a number from 1 on",
    ("sweep", "a..b", "--patch", "x"): "the revisions as they are: leave --patch out",
    ("prebuild",): "'bisector prebuild --help'",
    ("prebuild", "a..b", "--patch", "x"): "the revisions as they are: leave --patch out",
    ("prebuild", "a..b", "--jobs", "0"): "--jobs 0: a number from 1 to 64",
    ("backport",): "'bisector backport --help'",
    ("backport", "x", "--patch", "y"): "name the fix without it",
    ("regtest", "nonesuch"): "no scenario 'nonesuch'",
    ("hunts", "more"): "'bisector hunts --help'",
    ("report",): "no hunts yet: 'bisector hunts' lists them",
    ("report", "nonesuch"): "no hunt 'nonesuch': 'bisector hunts' lists them",
    ("run", "a..b", "--json", "no/such/x"): "cannot write no/such/x: there is no folder no/such",
    ("run", "a..b", "--html", "/"): "cannot write /: it is a folder, name a file",
    ("run", "a..b", "--git-bisect-log", "/dev/null/x"): "there is no folder /dev/null",
    ("cache", "--cache-size", "lots"): "--cache-size lots: write a size, e.g. 500M or 5G",
    ("run", "a..b", "--cache-size", "-1"): "--cache-size -1",
    ("build", "a", "--cache-size", "5 apples"): "--cache-size 5 apples",
    ("demo", "--cache-size", ""): "write a size",
    ("run", "a..b", "--jobs", "0"): "--jobs 0: a number from 1 to 64",
    ("run", "a..b", "--jobs", "many"): "--jobs many: a number from 1 to 64",
    ("affected", "a..b", "--jobs", "0"): "--jobs 0: a number from 1 to 64",
    ("sweep", "a..b", "--jobs", "65"): "--jobs 65: a number from 1 to 64",
    ("verify", "--jobs", "-1"): "--jobs -1: a number from 1 to 64",
    ("backport", "x", "--jobs", "x"): "--jobs x: a number from 1 to 64",
    ("worker", "127.0.0.1:1", "--cache-size", "lots"): "--cache-size lots: write a size",
    ("run", "a..b", "--cluster", "10.0.0.1:8786"): "use tls://, or --insecure-cluster",
    ("affected", "a..b", "--cluster", "tls://localhost:1"): "--tls-ca, --tls-cert and --tls-key",
    ("verify", "--same-toolchain"): "name one with --cluster",
    ("completions",): "'bisector completions --help'",
    ("completions", "tcsh"): "no completions for 'tcsh': for bash, zsh, fish",
    ("worker",): "'bisector worker --help'",
    ("worker", "nonesuch"): "'nonesuch' is no scheduler address: write tls://HOST:PORT",
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_a_wrong_command_line_is_one_line_and_status_2(
    shell: Shell, words: tuple[str, ...]
) -> None:
    assert shell(*words) == 2
    assert WRONG[words] in shell.complaint()


@pytest.mark.parametrize(
    ("command", "work"),
    [
        ("run", "bisector.jobs.hunt.job.run"),
        ("affected", "bisector.jobs.survey.affected.run"),
        ("sweep", "bisector.jobs.survey.sweep.plan"),
    ],
)
@pytest.mark.parametrize("flaky", [True, False])
def test_flaky_reaches_each_job_that_weighs_runs_by_probability(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, command: str, work: str, flaky: bool
) -> None:
    def seen(asked: Asked, *more: object, **others: object) -> None:
        raise UsageProblem(f"flaky: {asked.options.flaky}")

    monkeypatch.setattr(work, seen)
    assert shell(command, "a..b", *(["--flaky"] if flaky else [])) == 2
    assert f"flaky: {flaky}" in shell.complaint()


def test_a_range_that_is_none_is_one_line_and_status_2(shell: Shell, clone: Clone) -> None:
    clone.commit({})
    assert shell("run", "nonesuch", "--repo", str(clone.path)) == 2
    assert "'nonesuch' is not a range" in shell.complaint()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nonesuch", "--onto", "master"), "no patch 'nonesuch'"),
        (("master", "--onto", "nonesuch"), "no revision 'nonesuch'"),
        (("master",), "no branch to port to: name one with --onto"),
        (("master", "--onto", "master", "--create-branch", "master"), "master is there already"),
        (("master", "--onto", "master,old", "--create-branch", "x"), "put {branch} into it"),
    ],
)
def test_a_backport_that_makes_no_sense_is_one_line_and_status_2(
    shell: Shell, clone: Clone, words: tuple[str, ...], said: str
) -> None:
    clone.line(2)
    clone.tag("old", clone.commit({"src/haproxy.c": "int y;\n"}))
    assert shell("backport", *words, "--repo", str(clone.path)) == 2
    assert said in shell.complaint()


@pytest.mark.parametrize("words", [("verify", "--on"), ("backport", "master", "--onto")])
def test_what_commas_leave_empty_is_not_asked_for(
    shell: Shell, clone: Clone, words: tuple[str, ...]
) -> None:
    clone.line(2)
    for listed in ("nonesuch,", ",nonesuch", "master,,nonesuch", "master, nonesuch ,"):
        assert shell(*words, listed, "--repo", str(clone.path)) == 2
        assert "no revision 'nonesuch'" in shell.complaint()


def test_a_worker_whose_scheduler_is_not_there_is_one_line_and_status_3(shell: Shell) -> None:
    assert shell("worker", machines().address) == 3
    assert "no scheduler at tcp://127.0.0.1:" in shell.complaint()


def test_a_repository_that_is_none_is_one_line_and_status_3(shell: Shell, tmp_path: Path) -> None:
    assert shell("run", "a..b", "--repo", str(tmp_path)) == 3
    assert "is not a git repository" in shell.complaint()


# --- what nobody got wrong ------------------------------------------------------------------------


def test_an_interrupt_is_130(shell: Shell, failure: list[BaseException]) -> None:
    failure.append(KeyboardInterrupt())
    assert shell("scenarios") == 130
    assert "the same command goes on from here" in shell.complaint()


def test_a_bug_is_status_4_one_line_and_a_file_with_the_details(
    shell: Shell, tmp_path: Path, failure: list[BaseException]
) -> None:
    failure.append(RuntimeError("of two\nlines"))
    assert shell("scenarios") == 4
    (crash,) = (tmp_path / "workspace/crashes").iterdir()
    said = shell.complaint()
    assert said.startswith("bisector: a bug in bisector: RuntimeError: of two lines: ")
    assert said.endswith(str(crash))
    details = crash.read_text()
    assert "Traceback" in details
    expected = (f"bisector {__version__}", f"Python {platform.python_version()}", platform.system())
    pygit = f"pygit2 {metadata.version('pygit2')} with libgit2 {pygit2.LIBGIT2_VERSION}"
    assert [what for what in (*expected, pygit, "\ngit ") if what not in details] == []


def test_a_bug_is_told_where_git_and_pygit2_are_missing(
    shell: Shell, tmp_path: Path, failure: list[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygit2", None)
    failure.append(RuntimeError("boom"))
    assert shell("scenarios") == 4
    (crash,) = (tmp_path / "workspace/crashes").iterdir()
    details = crash.read_text()
    assert "pygit2 cannot be loaded" in details
    assert "git is not there" in details
    assert "RuntimeError: boom" in details


# --- what cannot be imported ----------------------------------------------------------------------


def without(package: str, tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """bisector in a process of its own in which *package* cannot be imported."""
    (tmp_path / f"{package}.py").write_text(f"raise ImportError('{package} is shadowed')\n")
    checkout = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-m", "bisector", *words],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{checkout}", "PATH": "/nowhere"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("package", ["pygit2", "jinja2", "rich"])
def test_the_doctor_says_which_package_cannot_be_imported(package: str, tmp_path: Path) -> None:
    ended = without(package, tmp_path, "doctor")
    assert (ended.returncode, ended.stderr) == (3, "")
    (line,) = (one for one in ended.stdout.splitlines() if one.split()[1] == package)
    assert line.startswith("MISSING")
    assert line.endswith(f"pip install {package} ({package} is shadowed)")


@pytest.mark.parametrize("words", [("run", "a..b"), ("hunts",), ("verify",), ("backport", "x")])
def test_without_pygit2_every_other_command_says_so_in_one_line(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    ended = without("pygit2", tmp_path, *words)
    assert (ended.returncode, ended.stdout) == (3, "")
    (line,) = ended.stderr.splitlines()
    assert line == (
        "bisector: a Python package cannot be imported (pygit2 is shadowed): 'bisector doctor' "
        "says how to get it"
    )
    assert not (tmp_path / "workspace/crashes").exists()


def test_what_bisector_itself_lacks_is_a_bug(
    shell: Shell, tmp_path: Path, failure: list[BaseException]
) -> None:
    failure.append(ImportError("cannot import name 'x'", name="bisector.events"))
    assert shell("scenarios") == 4
    assert "a bug in bisector" in shell.complaint()


def test_a_bug_is_told_even_where_no_details_can_be_kept(
    shell: Shell, tmp_path: Path, failure: list[BaseException]
) -> None:
    (tmp_path / "workspace").write_text("a file in its place")
    failure.append(RuntimeError("boom"))
    assert shell("scenarios") == 4
    assert shell.complaint() == "bisector: a bug in bisector: RuntimeError: boom"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        pygit2.GitError("failed to write: No space left on device"),
    ],
)
def test_a_full_disk_is_no_bug_wherever_it_strikes(
    shell: Shell, tmp_path: Path, failure: list[BaseException], error: Exception
) -> None:
    failure.append(error)
    assert shell("scenarios") == 3
    assert "make room" in shell.complaint()
    assert not (tmp_path / "workspace/crashes").exists()
