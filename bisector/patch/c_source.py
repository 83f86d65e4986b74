"""C source without what the compiler passes over; pure."""

from __future__ import annotations

import re

# a comment, or a literal in which one may seem to begin; one without an end goes on to the line's,
# as gcc has it
_TOKEN = re.compile(
    rb"/\*.*?(?:\*/|\Z)|//(?:\\\n|[^\n])*|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?", re.S
)
_SUFFIXES = (".c", ".h")


def is_same_code(path: str, old: bytes, new: bytes) -> bool:
    """Are both the same to a compiler, but for line numbers? Of anything but C, are they equal?"""
    if path.endswith(_SUFFIXES):
        return _code(old) == _code(new)
    return old == new


def _code(source: bytes) -> list[bytes]:
    """The words of *source*; comments are blanks, and a directive's end is a word."""
    plain = _TOKEN.sub(lambda found: b" " if found[0].startswith(b"/") else found[0], source)
    words: list[bytes] = []
    for line in plain.replace(b"\\\n", b" ").split(b"\n"):
        words += line.split()
        if line.lstrip().startswith(b"#"):
            words.append(b"\n")
    return words
