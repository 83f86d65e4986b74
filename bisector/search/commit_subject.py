"""What a subject line of HAProxy's says of its commit: `BUG/MEDIUM: server/dns: do not …`."""

from __future__ import annotations

import re
from dataclasses import dataclass

# `KIND: tags: text`; before 2012 `[KIND] tags: text`; around it all perhaps `Revert "…"`
_SUBJECT = re.compile(
    r'(?:Revert\s+")?(?:\[([A-Z][\w/-]*)\]|([A-Z][A-Z/_-]*)\s*:)\s*(?:([\w/.,+ -]+?)\s*:\s)?'
)


@dataclass(frozen=True)
class Subject:
    """The words of the commit's class, `BUG/MEDIUM` as {BUG, MEDIUM}, and its subsystems."""

    kind: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()


def parse(line: str) -> Subject:
    """What *line* says; nothing for a subject that isn't written the project's way."""
    found = _SUBJECT.match(line)
    if not found:
        return Subject()
    kind = (found[1] or found[2]).upper()
    return Subject(frozenset(kind.split("/")), tags_of(found[3] or ""))


def tags_of(text: str) -> frozenset[str]:
    """The subsystems that *text* names, `server/dns` as {server, dns}."""
    return frozenset(filter(None, re.split(r"[/,\s]+", text.lower())))
