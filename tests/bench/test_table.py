"""Tables of text."""

from __future__ import annotations

from bench.table import table


def test_columns() -> None:
    assert table([("a", "b", "c"), ("aaa", "1", "")]) == "a    b  c\naaa  1"
