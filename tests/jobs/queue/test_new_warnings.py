"""New warnings of the compiler, and the pick that brought each of them."""

from __future__ import annotations

import pygit2
import pytest

from bisector.git.history import History
from bisector.jobs.queue.line_of_picks import LineOfPicks, line_up
from bisector.jobs.queue.new_warnings import new_warnings, warned
from bisector.patch.cherry_pick import Picker
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

WHO = pygit2.Signature("Jo Doe", "jo@example.org", 1_700_000_000, 0)
OLD = "src/a.c:{}:9: warning: unused variable 'old' [-Wunused-variable]\n"
NEW = "src/a.c:2:5: warning: unused variable 'two' [-Wunused-variable]\n"


@pytest.fixture
def store(clone: Clone, workspace: Workspace) -> pygit2.Repository:
    clone.commit({"src/a.c": "int one;\nint old;\n"})
    return History.open(clone.path, workspace).store


@pytest.fixture
def line(clone: Clone, store: pygit2.Repository) -> LineOfPicks:
    """Three steps: the first adds the line 2 of the file, the second another file."""
    base = str(clone.git.head.target)
    commits = [
        clone.commit({"src/a.c": "int one;\nint two;\nint old;\n"}),
        clone.commit({"src/b.c": "int b;\n"}),
        clone.commit({"src/a.c": "int one;\nint two;\nint old;\n\nint three;\n"}),
    ]
    return line_up(Picker(store, WHO), base, commits)


def found(line: LineOfPicks, store: pygit2.Repository, old: str, new: str) -> list[tuple[str, str]]:
    return [(one, w.text) for one, w in new_warnings(old, new, store, line.steps)]


def test_a_warning_that_only_moved_is_not_new(line: LineOfPicks, store: pygit2.Repository) -> None:
    assert found(line, store, OLD.format(2), OLD.format(3)) == []


def test_a_new_one_is_of_the_pick_that_brought_the_line(
    line: LineOfPicks, store: pygit2.Repository
) -> None:
    text = "unused variable 'two' [-Wunused-variable]"
    expected = [(line.steps[0].origin, text)]
    assert found(line, store, OLD.format(2), OLD.format(3) + NEW) == expected


def test_on_another_line_it_counts_only_if_the_file_was_compiled_before(
    line: LineOfPicks, store: pygit2.Repository
) -> None:
    """It is of the last pick that changed the file, then."""
    assert found(line, store, "  CC      src/b.o\n", OLD.format(3)) == []
    ((origin, _),) = found(line, store, "  CC      src/a.o\n", OLD.format(3))
    assert origin == line.steps[2].origin


def test_what_is_quoted_is_no_warning() -> None:
    assert warned(f"  12 | {NEW}") == {}
    assert len(warned(NEW)) == 1
