"""Parsing and formatting of sizes in bytes."""

from __future__ import annotations

import pytest

from bisector.system import sizes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("512", 512),
        ("5G", 5_000_000_000),
        ("500M", 500_000_000),
        ("1.5k", 1500),
        ("2TB", 2_000_000_000_000),
        ("5 gb", 5_000_000_000),
        (" 7B ", 7),
    ],
)
def test_a_size_is_parsed(text: str, size: int) -> None:
    assert sizes.parse(text) == size


@pytest.mark.parametrize(
    "text", ["", "G", "-1", "5X", "5GG", "1e9", "5,5G", "inf", "\u0665G", "5G 5M"]
)
def test_text_that_is_no_size_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        sizes.parse(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (999_949, "999.9 KB"),
        (999_990, "1.0 MB"),
        (5_000_000_000, "5.0 GB"),
        (5_000_000_000_000_000, "5000.0 TB"),
    ],
)
def test_a_size_is_shown_in_its_largest_unit(size: int, text: str) -> None:
    assert sizes.show(size) == text
    assert sizes.parse(text) == pytest.approx(size, rel=0.05)
