"""Lines of history: paths, older releases, and the ends that part."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bisector.errors import BadRange
from bisector.git import lines
from bisector.git.history import History
from bisector.system.workspace import Workspace
from tests.support.clone import Clone


@pytest.fixture
def line(clone: Clone) -> list[str]:
    made = clone.line(10)
    for number, name in {1: "v2.9.0", 2: "v2.9.1", 4: "v2.10.0", 6: "v3.0-dev1"}.items():
        clone.tag(name, made[number])
    return made


def test_older_releases_are_the_first_of_each_series_newest_first(
    clone: Clone, line: list[str], workspace: Workspace
) -> None:
    history = History.open(clone.path, workspace)

    def older(number: int) -> list[tuple[str, int]]:
        found = lines.older_releases(history, line[number])
        return [(name, line.index(commit)) for name, commit in found]

    assert older(9) == [("v2.10.0", 4), ("v2.9.0", 1)], "10 > 9"
    assert older(4) == [("v2.9.0", 1)], "not itself, and no maintenance release"
    assert older(0) == []


def test_a_range_from_an_older_release_on(
    clone: Clone, line: list[str], workspace: Workspace
) -> None:
    history = History.open(clone.path, workspace)
    span = history.range(f"{line[5]}..master")
    older = lines.from_older(history, span, "v2.9.0", line[1])
    assert older == replace(history.range("v2.9.0..master"), text="v2.9.0..master")


def test_two_ends_that_part_have_a_base_and_a_line_each(
    clone: Clone, line: list[str], workspace: Workspace
) -> None:
    side = clone.commit({"x": "1"}, parents=[line[6]], branch="3.0")
    tip = clone.commit({"x": "2"}, branch="3.0")
    history = History.open(clone.path, workspace)
    fork = lines.fork_of(history, "3.0..master")
    assert fork is not None
    assert fork.base.id == line[6]
    assert (fork.old.text, fork.old.new.id, fork.old.commits) == (
        "v3.0-dev1..3.0",
        tip,
        (side, tip),
    )
    assert (fork.new.text, fork.new.commits) == ("v3.0-dev1..master", tuple(line[7:]))


def test_ends_of_one_line_do_not_part(clone: Clone, line: list[str], workspace: Workspace) -> None:
    history = History.open(clone.path, workspace)
    assert lines.fork_of(history, "v2.9.0..master") is None
    assert lines.fork_of(history, "master..v2.9.0") is None, "reversed, which range() says"
    with pytest.raises(BadRange, match="is not a range"):
        lines.fork_of(history, "master")


def test_the_path_by_first_parents_leaves_merged_commits_out(
    clone: Clone, line: list[str], workspace: Workspace
) -> None:
    side = clone.commit({"x": "1"}, parents=[line[8]], branch="side")
    merge = clone.commit({"x": "1"}, parents=[line[9], side])
    history = History.open(clone.path, workspace)
    span = history.range(f"{line[7]}..{merge}")
    assert lines.first_parents(history, span) == [line[7], line[8], line[9], merge]
