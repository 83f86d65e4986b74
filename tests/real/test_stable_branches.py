"""A stable branch in a repository of its own: its releases are covered like any others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bisector.git.history import History
from bisector.git.picks import Pick, PickedBy, Picks
from bisector.jobs.playground import Playground
from bisector.system.workspace import Workspace
from tests.support import stable
from tests.support.files import listing
from tests.support.real import bisector

RELEASES = {0: "v3.0.12", 1: "v3.0.13", 2: "v3.0.14", 3: "v3.0.15"}


class Branch:
    """The branch 3.0 after v3.0.12; v3.0.13 has a pick of the regression, v3.0.15 of its fix.

    But for the last one, its trees are those of the playground's commits.
    """

    def __init__(self, ground: Playground, history: History, path: Path) -> None:
        commits = history.range(ground.range).commits
        first = commits.index(ground.regression)
        picks = [ground.regression, commits[first + 1], ground.heal]
        self.path = path
        self.words = ("--repo", str(ground.path), "--with", str(path))
        self.picks = stable.make(ground.path, path, commits[first - 1], picks, RELEASES)


@pytest.fixture(scope="module")
def branch(
    ground: Playground, ground_history: History, tmp_path_factory: pytest.TempPathFactory
) -> Branch:
    folder = tmp_path_factory.mktemp("stable") / "haproxy-3.0.git"
    return Branch(ground, ground_history, folder)


def test_the_point_releases_with_the_bug_are_told(
    ground: Playground, branch: Branch, tmp_path: Path
) -> None:
    answer, before = tmp_path / "answer.json", (listing(ground.path), listing(branch.path))
    done = bisector("affected", "v3.0.12..3.0", *branch.words, "--json", str(answer))
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(answer.read_text())
    assert [row["release"] for row in told["releases"]] == [*RELEASES.values()]
    assert told["affected"] == ["v3.0.13", "v3.0.14"]
    assert (listing(ground.path), listing(branch.path)) == before


def test_one_table_tells_of_the_main_line_and_the_maintained_branch(
    ground: Playground, branch: Branch, tmp_path: Path
) -> None:
    """Two lines part at v3.0.12; both got the bug, and both lost it again."""
    answer = tmp_path / "answer.json"
    words = ("affected", "v3.0.11..master", "--maintained", *branch.words)
    done = bisector(*words, "--json", str(answer))
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(answer.read_text())
    assert told["affected"] == ["v3.1-dev1", "v3.1-dev2", "v3.0.13", "v3.0.14"]
    assert {row["release"]: row["branch"] for row in told["releases"]} == {
        **dict.fromkeys(("v3.0.11", "v3.0.12", "v3.1-dev1", "v3.1-dev2", "v3.1-dev3"), ""),
        **dict.fromkeys(("v3.0.13", "v3.0.14", "v3.0.15"), "3.0"),
    }


def test_the_pick_that_brought_the_bug_is_found_and_its_origin_named(
    ground: Playground,
    branch: Branch,
    ground_history: History,
    real_workspace: Workspace,
    tmp_path: Path,
) -> None:
    answer = tmp_path / "answer.json"
    words = ("run", "v3.0.12..v3.0.14", "--blind", *branch.words)
    done = bisector(*words, "--json", str(answer))
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(answer.read_text())
    (revision,) = told["introduction"]["revisions"]
    assert (revision["id"], revision["place"]) == (branch.picks[0], "v3.0.13")
    assert told["introduction"]["origin"] == ground.regression
    assert told["proven"] is True

    history = History.open(branch.path, real_workspace)
    picks = Picks(history.objects, history.range("v3.0.12..3.0").commits)
    assert picks.of(ground.regression) == Pick(branch.picks[0], PickedBy.TRAILER)
