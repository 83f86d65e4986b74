"""What people picked to a stable branch, as its CHANGELOG says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from bisector.git.history import History

_RELEASE = re.compile(r"\d{4}/\d\d/\d\d : (\d+\.\d+)\.(\d+)\n")
_ITEM = re.compile(r"    - (.+)")


def subjects(changelog: str, series: str) -> list[str]:
    """The subjects of the picks to *series* after its first release, in the order of the picks."""
    found: list[str] = []
    for release in reversed(re.split(r"\n(?=\d{4}/)", changelog)):
        head = _RELEASE.match(release)
        if head and head[1] == series and head[2] != "0":
            found += [item[1] for item in map(_ITEM.fullmatch, release.splitlines()) if item]
    return found


def known(history: History, commits: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The commits with the subjects *wanted*, in that order: those of which there is exactly one.

    *commits* are those of the main line, full hashes.
    """
    by_subject = defaultdict[str, list[str]](list)
    for commit in commits:
        by_subject[history.commit(commit).subject].append(commit)
    return [by_subject[subject][0] for subject in wanted if len(by_subject.get(subject, ())) == 1]
