"""Sizes in bytes as text: 500M, 1.5G. The units are decimal: 1 K is 1,000 bytes."""

from __future__ import annotations

import re

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def parse(text: str) -> int:
    """The number of bytes that *text* means. Raises ValueError(text) if it is no size."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?)B?", text.strip(), re.I | re.A)
    if not match:
        raise ValueError(text)
    return round(float(match[1]) * _UNITS[match[2].upper()])


def show(size: int) -> str:
    """*size* bytes in the largest unit in which it is at least 1: 512 B, 1.5 KB, 5.0 GB."""
    if size < 1000:
        return f"{size} B"
    unit = max((unit for unit in _UNITS if size >= 0.99995 * _UNITS[unit]), key=_UNITS.__getitem__)
    return f"{size / _UNITS[unit]:.1f} {unit}B"
