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
from bisector.errors import MissingProgram, PatchConflict, UsageProblem
from bisector.jobs import single
from bisector.probing.setup import Asked
from bisector.system.workspace import Workspace, hold
from bisector.testing import scenario_loader
from tests.support.cache_entries import keep_binary
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
    "regtest",
    "scenarios",
    "hunts",
    "report",
    "cache",
    "doctor",
    "worker",
    "demo",
)


@pytest.fixture
def failure(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """What goes wrong inside `bisector scenarios` and whatever else loads one."""
    raised: list[BaseException] = []

    def fail() -> list[str]:
        raise raised[0]

    monkeypatch.setattr(scenario_loader, "bundled", fail)
    return raised


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
    ("run", "a..b", "--cluster", "10.0.0.1:8786"): "use tls://, or say --insecure-cluster",
    ("affected", "a..b", "--cluster", "tls://localhost:1"): "--tls-ca, --tls-cert and --tls-key",
    ("verify", "--same-toolchain"): "name one with --cluster",
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


# --- cache ----------------------------------------------------------------------------------------


@pytest.fixture
def kept() -> tuple[Path, Path]:
    """An older binary and a newer one, of 1 MB each, and a hunt."""
    workspace = Workspace.open()
    (workspace.folder("hunts", "h") / "journal").write_bytes(b"x" * 2000)
    return keep_binary(workspace, 1, 1_000_000, 100), keep_binary(workspace, 2, 1_000_000, 200)


def test_cache_shows_what_there_is_and_removes_nothing(
    shell: Shell, kept: tuple[Path, Path]
) -> None:
    assert shell("cache") == 0
    rows = {line[:20].strip(): line[20:].split() for line in shell.out.splitlines()}
    assert rows["what"][-1] == str(Workspace.open().root)
    assert rows["binaries"] == ["2", "2.0", "MB", "binaries"]
    assert rows["build trees"] == ["0", "0", "B", "trees"]
    assert rows["limited"] == ["2.0", "MB", "of", "5.0", "GB"]
    assert rows["hunts"] == ["1", "2.0", "KB", "hunts"]
    assert all(home.exists() for home in kept)


def test_cache_with_a_size_trims_to_it(shell: Shell, kept: tuple[Path, Path]) -> None:
    assert shell("cache", "--cache-size", "1.5M") == 0
    assert shell.out.startswith("freed       1.0 MB\n")
    assert [home.exists() for home in kept] == [False, True]
    assert "of 1.5 MB" in shell.out


def test_cache_clear_says_what_it_freed_and_what_is_in_use(
    shell: Shell, kept: tuple[Path, Path]
) -> None:
    with hold(kept[0]):
        assert shell("cache", "--clear") == 0
    assert shell.out.startswith(f"freed       1.0 MB\nkept        {kept[0]} (in use)\n")
    assert [home.exists() for home in kept] == [True, False]
    assert (Workspace.open().root / "hunts/h/journal").exists()


# --- probe, as git bisect runs it -----------------------------------------------------------------


@pytest.fixture
def repo(tmp_path: Path) -> tuple[str, str]:
    """A repository without a work tree, whose changes would be worth another line."""
    bare = Clone(tmp_path / "bare.git", bare=True)
    bare.commit({})
    return "--repo", str(bare.path)


@pytest.mark.parametrize(
    "words",
    [
        ("--nonesuch",),
        ("one", "two"),
        ("--set",),
        ("--scenario", "nonesuch"),
        ("--vtc", "no.vtc"),
    ],
    ids=" ".join,
)
def test_a_probe_that_is_asked_wrongly_stops_git_bisect(
    shell: Shell, repo: tuple[str, str], words: tuple[str, ...]
) -> None:
    assert shell("probe", *repo, *words) == 129
    shell.complaint()


def test_a_probe_without_a_repository_stops_git_bisect(shell: Shell, tmp_path: Path) -> None:
    assert shell("probe", "--repo", str(tmp_path)) == 131
    assert "is not a git repository" in shell.complaint()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("x"), 132),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 131),
        (MissingProgram("no VTest"), 131),
        (MemoryError(), 132),
    ],
)
def test_a_probe_on_a_machine_that_fails_or_with_a_bug_stops_git_bisect(
    shell: Shell,
    repo: tuple[str, str],
    failure: list[BaseException],
    error: Exception,
    status: int,
) -> None:
    failure.append(error)
    assert shell("probe", *repo) == status
    shell.complaint()


def test_a_patch_that_does_not_apply_skips_the_revision(
    shell: Shell, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def conflicting(*_: object) -> None:
        raise PatchConflict("x.patch does not apply to 1234")

    clone.commit({})
    monkeypatch.setattr(single, "probe_once", conflicting)
    assert shell("probe", "master", "--repo", str(clone.path)) == 125
    assert "does not apply" in shell.complaint()


@pytest.mark.parametrize("word", ["--nonesuch", "--scenario=nonesuch"])
def test_git_bisect_run_ends_at_a_mistake_instead_of_skipping_everything(
    clone: Clone, word: str
) -> None:
    commits = clone.line(4)
    git = ("git", "-C", str(clone.path))
    subprocess.run([*git, "checkout", "--quiet", "--force", "master"], check=True)
    subprocess.run([*git, "bisect", "start", commits[3], commits[0]], check=True)
    probe = (sys.executable, "-m", "bisector", "probe", word)
    done = subprocess.run(
        [*git, "bisect", "run", *probe], capture_output=True, text=True, check=False
    )
    log = subprocess.run([*git, "bisect", "log"], capture_output=True, text=True, check=True)
    assert done.returncode != 0
    assert "129" in done.stdout + done.stderr
    assert "skip" not in log.stdout


def test_an_interrupted_probe_stops_git_bisect(
    shell: Shell, repo: tuple[str, str], failure: list[BaseException]
) -> None:
    failure.append(KeyboardInterrupt())
    assert shell("probe", *repo) == 130


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
