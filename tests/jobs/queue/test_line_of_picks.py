"""Commits picked one on top of the other, in an order that may change."""

from __future__ import annotations

import pygit2
import pytest

from bisector.git.history import History
from bisector.jobs.queue.line_of_picks import line_up
from bisector.patch.cherry_pick import Picker
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

WHO = pygit2.Signature("Jo Doe", "jo@example.org", 1_700_000_000, 0)


@pytest.fixture
def commits(clone: Clone) -> list[str]:
    """The tip of a branch, and three commits of which the second needs the first one's line."""
    return [
        clone.commit({"src/a.c": "int a;\n"}),
        clone.commit({"src/a.c": "int a, b;\n"}),
        clone.commit({"src/a.c": "int a, b, c;\n"}),
        clone.commit({"src/d.c": "int d;\n"}),
    ]


@pytest.fixture
def picker(clone: Clone, commits: list[str], workspace: Workspace) -> Picker:
    return Picker(History.open(clone.path, workspace).store, WHO)


def test_each_step_is_on_top_of_the_one_before(picker: Picker, commits: list[str]) -> None:
    base, *rest = commits
    line = line_up(picker, base, rest)
    assert [step.origin for step in line.steps] == rest
    assert [step.before for step in line.steps[1:]] == [step.tree for step in line.steps[:-1]]
    tip = picker.store[line.steps[-1].pick].peel(pygit2.Commit)
    assert (str(tip.tree.id), line.steps[-1].tree) == (line.steps[-1].tree, str(tip.tree.id))
    assert not line.conflicts and not line.already


def test_what_does_not_apply_is_left_out(picker: Picker, commits: list[str]) -> None:
    base, first, second, other = commits
    line = line_up(picker, base, [second, other, first])
    assert [step.origin for step in line.steps] == [other, first]
    assert line.conflicts.keys() == {second}


def test_what_is_there_needs_no_step(picker: Picker, commits: list[str]) -> None:
    base, first, _, other = commits
    line = line_up(picker, base, [first, first, other])
    assert [step.origin for step in line.steps] == [first, other]
    assert line.already == (first,)
