"""The layout of text reports: labelled rows, columns, lists, counts."""

from __future__ import annotations

import time
from collections.abc import Sequence

LABEL = 12
_LISTED = 8  # names in a row, before there are too many to read


def row(label: str, text: str, more: Sequence[str] = ()) -> list[str]:
    """A line with a label, and *more* indented below it."""
    return [f"{label:<{LABEL}}{text}", *indented(more)]


def indented(lines: Sequence[str], by: int = LABEL) -> list[str]:
    """*lines* indented by so many columns; one with line breaks becomes several."""
    return [f"{'':<{by}}{part}".rstrip() for line in lines for part in line.splitlines() or [""]]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of texts as lines with aligned columns; all rows are equally long."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{text:<{width}}" for text, width in zip(one, widths, strict=True)).rstrip()
        for one in rows
    ]


def listed(names: Sequence[str], most: int = _LISTED) -> str:
    """*names* with commas between; beyond *most*, the first ones and the number of the others."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def elided(lines: Sequence[str], most: int = _LISTED) -> list[str]:
    """*lines*; beyond *most*, the first ones, the number of those left out, and the last one."""
    if len(lines) <= most:
        return list(lines)
    return [*lines[: most - 1], f"… {counted(len(lines) - most, 'other')} …", lines[-1]]


def counted(number: int, thing: str) -> str:
    """A number with its noun: `1 release`, `2 releases`, `2 branches`, `2 binaries`."""
    if number == 1:
        return f"1 {thing}"
    if thing.endswith("ry"):
        return f"{number} {thing[:-1]}ies"
    return f"{number} {thing}{'es' if thing.endswith(('ch', 'x')) else 's'}"


def moment(seconds: float) -> str:
    """A time since the epoch, in UTC and to the minute: `2026-11-29 22:13 UTC`."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def roughly(seconds: float) -> str:
    """A duration: `80 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def stretch(names: Sequence[str]) -> str:
    """The first and the last of *names*, which are in order: `v3.0.0 to v3.0.4`."""
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def shortened(text: str, most: int) -> str:
    """*text*, cut off to at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def squeezed(lines: Sequence[str]) -> list[str]:
    """*lines* with several blank lines in a row reduced to one, and none at the beginning."""
    before = ["", *lines]
    return [line for line, last in zip(lines, before, strict=False) if line or last]
