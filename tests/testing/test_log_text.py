"""Text of logs: printable, not too long, and in the form that is the same in every run."""

from __future__ import annotations

import pytest

from bisector.testing.log_text import EVIDENCE_WIDTH, MAX_TEXT, normal, shortened, trimmed


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('EXPECT resp.status (503) == "200" failed', 'EXPECT resp.status == "200" failed'),
        ("EXPECT x (a (b) c) ~ y failed", "EXPECT x ~ y failed"),
        ("HTTP rx timeout (fd:7 1500 ms)", "HTTP rx timeout #"),
        ("cannot bind [127.0.0.1:41643]", "cannot bind #"),
        ("address 0x7ffe12 of pid 12345", "address # of pid #"),
        ("loads /tmp/x/y.lua", "loads #y.lua"),
        ("status 200 in 12 ms", "status 200 in #"),
        ('EXPECT x (1) == "2345" failed', 'EXPECT x == "2345" failed'),
    ],
)
def test_values_are_left_out_and_words_stay(text: str, same: str) -> None:
    assert normal(text) == same


def test_a_line_is_printable_and_not_too_long() -> None:
    assert trimmed("a\x1b[31m\t b") == "a [31m b"
    assert len(trimmed("x" * 1000)) == EVIDENCE_WIDTH


def test_a_very_long_text_loses_its_middle() -> None:
    text = "a" * MAX_TEXT + "b" * MAX_TEXT
    assert shortened(text) == "a" * (MAX_TEXT // 2) + "b" * (MAX_TEXT // 2)
    assert shortened("short") == "short"
