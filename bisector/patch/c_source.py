"""Compare C sources as a compiler sees them, without comments and white space; pure."""

from __future__ import annotations

import re

# a comment, or a string or character literal, which may contain the start of one; as in gcc, a
# literal without its closing quote ends with the line
_TOKEN = re.compile(
    rb"/\*.*?(?:\*/|\Z)|//(?:\\\n|[^\n])*|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?", re.S
)
_NAME = re.compile(rb"([A-Za-z_]\w{2,})|" + _TOKEN.pattern, re.S)
_SUFFIXES = (".c", ".h")


def is_same_code(path: str, old: bytes, new: bytes) -> bool:
    """Whether a compiler reads the same from both contents, line numbers apart.

    Files at a *path* that is not C must be equal.
    """
    if path.endswith(_SUFFIXES):
        return _code(old) == _code(new)
    return old == new


def without_comments(source: bytes) -> bytes:
    """*source* with a blank for each comment, and all literals empty."""
    return _TOKEN.sub(lambda token: b" " if token[0].startswith(b"/") else b'""', source)


def names(source: bytes) -> frozenset[bytes]:
    """The identifiers of three or more characters in *source*, keywords included."""
    return frozenset(_NAME.findall(source)) - {b""}  # what is ignored has no name


def _code(source: bytes) -> list[bytes]:
    """The words of *source*, with comments as blanks; a newline ends each directive's words."""
    plain = _TOKEN.sub(lambda token: b" " if token[0].startswith(b"/") else token[0], source)
    words: list[bytes] = []
    for line in plain.replace(b"\\\n", b" ").split(b"\n"):
        words += line.split()
        if line.lstrip().startswith(b"#"):
            words.append(b"\n")
    return words
