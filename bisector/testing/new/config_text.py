"""HAProxy's configuration as sections of lines of words; pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SECTIONS = frozenset(
    (
        *("acme", "backend", "cache", "crt-store", "defaults", "fcgi-app", "frontend", "global"),
        *("http-errors", "listen", "log-forward", "log-profile", "mailers", "peers", "program"),
        *("resolvers", "ring", "traces", "userlist"),
    )
)
# A word as it is written: quotes and escapes may stand anywhere in it.
_WORD = re.compile(r"""\s*((?:[^\s"'\\#]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)""")
_QUOTED = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)""")


@dataclass(frozen=True)
class Line:
    """A line with its ``number`` in the file and its ``words``, quotes and escapes included."""

    number: int
    words: tuple[str, ...]

    @property
    def keyword(self) -> str:
        """The first word, after a `no` or `default`."""
        return (
            self.words[1]
            if self.words[0] in ("no", "default") and self.words[1:]
            else self.words[0]
        )


@dataclass(frozen=True)
class Section:
    """A section: its first line, such as `frontend fe`, and the others."""

    head: Line
    lines: tuple[Line, ...]

    @property
    def kind(self) -> str:
        """Its keyword."""
        return self.head.words[0]

    @property
    def name(self) -> str:
        """Its name, or its keyword if it has none."""
        return unquoted(self.head.words[1] if self.head.words[1:] else self.kind)


def sections(text: str) -> tuple[list[Section], list[Line]]:
    """The sections of the configuration *text*, without comments; and the lines before them."""
    before: list[Line] = []
    found: list[tuple[Line, list[Line]]] = []
    for line in _lines(text):
        if line.words[0] in SECTIONS:
            found.append((line, []))
        else:
            (found[-1][1] if found else before).append(line)
    return [Section(head, tuple(lines)) for head, lines in found], before


def _lines(text: str) -> Iterator[Line]:
    """The lines with words; one that ends with a backslash goes on in the next one."""
    number, begun = 0, ""
    for at, line in enumerate(text.splitlines(), 1):
        number = number if begun else at
        if line.endswith("\\") and not line.endswith("\\\\"):
            begun += line[:-1] + " "
            continue
        if words := _words(begun + line):
            yield Line(number, words)
        begun = ""


def _words(line: str) -> tuple[str, ...]:
    """The words of a line up to its comment."""
    words, at = [], 0
    while found := _WORD.match(line, at):
        words.append(found[1])
        at = found.end()
    return tuple(words)


def unquoted(word: str) -> str:
    """What HAProxy reads for *word*."""
    return _QUOTED.sub(lambda found: found[1] or found[2] or found[3] or "", word)


def is_balanced(text: str) -> bool:
    """Whether each brace in *text* has its other one, as VTest counts them."""
    depth = 0
    for char in text:
        depth += {"{": 1, "}": -1}.get(char, 0)
        if depth < 0:
            return False
    return depth == 0
