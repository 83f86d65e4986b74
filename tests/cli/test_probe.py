"""`bisector probe`, as `git bisect run` calls it: its exit status ends, skips or goes on."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bisector.errors import MissingProgram, PatchConflict
from bisector.jobs import single
from tests.support.clone import Clone
from tests.support.shell import Shell


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
        ("--command", "./no.sh"),
        ("--config", "no.cfg"),
        ("--build", "--toolchain", "fast"),
        ("--build", "--command", "true"),
        ("--build", "--set", "x=y"),
        ("--command", "true", "--expect", "refused"),
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
