"""The parts of a text that can be left out of it: of VTest cases, configurations, any other text.

The functions are pure. What they find is a guess from the form of the text, which is parsed no
further than braces, section names and quotes: whether a part can go, a test says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

Span = tuple[int, int]
"""The offsets in a text at which a part begins and ends."""

_LINE = re.compile(r"(?:[^\n\\]|\\[^\n]|\\\n)+\n?|\n|\\")  # with those that it continues on
_BRACE = re.compile(r"[{}]")
_MOST_NESTED = 8  # blocks within blocks; what is deeper is lines
_SECTION = re.compile(
    r"[ \t]*(?:global|defaults|frontend|backend|listen|peers|resolvers|mailers|userlist|cache|"
    r"program|http-errors|ring|log-forward|log-profile|fcgi-app|crt-store|traces|acme)\b"
)
# without these a file is no VTest case, or no script, whatever it does
_TITLE = re.compile(r"(?:varnishtest|vtest)\b|#!")
_UNIMPORTANT = re.compile(r"[ \t]*(?:#.*)?\r?$")
# blanks, and a word, a string, or a group in braces that ends on its line
_WORD = re.compile(r'[ \t]+(?:\{[^{}\n]*\}(?=\s|$)|(?:"(?:\\.|[^"\\])*"|\'[^\']*\'|\\.|[^\s"\'])+)')


@dataclass(frozen=True)
class Unit:
    """A part of the structure at ``span``: a line, or a block with ``inner`` units.

    A block is a section, or what is between braces. ``head`` are the lines in front of the first
    inner unit. If ``is_section``, that is a line which can go alone.
    """

    span: Span
    head: Span
    inner: tuple[Unit, ...] = ()
    is_section: bool = False


def units(text: str) -> tuple[Unit, ...]:
    """The structure of *text*, without the title of a VTest case or a script's first line."""
    spans = (found.span() for found in _LINE.finditer(text))
    lines = [_Line(span, *_depths(text, *span)) for span in spans if not _TITLE.match(text, *span)]
    return tuple(_units(text, lines))


def unimportant(text: str) -> list[Span]:
    """The comments that have lines of their own, and the blank lines."""
    lines = (found.span() for found in re.finditer(r"[^\n]*\n|[^\n]+", text))
    return [
        (start, end)
        for start, end in lines
        if _UNIMPORTANT.match(text[start:end].removesuffix("\n"))
        and not _TITLE.match(text, start, end)
    ]


def levels(text: str) -> list[list[Span]]:
    """The units of each depth, the outermost first: sections and commands, then what is in them."""
    found: list[list[Span]] = []
    level = units(text)
    while level:
        found.append([unit.span for unit in level])
        level = tuple(inner for unit in level for inner in unit.inner)
    return found


def lines(text: str) -> list[Span]:
    """All lines that can go alone, that is, but those with the braces of a block."""
    return [span for unit in units(text) for span in _lines(unit)]


def words(text: str) -> list[Span]:
    """The words of all lines but the first of each; a group in braces is one word."""
    return [span for line in _all_heads(units(text)) for span in _words(text, line)]


def by_two(spans: Sequence[Span], first: int) -> list[Span]:
    """Each two of *spans* that are next to each other as one, from number *first* on."""
    pairs = zip(spans[first::2], spans[first + 1 :: 2], strict=False)
    return [(one[0], other[1]) for one, other in pairs if one[1] == other[0]]


def without(text: str, spans: Iterable[Span]) -> str:
    """*text* without the parts at *spans*, which are in order and do not overlap."""
    kept, at = [], 0
    for start, end in spans:
        kept.append(text[at:start])
        at = end
    return "".join((*kept, text[at:]))


class _Line(NamedTuple):
    """A line, the lowest depth of braces within it, and the one at its end; 0 is before it."""

    span: Span
    lowest: int
    depth: int


def _depths(text: str, start: int, end: int) -> tuple[int, int]:
    lowest = depth = 0
    for found in _BRACE.finditer(text, start, end):
        depth += 1 if found[0] == "{" else -1
        lowest = min(lowest, depth)
    return lowest, depth


def _units(text: str, lines: Sequence[_Line], nested: int = 0) -> Iterator[Unit]:
    """The units of *lines*, which lie within so many *nested* blocks."""
    blocks = list(_blocks(text, lines, nested))
    starts = [at for at, unit in enumerate(blocks) if _SECTION.match(text, *unit.span)]
    yield from blocks[: starts[0]] if starts else blocks
    for start, end in zip(starts, (*starts[1:], len(blocks)), strict=False):
        head, inner = blocks[start], tuple(blocks[start + 1 : end])
        span = (head.span[0], blocks[end - 1].span[1])
        yield Unit(span, head.span, inner, is_section=True)


def _blocks(text: str, lines: Sequence[_Line], nested: int) -> Iterator[Unit]:
    """The lines, and the blocks in braces, among *lines*."""
    at = 0
    while at < len(lines):
        end, parts = _in_braces(lines, at) if nested < _MOST_NESTED else (at, [])
        inner = tuple(unit for part in parts for unit in _units(text, part, nested + 1))
        yield Unit((lines[at].span[0], lines[end].span[1]), lines[at].span, inner)
        at = end + 1


def _in_braces(lines: Sequence[_Line], begin: int) -> tuple[int, list[list[_Line]]]:
    """The last line of the block that line number *begin* opens, and the lines within it.

    If it opens none, or one that is not closed, it is the line itself. A line such as `} -start {`
    belongs to the block, and parts the lines within it.
    """
    depth, parts = lines[begin].depth, [list[_Line]()]
    if depth <= 0:
        return begin, []
    for number in range(begin + 1, len(lines)):
        line = lines[number]
        lowest, depth = depth + line.lowest, depth + line.depth
        if depth <= 0:
            return number, parts
        if lowest <= 0:
            parts.append([])
        else:
            parts[-1].append(line)
    return begin, []


def _lines(unit: Unit) -> Iterator[Span]:
    if not unit.inner or unit.is_section:
        yield unit.head
    for inner in unit.inner:
        yield from _lines(inner)


def _all_heads(level: Iterable[Unit]) -> Iterator[Span]:
    for unit in level:
        yield unit.head
        yield from _all_heads(unit.inner)


def _words(text: str, line: Span) -> Iterator[Span]:
    start, end = line
    start += len(text[start:end]) - len(text[start:end].lstrip())  # the first word has no blank
    yield from (found.span() for found in _WORD.finditer(text, start, end))
