"""What strangers wrote steers no terminal."""

from __future__ import annotations

import pytest

from bisector.errors import BisectorError
from bisector.printable import printable


def test_plain_text_stays_in_any_language() -> None:
    for text in ("c_after EXPECT (127.0.0.1:0) == \t1\n", "bad → good", "naïve 名前 ✓"):
        assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x9b31m", r"\x9b31m"),
        ("one\rtwo", r"one\rtwo"),
        ("\a\b\0", r"\x07\x08\x00"),
        ("\u202eevil", r"\u202eevil"),
        ("a\u2028b", r"a\u2028b"),
        ("\udcff", r"\udcff"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_would_steer_a_terminal_is_spelled_out(text: str, spelled: str) -> None:
    assert printable(text) == spelled


def test_an_error_steers_no_terminal_either() -> None:
    assert "\x1b" not in str(BisectorError("it said \x1b[31m", "see \x1b[0m"))
