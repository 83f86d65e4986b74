"""The words of HAProxy's configurations and command line in a test, among which keywords are."""

from __future__ import annotations

import re
from collections.abc import Iterator

_CONFIG = re.compile(r"^haproxy\s[^{]*-conf(?:-\w+)?\s*\{(.*?)^\}", re.M | re.S)
_SENT = re.compile(r'\bsend\s+"([^"]*)"')
_WORD = re.compile(r"[A-Za-z][\w.-]+")


def of(text: str) -> frozenset[str]:
    """The words of the configurations in a VTest case, and of what it sends; of any other *text*,
    all. Of each line the first two words together are one, too: a keyword may have a space.
    """
    parts = [*_CONFIG.findall(text), *_SENT.findall(text)] or [text]
    return frozenset(word for part in parts for line in part.splitlines() for word in _words(line))


def _words(line: str) -> Iterator[str]:
    yield from _WORD.findall(line)
    yield " ".join(line.split()[:2])
