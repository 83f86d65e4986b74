"""At which revisions a patch is verified."""

from __future__ import annotations

import pytest

from bisector.errors import UsageProblem
from bisector.git.history import History
from bisector.jobs.verify.revisions import around, named
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

INTRODUCED, FIXED = 3, 8


@pytest.fixture
def line(clone: Clone) -> list[str]:
    commits = clone.line(12)
    for number, name in {1: "v2.9.0", 4: "v3.0-dev1", 6: "v3.0-dev2", 10: "v3.0.0"}.items():
        clone.tag(name, commits[number])
    return commits


@pytest.fixture
def history(clone: Clone, line: list[str], workspace: Workspace) -> History:
    return History.open(clone.path, workspace)


def test_around_a_bug_are_its_releases_and_both_its_edges(
    history: History, line: list[str]
) -> None:
    found = around(history, line[INTRODUCED], line[FIXED])
    assert [line.index(commit) for commit in found] == [2, 4, 6, 7, 8]


def test_a_bug_that_is_still_there_has_no_far_edge(history: History, line: list[str]) -> None:
    found = around(history, line[INTRODUCED], "")
    assert [line.index(commit) for commit in found] == [2, 4, 6, 10, 11]


def test_a_fix_that_the_repository_does_not_know_is_none(history: History, line: list[str]) -> None:
    assert around(history, line[9], "f" * 40) == [line[8], line[10], line[11]]


@pytest.mark.parametrize("introduced", ["", "f" * 40])
def test_without_an_introducing_commit_somebody_has_to_name_revisions(
    history: History, introduced: str
) -> None:
    with pytest.raises(UsageProblem, match=r"--on.*bisector run"):
        around(history, introduced, "")


def test_revisions_are_taken_as_named_and_once(history: History, line: list[str]) -> None:
    found = named(history, ["v3.0.0", "v2.9", line[10][:12]])
    assert [line.index(commit) for commit in found] == [10, 1]


def test_a_range_stands_for_its_ends_and_its_releases(history: History, line: list[str]) -> None:
    found = named(history, [f"{line[0]}..{line[11]}"])
    assert [line.index(commit) for commit in found] == [0, 1, 4, 6, 10, 11]
