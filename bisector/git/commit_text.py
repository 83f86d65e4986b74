"""The texts of commits, decoded; the encoding in a commit's header may be unknown or wrong."""

from __future__ import annotations

import re

import pygit2

UTF_8 = "utf-8"

_BLANK_LINES = re.compile(r"\n\s*\n")
_SENTENCE_END = re.compile(r"(?<=[.!;])\s+(?=[A-Z(\[⟦])|\s+(?=\[\w+: )")


def encoding(commit: pygit2.Commit) -> str:
    """The encoding named in the header of *commit*; UTF-8 without one, or if Python lacks it."""
    try:
        name = commit.message_encoding or UTF_8
        b"a".decode(name, "replace")
    except (LookupError, ValueError):
        return UTF_8
    return name


def decoded(raw: bytes, commit: pygit2.Commit) -> str:
    """*raw*, a text of *commit*, decoded; invalid bytes are replaced."""
    return raw.decode(encoding(commit), "replace")


def subject(commit: pygit2.Commit) -> str:
    """The first line of the message of *commit*."""
    return decoded(commit.raw_message, commit).strip().partition("\n")[0]


def paragraphs(text: str) -> list[str]:
    """The parts of *text* between blank lines, each as one line."""
    return [" ".join(part.split()) for part in _BLANK_LINES.split(text)]


def sentences(paragraph: str) -> list[str]:
    """The sentences of *paragraph*, one line; `3.0` does not end one."""
    return _SENTENCE_END.split(paragraph)
