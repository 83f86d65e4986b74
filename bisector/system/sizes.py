"""Sizes in bytes, as people write them: 500M, 1.5G. A K is 1,000 bytes."""

from __future__ import annotations

import re

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def parse(text: str) -> int:
    """The bytes that *text* means. Raises ValueError if it means none."""
    said = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?)B?", text.strip(), re.I | re.A)
    if not said:
        raise ValueError(text)
    return round(float(said[1]) * _UNITS[said[2].upper()])


def show(size: int) -> str:
    """*size* in the unit that suits it: 512 B, 1.5 KB, 5.0 GB."""
    if size < 1000:
        return f"{size} B"
    unit = max((unit for unit in _UNITS if size >= 0.99995 * _UNITS[unit]), key=_UNITS.__getitem__)
    return f"{size / _UNITS[unit]:.1f} {unit}B"
