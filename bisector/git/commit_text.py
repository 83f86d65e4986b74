"""What commits say, as text: some name an encoding that nobody knows, or are in another one."""

from __future__ import annotations

import pygit2

UTF_8 = "utf-8"


def encoding(commit: pygit2.Commit) -> str:
    """The encoding that *commit* says its texts have, if there is such a one, else UTF-8."""
    try:
        name = commit.message_encoding or UTF_8
        b"a".decode(name, "replace")
    except (LookupError, ValueError):
        return UTF_8
    return name


def decoded(raw: bytes, commit: pygit2.Commit) -> str:
    """A text of *commit*; what cannot be read is replaced."""
    return raw.decode(encoding(commit), "replace")


def subject(commit: pygit2.Commit) -> str:
    """The first line of the message."""
    return decoded(commit.raw_message, commit).strip().partition("\n")[0]
