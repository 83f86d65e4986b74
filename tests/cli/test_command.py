"""`--with`: a wrong one is one line, whichever command gets it; a right one brings its releases."""

from __future__ import annotations

from pathlib import Path

import pygit2
import pytest

from tests.support.clone import Clone
from tests.support.shell import Shell


@pytest.fixture
def clone(clone: Clone) -> Clone:
    clone.tag("v3.0.0", clone.line(3)[1])
    return clone


@pytest.fixture
def unrelated(tmp_path: Path) -> Path:
    """HAProxy's sources, imported anew."""
    made = Clone(tmp_path / "unrelated")
    made.commit({"x": "1\n"})
    return made.path


def refusal(shell: Shell, clone: Clone, *words: str) -> str:
    """The line on stderr about a command line that is refused before anything is built."""
    assert shell(*words, "--repo", str(clone.path)) in (2, 3)
    return shell.complaint()


@pytest.mark.parametrize(
    "words",
    [
        ("run", "v3.0.0..master"),
        ("affected", "v3.0.0..master"),
        ("sweep", "v3.0.0..master"),
        ("verify", "--on", "master"),
        ("backport", "master", "--onto", "3.0"),
        ("probe", "master"),
        ("build", "master"),
        ("prebuild", "v3.0.0..master"),
    ],
    ids=lambda words: words[0],
)
def test_every_command_that_reads_a_repository_refuses_a_wrong_one(
    shell: Shell, clone: Clone, tmp_path: Path, words: tuple[str, ...]
) -> None:
    status = shell(*words, "--repo", str(clone.path), "--with", str(tmp_path / "nowhere"))
    assert status == (131 if words[0] == "probe" else 3)
    assert "--with" in shell.complaint()


def test_each_way_to_be_wrong_is_one_line(
    shell: Shell, clone: Clone, unrelated: Path, tmp_path: Path
) -> None:
    pygit2.init_repository(str(tmp_path / "empty"))
    for name, said in {
        tmp_path: "is not a git repository",
        tmp_path / "empty": "but not HAProxy's",
        unrelated: "shares no history with",
        f"file://{unrelated}": "none of its branches and tags is in",
        f"file://{tmp_path}/nowhere.git": "cannot be cloned",
        "http://127.0.0.1:1/haproxy.git": "cannot be cloned",
        "3.0/x": "is no folder and no URL",
    }.items():
        assert said in refusal(shell, clone, "affected", "v3.0.0..", "--with", str(name)), name


def test_offline_says_what_was_never_fetched(shell: Shell, clone: Clone) -> None:
    told = refusal(shell, clone, "affected", "v3.0.0..", "--with", "3.0", "--offline")
    assert "cannot be cloned (--offline)" in told


@pytest.mark.parametrize("words", [("verify",), ("backport", "master")], ids=lambda words: words[0])
def test_without_releases_no_branch_is_maintained(
    shell: Shell, unrelated: Path, words: tuple[str, ...]
) -> None:
    assert shell(*words, "--maintained", "--repo", str(unrelated)) == 2
    assert "no release of a maintained branch" in shell.complaint()
