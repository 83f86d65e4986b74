"""In which sources of HAProxy the keywords of a configuration are registered."""

from __future__ import annotations

import re
from collections.abc import Collection

import pygit2

from bisector.git.history import History

# A line of a table: { CFG_LISTEN, "stats", …, { "req.len", …, or { { "show", "info", NULL }, …
_ENTRY = re.compile(rb'^\s*\{ *(?:CFG_\w+, *|\{ *)?"([a-z][^"]*)"', re.M)


def registering(history: History, revision: str, words: Collection[str]) -> frozenset[str]:
    """The paths of the sources of *revision* that register one of *words* in a table.

    Raises ShallowClone.
    """
    wanted = {word.encode() for word in words}
    tree = history.read(revision).tree
    sources = tree["src"].peel(pygit2.Tree) if "src" in tree else ()
    return frozenset(
        f"src/{entry.name}"
        for entry in sources
        if isinstance(entry, pygit2.Blob) and str(entry.name).endswith(".c")
        if not wanted.isdisjoint(_ENTRY.findall(entry.data))
    )
