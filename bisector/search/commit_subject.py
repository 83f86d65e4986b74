"""Parser for HAProxy's commit subject lines, such as `BUG/MEDIUM: server/dns: do not …`."""

from __future__ import annotations

import re
from dataclasses import dataclass

# `KIND: tags: text`; before 2012 `[KIND] tags: text`; either one optionally within `Revert "…"`
_SUBJECT = re.compile(
    r'(?:Revert\s+")?(?:\[([A-Z][\w/-]*)\]|([A-Z][A-Z/_-]*)\s*:)\s*(?:([\w/.,+ -]+?)\s*:\s)?'
)


@dataclass(frozen=True)
class Subject:
    """The words of a commit's class, {BUG, MEDIUM} for `BUG/MEDIUM`, and its subsystem tags.

    Words of the class are in upper case, tags in lower case.
    """

    kind: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()


def parse(line: str) -> Subject:
    """The class and tags of a subject line; both empty if it does not follow the convention."""
    match = _SUBJECT.match(line)
    if not match:
        return Subject()
    kind = (match[1] or match[2]).upper()
    return Subject(frozenset(kind.split("/")), tags_of(match[3] or ""))


def tags_of(text: str) -> frozenset[str]:
    """The subsystems named in *text*, in lower case: {server, dns} for `server/dns`."""
    return frozenset(filter(None, re.split(r"[/,\s]+", text.lower())))
