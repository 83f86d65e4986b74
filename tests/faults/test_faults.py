"""The table of faults has no line that lost anything."""

from __future__ import annotations

import pytest

from tests.faults.__main__ import experiments, present
from tests.faults.table import Experiment, render
from tests.support.obtain import obtain


def test_the_table_counts_what_was_lost() -> None:
    rows = [Experiment("power cut", 10, 9, "one answer lost"), Experiment("full disk", 2, 2)]

    assert render(rows).splitlines() == [
        "fault      tried  survived  lost",
        "power cut     10         9     1  one answer lost",
        "full disk      2         2     0",
        "all           12        11     1",
    ]


@pytest.mark.real
@pytest.mark.parametrize("module", present())
def test_nothing_is_lost(module: str) -> None:
    rows = obtain(lambda: list(experiments(module)))

    assert rows
    assert not [row for row in rows if row.lost], render(rows)
