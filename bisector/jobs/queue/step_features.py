"""The features of HAProxy with which changed lines are compiled at all; pure but for the diff."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import pygit2

from bisector.build.features import FEATURES
from bisector.git.object_store import is_built

# Files that are compiled only with a feature.
_PATHS = (
    ("PROMEX", re.compile(r"addons/promex/")),
    (
        "QUIC",
        re.compile(
            r"(?:src|include/haproxy)/(?:quic_|h3\b|h3_|qpack-|qmux_|mux_quic|proto_quic|xprt_quic"
            r"|hq_interop|cfgparse-quic|cbuf)"
        ),
    ),
    (
        "OPENSSL",
        re.compile(
            r"(?:src|include/haproxy)/(?:ssl_|openssl-|cfgparse-ssl|jwt|jws|jwe|acme|quic_|xprt_quic"
            r"|proto_quic)"
        ),
    ),
    ("SYSTEMD", re.compile(r"(?:src|include/haproxy)/systemd\.")),
)

_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*(ifdef|ifndef|if|elif|else|endif)\b(.*)")
_USED = re.compile(r"(!\s*)?(?:\bdefined\s*\(?\s*)?\bUSE_(\w+)")
_INSTEAD = {"ZLIB": "SLZ"}  # of two either of which will do, the one that is there anyway


def features_of(path: str, text: str, lines: Collection[int]) -> frozenset[str]:
    """The features with which the *lines* (from 1) of the source at *path* are compiled."""
    found = {feature for feature, paths in _PATHS if paths.match(path)}
    if path.endswith((".c", ".h")):
        found.update(_around(text, lines))
    known = {name for name in found if name in FEATURES and _INSTEAD.get(name) not in found}
    return frozenset(known)


def of_change(store: pygit2.Repository, before: str, after: str) -> frozenset[str]:
    """The features with which what differs in two trees (ids) of the *store* is compiled."""
    old, new = (store[tree].peel(pygit2.Tree) for tree in (before, after))
    found = set[str]()
    for patch in filter(None, store.diff(old.id, new.id, context_lines=0)):
        file = patch.delta.new_file
        if is_built(file.path) and file.path in new:
            text = new[file.path].peel(pygit2.Blob).data.decode("utf-8", "replace")
            lines = {number for hunk in patch.hunks for number in _lines(hunk)}
            found.update(features_of(file.path, text, lines))
    return frozenset(found)


def _lines(hunk: pygit2.DiffHunk) -> range:
    """The new lines of *hunk*; of one that only removes lines, the line before them."""
    return range(hunk.new_start, hunk.new_start + max(1, hunk.new_lines))


def _around(text: str, lines: Collection[int]) -> Iterator[str]:
    """The features in the conditions around *lines*."""
    wanted, open_ = frozenset(lines), list[tuple[frozenset[str], frozenset[str]]]()
    for number, line in enumerate(text.split("\n"), 1):
        if found := _DIRECTIVE.match(line):
            word, condition = found.groups()
            if word in ("ifdef", "ifndef", "if"):
                open_.append(_sides(word, condition))
            elif word == "endif":
                del open_[-1:]
            elif open_:
                last = open_.pop()
                open_.append(_sides(word, condition) if word == "elif" else last[::-1])
        if number in wanted:
            for yes, _ in open_:
                yield from yes


def _sides(word: str, condition: str) -> tuple[frozenset[str], frozenset[str]]:
    """The features that the lines after a condition need, and those that its `else` needs."""
    named = _USED.findall(condition)
    yes = frozenset(name for negation, name in named if not negation)
    no = frozenset(name for negation, name in named if negation)
    return (no, yes) if word == "ifndef" else (yes, no)
