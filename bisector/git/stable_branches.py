"""HAProxy's stable branches: where each ends, and which are still maintained.

The stable branch of the series X.Y is a branch X.Y of a repository, or `master` of a repository of
its own, haproxy-X.Y.git. Its releases are vX.Y.0, vX.Y.1 …; the first is on the main line, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pygit2

from bisector.git.refs import Ref, Refs, age

Number = tuple[int, int]  # of a series: (3, 2) for 3.2

_NUMBER = re.compile(r"(\d+)\.(\d+)")
_RELEASE = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_PREFIX = re.compile(r"(?:haproxy|stable|maint)[-/]")
_MAIN_BRANCHES = ("master", "main")
_END_OF_LIFE = re.compile(r"\bEOL\b|\bend[- ]of[- ]life\b", re.IGNORECASE)
_MONTHS_OF_ODD, _MONTHS_OF_EVEN = 18, 60
_MONTH = 365.25 / 12 * 86_400  # seconds


@dataclass(frozen=True)
class Maintained:
    """The names (`3.2`) of the branches that are maintained, the newest first.

    ``bare`` are those of them of which nothing but the first release is known. ``ended`` are not
    maintained any more, though newer than one that is.
    """

    names: tuple[str, ...]
    bare: tuple[str, ...]
    ended: tuple[str, ...]


def number_of(name: str) -> Number | None:
    """The number of the series that is called *name*, as `3.2` is; None for another name."""
    match = _NUMBER.fullmatch(name)
    return (int(match[1]), int(match[2])) if match else None


def name_of(number: Number) -> str:
    """The name of the series and of its branch, `3.2`."""
    return f"{number[0]}.{number[1]}"


def is_maintained(number: Number, released: int, now: int, branches: str = "") -> bool:
    """Whether the stable branch of a series is maintained whose first release is of *released*.

    Both times are in seconds. The rule is that of the file BRANCHES in HAProxy's sources: odd
    versions get updates for 12 to 18 months, even ones are supported for the long term. Five years
    is what those have had. A branch has ended before if *branches*, the text of its own BRANCHES,
    has its number and "EOL" in one line.
    """
    name = re.compile(rf"(?<![\d.]){re.escape(name_of(number))}(?!\.?\d)")
    if any(_END_OF_LIFE.search(line) and name.search(line) for line in branches.splitlines()):
        return False
    return now - released < _MONTH * (_MONTHS_OF_ODD if number[1] % 2 else _MONTHS_OF_EVEN)


def tip(refs: Refs, number: Number) -> pygit2.Commit | None:
    """The newest commit that is known of the stable branch of a series; None if none is.

    It is the clone's own branch of that name, else the newest of the branches that are it, by
    remotes and repositories beside the clone, else the newest release tag. Of several branches,
    those count from which no other one descends, and of these the newest.
    """
    branches = [ref for ref in refs.branches() if _is_of(ref, number)]
    own = [ref for ref in branches if not ref.home and ref.name == name_of(number)]
    if branches:
        return _newest(refs.objects, own or branches)
    tags = releases(refs).get(number)
    return tags[-1].commit if tags else None


def maintained(refs: Refs) -> Maintained:
    """The maintained branches of which at least one release is known.

    The present is the time of the newest commit of all branches and tags, not that of the clock:
    the same repositories give the same answer.
    """
    refs_of_all = (*refs.branches(), *refs.tags())
    now = max((ref.commit.commit_time for ref in refs_of_all), default=0)
    living, bare, ended = [], [], []
    for number, tags in sorted(releases(refs).items(), reverse=True):
        released = tags[0].commit
        end = tip(refs, number) if is_maintained(number, released.commit_time, now) else None
        if end and is_maintained(number, released.commit_time, now, _text(end, "BRANCHES")):
            living.append(number)
            bare += [name_of(number)] if end.id == released.id else []
        else:
            ended.append(number)
    newer = [number for number in ended if living and number > living[-1]]
    return Maintained(tuple(map(name_of, living)), tuple(bare), tuple(map(name_of, newer)))


def releases(refs: Refs) -> dict[Number, list[Ref]]:
    """The tags vX.Y.0, vX.Y.1 … of each series, in their order."""
    found: dict[Number, list[tuple[int, Ref]]] = {}
    for ref in refs.tags(lambda name: name.startswith("v")):
        if match := _RELEASE.fullmatch(ref.name):
            found.setdefault((int(match[1]), int(match[2])), []).append((int(match[3]), ref))
    return {
        number: [ref for _, ref in sorted(numbered, key=lambda one: one[0])]
        for number, numbered in found.items()
    }


def _is_of(ref: Ref, number: Number) -> bool:
    """Whether a branch is the stable branch of a series, by its name and its VERSION file.

    Branches for single topics are not: only those that have its name, main branches, and what a
    repository beside the clone has checked out.
    """
    name = _PREFIX.sub("", ref.name, count=1) if ref.home else ref.name
    named = number_of(name) == number
    if not (named or ref.checked_out or ref.name in _MAIN_BRANCHES):
        return False
    version = _text(ref.commit, "VERSION").strip()
    release = _RELEASE.fullmatch(version)
    if release is None:
        return named and not version
    return (int(release[1]), int(release[2])) == number


def _newest(objects: pygit2.Repository, branches: Iterable[Ref]) -> pygit2.Commit:
    """The newest of the commits from which none of the others descends."""
    by_id = {ref.commit.id: ref for ref in branches}
    ends = [
        ref
        for oid, ref in by_id.items()
        if not any(other != oid and objects.descendant_of(other, oid) for other in by_id)
    ]
    return max(ends, key=age).commit


def _text(commit: pygit2.Commit, path: str) -> str:
    """The text of a file of *commit*, '' without such a file."""
    try:
        return commit.tree[path].peel(pygit2.Blob).data.decode("utf-8", "replace")
    except (KeyError, pygit2.GitError, pygit2.InvalidSpecError):
        return ""
