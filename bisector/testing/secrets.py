"""Secrets in a test's files or its output, which must not be passed on; pure functions.

What is found is certain to look like one: private keys, and values that HAProxy's keywords, HTTP
headers and URLs have in places where only a password or a token can be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# what is in no file but made while HAProxy runs, or plainly stands for something else
_STANDS_FOR = r"(?![\"']?(?:%\[|\$(?!\w{1,2}\$)[\w{(]|<|\.\.\.|\*+|x+\b))"
_VALUE = _STANDS_FOR + r"(?P<secret>[^\s\"']{3,})"

_KEY = "a private key"
_BEGIN = re.compile(r"-----BEGIN ([A-Z ]{0,20}PRIVATE KEY)-----")
_BASE64 = re.compile(r"(?:\s+[\w+/]{24,}={0,2})*")
_PATTERNS = (
    ("a password", r"(?:^|[|'\"])[ \t]*user[ \t]+\S+[ \t]+(?:insecure-)?password[ \t]+" + _VALUE),
    ("a password", r"\bstats[ \t]+auth[ \t]+[^\s:]+:" + _VALUE),
    (
        "a password or a token",
        r"\b(?:Proxy-)?Authorization\b[\"']?[: ][ \t]*[\"']?(?:Basic|Bearer|Digest)(?:\\ | +)"
        + _VALUE,
    ),
    ("a token", r"\b(?:X-)?(?:Api-Key|Auth-Token|Access-Token)\b[\"']?[: ][ \t]*[\"']?" + _VALUE),
    ("a password", r"\b\w+://[^\s/:@\"']+:(?P<secret>[^\s/@\"']+)(?=@)"),
    ("a password", r"\bcurl\b[^\n|;&]*?\s(?:-u|--user)[ =]?[\"']?[^\s:\"']+:" + _VALUE),
)
_FINDERS = [(kind, re.compile(pattern, re.M | re.I)) for kind, pattern in _PATTERNS]


@dataclass(frozen=True)
class Secret:
    """A secret: its ``kind``, its ``line`` from 1, and where it begins and ends in the text."""

    kind: str
    line: int
    start: int
    end: int


def find(text: str) -> list[Secret]:
    """The secrets in *text*, in their order."""
    found = sorted(_matches(text), key=lambda one: (one.start, -one.end))
    return [
        one
        for place, one in enumerate(found)
        if not any(other.end > one.start for other in found[:place])
    ]


def without(text: str) -> str:
    """*text* with each secret replaced by a word on what it was."""
    kept, at = [], 0
    for one in find(text):
        kept += [text[at : one.start], f"[{one.kind} was here]"]
        at = one.end
    return "".join([*kept, text[at:]])


def _matches(text: str) -> Iterator[Secret]:
    for start, end in _keys(text):
        yield Secret(_KEY, _line(text, start), start, end)
    for kind, pattern in _FINDERS:
        for match in pattern.finditer(text):
            start, end = match.span("secret")
            yield Secret(kind, _line(text, start), start, end)


def _keys(text: str) -> Iterator[tuple[int, int]]:
    """Where private keys begin and end, without their first and last lines.

    One without an end goes on as long as there are words of base64.
    """
    at = 0
    while begin := _BEGIN.search(text, at):
        end = text.find(f"-----END {begin[1]}-----", begin.end())
        if end < 0:
            cut = _BASE64.match(text, begin.end())
            end = cut.end() if cut else begin.end()
        if end > begin.end():
            yield begin.end(), end
        at = end


def _line(text: str, place: int) -> int:
    """The number of the line, from 1."""
    return text.count("\n", 0, place) + 1
