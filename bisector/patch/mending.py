"""The hunks of a patch that a compiler's error is about; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bisector.patch.hunks import Hunk
from bisector.patch.model import Patch

_NAME = re.compile(r"['`]([A-Za-z_]\w*)'")
_PLACE = re.compile(r"([\w./+-]+):(\d+):")
_FILE = re.compile(r"([\w./+-]+\.[ch]):")  # the linker says no line
_INCLUDE = re.compile(rb"[+-]\s*#\s*include\b")
_GUESS = "did you mean"  # what follows is the compiler's idea of what is meant


def place(problem: str) -> tuple[str, int] | None:
    """The file and the line, from 1, of which *problem* is about; None if it names none."""
    found = _PLACE.match(problem)
    return (found[1], int(found[2])) if found else None


def hunks_about(patch: Patch, problem: str, line: bytes = b"") -> tuple[int, ...]:
    """The indexes of those of *patch*'s hunks that change what *problem* is about.

    That is the text of the *line* at which the compiler stopped, the names that it quotes, and what
    the file includes.
    """
    names = _NAME.findall(problem.partition(_GUESS)[0])
    words = [re.compile(rb"\b%s\b" % re.escape(name.encode())) for name in names]
    file = _FILE.match(problem)
    in_file = [
        one.path.endswith(file[1]) if file else False for one in patch.files for _ in one.hunks
    ]
    return tuple(
        index
        for index, (hunk, here) in enumerate(zip(patch.hunks, in_file, strict=True))
        if _changes(hunk, [*words, _INCLUDE] if here and names else words, line.strip())
    )


def _changes(hunk: Hunk, words: Sequence[re.Pattern[bytes]], line: bytes) -> bool:
    changed = [text for text in hunk.lines if not text.startswith(b" ")]
    removes = line and any(t.startswith(b"-") and t[1:].strip() == line for t in changed)
    return bool(removes) or any(word.search(text) for word in words for text in changed)
