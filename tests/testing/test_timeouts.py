"""How long a test is waited for: by what it takes here, and by how busy the machine is."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisector.system.slots import cores
from bisector.system.workspace import Workspace
from bisector.testing.timeouts import (
    AGAIN,
    FACTOR,
    KEPT,
    MOST_CROWDED,
    UsualTimes,
    added,
    crowding,
    limit,
)

SECONDS = st.floats(0.01, 1000)


def test_a_quick_test_gets_what_is_the_least() -> None:
    assert limit(10, [0.2, 0.3, 0.2], 1) == 10


def test_a_slow_machine_gets_many_times_what_a_test_takes_on_it() -> None:
    assert limit(10, [4, 5, 6], 1) == 5 * FACTOR


def test_one_slow_moment_changes_nothing() -> None:
    assert limit(10, [2, 2, 500], 1) == limit(10, [2, 2, 2], 1)


def test_a_busy_machine_gets_more_time_at_once() -> None:
    assert limit(10, [], 4) == 40
    assert limit(10, [5], 4) == 4 * limit(10, [5], 1)


def test_a_test_that_never_passed_here_gets_more_the_second_time() -> None:
    assert limit(10, [], 1, again=True) == 10 * AGAIN
    assert limit(10, [0.3], 1, again=True) == limit(10, [0.3], 1)


@given(SECONDS, st.lists(SECONDS, max_size=KEPT), st.floats(1, MOST_CROWDED), st.booleans())
def test_it_is_never_less_than_asked_for_nor_endless(
    least: float, past: list[float], crowded: float, again: bool
) -> None:
    most = max(AGAIN * least, FACTOR * max(past, default=0), least) * crowded
    assert least <= limit(least, past, crowded, again) <= most * (1 + sys.float_info.epsilon)


@pytest.mark.parametrize(
    ("load", "processors", "crowded"),
    [(0.0, 2, 1.0), (2.0, 2, 1.0), (6.0, 2, 3.0), (60.0, 2, MOST_CROWDED)],
)
def test_crowded_is_when_more_want_to_run_than_can(
    load: float, processors: int, crowded: float
) -> None:
    assert crowding(load, processors) == crowded


def test_the_latest_runs_say_what_is_usual() -> None:
    runs: list[float] = []
    for seconds in range(1, 2 * KEPT):
        runs = added(runs, seconds**2) or runs
    assert runs[-1] == (2 * KEPT - 1) ** 2
    assert len(runs) == KEPT


def test_what_is_as_usual_needs_no_note() -> None:
    assert added([0.3] * KEPT, 0.4) is None
    assert added([0.3] * KEPT, 0.9) == [0.3] * (KEPT - 1) + [0.9]


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))


@pytest.mark.usefixtures("idle")
def test_a_workspace_remembers_each_test_by_its_name(workspace: Workspace) -> None:
    workspace.folder()
    UsualTimes(workspace).passed("slow", 7.0)
    UsualTimes(workspace).passed("quick", 0.1)
    assert UsualTimes(workspace).limit("slow", 10) == 7 * FACTOR
    assert UsualTimes(workspace).limit("quick", 10) == 10


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    "damage", ["", "[]", '{"x": 5}', '{"x": ["a"]}', '{"x": [-1, 1e999]}', "[" * 9999]
)
def test_a_damaged_memory_is_none(workspace: Workspace, damage: str) -> None:
    (workspace.folder() / "pace.json").write_text(damage)
    assert UsualTimes(workspace).limit("x", 10) == 10
    UsualTimes(workspace).passed("x", 1.0)
    assert UsualTimes(workspace).limit("x", 10) == FACTOR


def test_the_load_counts(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (3.0 * cores(), 0.0, 0.0))
    assert UsualTimes(workspace).limit("any", 10) == 30
