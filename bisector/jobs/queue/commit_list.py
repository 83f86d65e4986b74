"""Lists of commits, as files or on standard input: one on each line, or as patchbot writes them."""

from __future__ import annotations

import re

from bisector.errors import UsageProblem

# patchbot's `cid_y=( … )`, commas and quotes around hashes
_PUNCTUATION = re.compile(r"\bcid_\w+=\(|[(),;\"']")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_HASH = re.compile(r"[0-9a-f]{7,40}")
_HINT = "write a hash of 7 to 40 digits first on each line, or cid_y=( … )"


def parse(text: str, name: str) -> list[str]:
    """The hashes that *text* lists. Raises UsageProblem for any other word, by its line in *name*.

    `#` begins a comment. One hash may be followed by the commit's subject, as `git log --oneline`
    prints it.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = _PUNCTUATION.sub(" ", _COMMENT.sub("", line)).split()
        if words and _HASH.fullmatch(words[0]) and not any(map(_HASH.fullmatch, words[1:])):
            del words[1:]
        for word in words:
            if not _HASH.fullmatch(word):
                raise UsageProblem(f"{name}, line {number}: '{word}' is no commit", _HINT)
        found += words
    return found
