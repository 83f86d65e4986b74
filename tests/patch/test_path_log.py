"""The commits that change a file are those that relevance.touching() finds."""

from __future__ import annotations

from bisector.git.history import History
from bisector.patch import relevance
from bisector.patch.path_log import PathLog
from bisector.system.workspace import Workspace
from tests.support.clone import Clone


def test_commits_of_a_line_with_a_merge(clone: Clone, workspace: Workspace) -> None:
    base = clone.commit({"src/a.c": "1\n", "src/b.c": "1\n"})
    first = clone.commit({"src/a.c": "2\n"})
    side = clone.commit({"src/b.c": "2\n"}, parents=[base], branch="side")
    merge = clone.commit({"src/b.c": "2\n"}, parents=[first, side])
    both = clone.commit({"src/a.c": None, "src/b.c": "3\n", "src/new.c": "1\n"})
    history = History.open(clone.path, workspace)
    commits = [first, side, merge, both]
    log = PathLog(history, commits)
    for path in ("src/a.c", "src/b.c", "src/new.c", "src/none.c", "doc/none.txt"):
        assert list(log.touching(path)) == relevance.touching(history, commits, path)
    assert list(log.touching("src/a.c")) == [first, both]
    assert list(log.touching("src/b.c")) == [side, both]


def test_a_first_commit_changes_all_its_files(clone: Clone, workspace: Workspace) -> None:
    base = clone.commit({"src/a.c": "1\n"})
    log = PathLog(History.open(clone.path, workspace), [base])
    assert list(log.touching("src/a.c")) == [base]
    assert list(log.touching("src/b.c")) == []
