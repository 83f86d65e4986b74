"""The parts of Markdown reports: blocks that can be cut short, with all texts escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bisector.printable import printable
from bisector.report.layout import counted

_ROOM = 200  # for the line that says what was left out
_MENTION = re.compile(r"@(?=\w)")
_SPECIAL = re.compile(r"([\\`*_\[\]|~#])")


@dataclass(frozen=True)
class Block:
    """``lines``, of which the last may be left out; ``head`` and ``tail`` go with the first one."""

    head: tuple[str, ...]
    lines: tuple[str, ...]
    tail: tuple[str, ...] = ()


def fitted(blocks: Sequence[Block], limit: int) -> str:
    """The text of *blocks* in at most *limit* characters; the last line says what is left out."""
    told: list[str] = []
    room, dropped = limit - _ROOM, 0
    for block in blocks:
        room -= _size([*block.head, *block.tail])
        fitting = 0
        while fitting < len(block.lines) and _size(block.lines[fitting : fitting + 1]) <= room:
            room -= _size(block.lines[fitting : fitting + 1])
            fitting += 1
        dropped += len(block.lines) - fitting
        if fitting:
            told += [*block.head, *block.lines[:fitting], *block.tail, ""]
        else:
            room += _size([*block.head, *block.tail])
    if dropped:
        told.append(f"*{counted(dropped, 'line')} left out to fit; the other reports have them.*")
    return "\n".join(told).rstrip() + "\n"


def _size(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines) + 1


def escape(text: str) -> str:
    """*text* on one line, escaped so that it is neither markup nor a mention of a user."""
    flat = printable(" ".join(text.split()))
    plain = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MENTION.sub("@&#8203;", _SPECIAL.sub(r"\\\1", plain))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Block:
    """A table; the cells of *rows* are Markdown, those of *head* are escaped."""
    return Block(
        (_cells(map(escape, head)), "|" + "---|" * len(head)), tuple(_cells(row) for row in rows)
    )


def _cells(texts: Sequence[str] | Iterator[str]) -> str:
    return f"| {' | '.join(texts)} |"


def fenced(title: str, lines: Sequence[str]) -> Block:
    """*lines* verbatim in a folded section with this title."""
    inside = [printable(part) for line in lines for part in line.splitlines()]
    longest = max((len(run) for line in inside for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    head = f"<details><summary>{escape(title)}</summary>"
    return Block((head, "", fence), tuple(inside), (fence, "</details>"))


def strong(text: str, fine: bool) -> str:
    """*text* escaped, and bold unless *fine*."""
    return escape(text) if fine else f"**{escape(text)}**"
