"""Time limits of tests: by their usual run time here, and by the load of the machine."""

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


def test_a_quick_test_has_the_smallest_limit() -> None:
    assert limit(10, [0.2, 0.3, 0.2], 1) == 10


def test_the_limit_is_a_multiple_of_the_median_run_time() -> None:
    assert limit(10, [4, 5, 6], 1) == 5 * FACTOR


def test_a_single_slow_run_does_not_change_the_limit() -> None:
    assert limit(10, [2, 2, 500], 1) == limit(10, [2, 2, 2], 1)


def test_the_limit_grows_with_the_load() -> None:
    assert limit(10, [], 4) == 40
    assert limit(10, [5], 4) == 4 * limit(10, [5], 1)


def test_the_second_try_of_a_test_that_never_passed_has_a_higher_limit() -> None:
    assert limit(10, [], 1, again=True) == 10 * AGAIN
    assert limit(10, [0.3], 1, again=True) == limit(10, [0.3], 1)


@given(SECONDS, st.lists(SECONDS, max_size=KEPT), st.floats(1, MOST_CROWDED), st.booleans())
def test_the_limit_is_at_least_the_smallest_and_bounded(
    least: float, past: list[float], crowded: float, again: bool
) -> None:
    most = max(AGAIN * least, FACTOR * max(past, default=0), least) * crowded
    assert least <= limit(least, past, crowded, again) <= most * (1 + sys.float_info.epsilon)


@pytest.mark.parametrize(
    ("load", "processors", "crowded"),
    [(0.0, 2, 1.0), (2.0, 2, 1.0), (6.0, 2, 3.0), (60.0, 2, MOST_CROWDED)],
)
def test_crowding_is_the_load_for_each_processor(
    load: float, processors: int, crowded: float
) -> None:
    assert crowding(load, processors) == crowded


def test_only_the_latest_runs_are_kept() -> None:
    runs: list[float] = []
    for seconds in range(1, 2 * KEPT):
        runs = added(runs, seconds**2) or runs
    assert runs[-1] == (2 * KEPT - 1) ** 2
    assert len(runs) == KEPT


def test_a_run_time_near_the_median_is_not_recorded() -> None:
    assert added([0.3] * KEPT, 0.4) is None
    assert added([0.3] * KEPT, 0.9) == [0.3] * (KEPT - 1) + [0.9]


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))


@pytest.mark.usefixtures("idle")
def test_run_times_are_recorded_by_the_tests_name(workspace: Workspace) -> None:
    workspace.folder()
    UsualTimes(workspace).passed("slow", 7.0)
    UsualTimes(workspace).passed("quick", 0.1)
    assert UsualTimes(workspace).limit("slow", 10) == 7 * FACTOR
    assert UsualTimes(workspace).limit("quick", 10) == 10


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    "damage", ["", "[]", '{"x": 5}', '{"x": ["a"]}', '{"x": [-1, 1e999]}', "[" * 9999]
)
def test_a_damaged_record_has_no_runs(workspace: Workspace, damage: str) -> None:
    (workspace.folder() / "pace.json").write_text(damage)
    assert UsualTimes(workspace).limit("x", 10) == 10
    UsualTimes(workspace).passed("x", 1.0)
    assert UsualTimes(workspace).limit("x", 10) == FACTOR


def test_the_limit_of_a_workspace_depends_on_the_load(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (3.0 * cores(), 0.0, 0.0))
    assert UsualTimes(workspace).limit("any", 10) == 30
