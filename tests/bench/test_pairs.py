"""Pairs of a fix and its culprit, as commit messages name them."""

from __future__ import annotations

import pytest

from bench import pairs
from bisector.git.history import History
from bisector.system.workspace import Workspace
from tests.support.clone import Clone


def test_pairs_are_those_that_messages_name(
    clone: Clone, line_and_fixes: tuple[list[str], list[str]], workspace: Workspace
) -> None:
    line, fixes = line_and_fixes
    history = History.open(clone.path, workspace)
    everything = pairs.line(history, fixes[-1])
    assert everything == [*line, *fixes]
    found = list(pairs.named(history, everything, everything))
    assert [(p.fix, p.culprit) for p in found] == [
        (fixes[0], line[1]),
        (fixes[1], line[2]),
        (fixes[2], line[4]),
    ]
    assert found[1].window == (*line, fixes[0])
    assert [p.fix for p in pairs.named(history, everything, fixes[1:2])] == [fixes[1]]


def test_a_culprit_before_the_window_is_no_pair(
    clone: Clone,
    line_and_fixes: tuple[list[str], list[str]],
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pairs, "WINDOW", 4)
    history = History.open(clone.path, workspace)
    everything = pairs.line(history, line_and_fixes[1][-1])
    found = list(pairs.named(history, everything, everything))
    assert [p.culprit for p in found] == [line_and_fixes[0][4]]
    assert len(found[0].window) == 4
