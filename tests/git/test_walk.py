"""One walk over a range answers for its parts, if there is no merge in it."""

from __future__ import annotations

from itertools import combinations

import pytest

from bisector.git.history import History
from bisector.git.walk import Walk
from bisector.system.workspace import Workspace
from tests.support.clone import Clone


def test_a_part_of_a_linear_walk_is_what_a_walk_of_its_own_gives(clone: Clone) -> None:
    line = clone.line(8)
    whole = Walk.of(clone.git, line[0], line[-1])
    assert whole.commits == tuple(line[1:])
    for old, new in combinations(line, 2):
        assert whole.part(old, new) == Walk.of(clone.git, old, new).commits


def test_what_is_reversed_is_empty_as_in_git(clone: Clone) -> None:
    line = clone.line(4)
    whole = Walk.of(clone.git, line[0], line[-1])
    assert whole.part(line[2], line[1]) == Walk.of(clone.git, line[2], line[1]).commits == ()


def test_a_commit_outside_is_not_answered_for(clone: Clone) -> None:
    line = clone.line(6)
    whole = Walk.of(clone.git, line[1], line[4])
    assert whole.part(line[0], line[3]) is None
    assert whole.part(line[2], line[5]) is None


def test_a_walk_with_a_merge_answers_for_no_part(clone: Clone) -> None:
    first = clone.commit({"doc/a": "1"})
    side = clone.commit({"doc/b": "1"}, parents=[first])
    main = clone.commit({"doc/a": "2"}, parents=[first])
    merge = clone.commit({"doc/a": "3"}, parents=[main, side])
    assert Walk.of(clone.git, first, merge).part(main, merge) is None


def test_history_is_walked_once_for_a_range_and_its_parts(
    clone: Clone, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = clone.line(9)
    history = History.open(clone.path, workspace)
    walks: list[str] = []
    walk = Walk.of

    def counted(repository: object, old: str, new: str) -> Walk:
        walks.append(new)
        return walk(clone.git, old, new)

    monkeypatch.setattr(Walk, "of", counted)
    commits = history.range(f"{line[0]}..{line[8]}").commits
    assert history.between(line[0], line[5]) == commits[:5]
    assert history.between(line[5], line[8]) == commits[5:]
    assert list(history.graph(commits).revisions) == list(commits)
    assert walks == [line[8]]
