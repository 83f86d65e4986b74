"""Hunts that are not over one clean line: ends that part, a bug that is older, every change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bisector.git.history import History
from bisector.jobs.playground import Playground
from tests.support import stable
from tests.support.real import bisector


class Lines:
    """The playground, and a stable branch from before the bug that has a pick of it alone."""

    def __init__(self, ground: Playground, history: History, folder: Path) -> None:
        self.commits = (history.range(ground.range).old.id, *history.range(ground.range).commits)
        self.first = self.commits.index(ground.regression)
        self.ground, self.folder = ground, folder
        branch = folder / "haproxy-3.0.git"
        picks = [ground.regression, self.commits[self.first + 1]]
        tags = {0: "v3.0.0", 1: "v3.0.1"}
        base = self.commits[self.first - 1]
        self.picks = stable.make(ground.path, branch, base, picks, tags)
        self.words = ("--repo", str(ground.path), "--with", str(branch))

    def run(self, range_text: str, *words: str) -> dict[str, Any]:
        answer = self.folder / "answer.json"
        done = bisector("run", range_text, *self.words, "--json", str(answer), *words)
        print(done.stdout, done.stderr)
        assert done.returncode == 0
        report: dict[str, Any] = json.loads(answer.read_text())
        return report


@pytest.fixture(scope="module")
def lines(
    ground: Playground, ground_history: History, tmp_path_factory: pytest.TempPathFactory
) -> Lines:
    return Lines(ground, ground_history, tmp_path_factory.mktemp("lines"))


def revisions(report: dict[str, Any]) -> list[tuple[str, str]]:
    """What was found: the line of history and the commit."""
    assert all(one["proven"] for one in report["changes"])
    return [(one["line"], one["revisions"][-1]["id"]) for one in report["changes"]]


def test_a_branch_is_told_the_fix_that_it_lacks(lines: Lines) -> None:
    """It picked the bug; on master that was fixed, so both the base and master are good."""
    report = lines.run("3.0..master", "--blind")
    assert revisions(report) == [("", lines.picks[0]), ("master", lines.ground.heal)]
    had, lacks = report["other_lines"]
    assert (had["state"], had["counterpart"]) == ("had it", lines.ground.regression)
    assert (lacks["state"], lacks["line"]) == ("lacks it", "3.0")
    assert f"backport {lines.ground.heal[:10]} --onto 3.0" in report["conclusion"]["why"]


def test_a_bug_on_both_lines_is_found_on_both(lines: Lines) -> None:
    report = lines.run("3.0..v3.1-dev2", "--blind")
    assert revisions(report) == [("", lines.ground.regression), ("3.0", lines.picks[0])]
    assert [one["state"] for one in report["other_lines"]] == ["has it"]
    assert report["other_lines"][0]["affected"] == ["v3.0.1"]


def test_two_bad_ends_are_taken_back_to_a_good_release(lines: Lines) -> None:
    report = lines.run("v3.1-dev1..v3.1-dev2", "--older", "--blind")
    assert revisions(report) == [("", lines.ground.regression)]
    assert any("goes back to v3.0.0" in note for note in report["notes"])


def test_every_change_of_the_verdict_is_found(lines: Lines) -> None:
    report = lines.run(lines.ground.range, "--all", "--blind")
    assert revisions(report) == [("", lines.ground.regression), ("", lines.ground.heal)]
    assert report["affected"] == ["v3.1-dev1", "v3.1-dev2"]
