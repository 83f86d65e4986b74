"""Whether a branch has the lines that a fix changes."""

from __future__ import annotations

import pytest

from bisector.jobs.queue.by_lines import ByLines, Presence, culprit, judge, repaired
from bisector.patch.line_origins import OLDER, LineHistory

NEW, OLD = "b" * 40, "a" * 40  # commits of the range


def presence(removed: dict[str, int], *there: str) -> Presence:
    return judge(LineHistory(removed, {**removed, OLDER: 4}), there).presence


def test_a_branch_has_lines_that_are_older_or_from_a_commit_that_it_has() -> None:
    assert presence({OLDER: 2}) is Presence.HAS
    assert presence({NEW: 3, OLDER: 2}, NEW) is Presence.HAS


def test_it_lacks_them_if_most_come_from_commits_that_it_lacks() -> None:
    assert presence({NEW: 1}) is Presence.LACKS
    assert presence({NEW: 2, OLDER: 1}) is Presence.LACKS
    assert presence({NEW: 2, OLD: 1, OLDER: 2}) is Presence.LACKS


@pytest.mark.parametrize("lines", [{NEW: 1, OLDER: 1}, {NEW: 1, OLD: 5}])
def test_half_or_less_proves_neither(lines: dict[str, int]) -> None:
    assert presence(lines, OLD) is Presence.MIXED


def test_what_is_around_counts_only_if_nothing_is_changed() -> None:
    only_adds = LineHistory({}, {NEW: 3, OLDER: 1})
    assert judge(only_adds, ()) == ByLines(Presence.LACKS, NEW, 3, 4, only_adds=True)
    changes = LineHistory({OLDER: 1}, {NEW: 3, OLDER: 1})
    assert judge(changes, ()) == ByLines(Presence.HAS, "", 0, 1)


def test_without_lines_nothing_is_known() -> None:
    assert judge(LineHistory(), {NEW}) == ByLines(Presence.UNKNOWN)
    assert culprit(LineHistory()) == ""


def test_the_culprit_is_the_one_that_touched_a_line_last() -> None:
    assert culprit(LineHistory({NEW: 1, OLD: 5}, {})) == NEW
    assert culprit(LineHistory({}, {OLD: 1, OLDER: 3})) == OLD
    assert culprit(LineHistory({OLDER: 3}, {NEW: 1, OLDER: 5})) == ""


def test_a_fix_repairs_the_commit_that_most_of_its_lines_go_back_to() -> None:
    assert repaired(LineHistory({NEW: 1, OLD: 3}, {})) == OLD
    assert repaired(LineHistory({}, {NEW: 3, OLDER: 2})) == NEW
    assert repaired(LineHistory({OLD: 1}, {NEW: 3, OLD: 1})) == OLD


def test_it_repairs_none_without_a_majority_of_lines_in_the_range() -> None:
    assert repaired(LineHistory({NEW: 2, OLD: 2}, {})) == ""
    assert repaired(LineHistory({NEW: 1, OLDER: 3}, {})) == ""
    assert repaired(LineHistory()) == ""
