"""The line of history that a stable branch takes fixes from, and the commits to look at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pygit2

from bisector.errors import NoSuchRevision, UsageProblem
from bisector.git.history import History
from bisector.git.picks import Picks
from bisector.git.stable_branches import maintained, number_of
from bisector.jobs.backport import advice
from bisector.jobs.backport.advice import Version

MASTERS = ("master", "origin/master", "main", "origin/main")


@dataclass(frozen=True)
class Line:
    """A branch: the ``name`` that the user gave, its ``tip`` (full hash) and its series."""

    name: str
    tip: str
    version: Version | None


@dataclass(frozen=True)
class Source:
    """What ``branch`` can take from ``line``.

    ``base`` is where they part. ``before`` are the commits of the line since then, parents first,
    and ``commits`` are those of them to look at. ``own`` are the commits of the branch since then.
    ``named``: the user named the commits, in their order.
    """

    branch: Line
    line: Line
    base: str
    before: tuple[str, ...]
    commits: tuple[str, ...]
    own: tuple[str, ...]
    named: bool = False


def find_line(history: History, name: str) -> Line:
    """The line of history called *name*, see revision_names.find. Raises NoSuchRevision."""
    commit = history.resolve(name).id
    tree = history.read(commit).tree
    raw = tree["VERSION"].peel(pygit2.Blob).data if "VERSION" in tree else b""
    return Line(name, commit, advice.version_of(raw.decode("ascii", "replace"), name))


def above(history: History, branch: Line) -> Line:
    """The line that *branch* takes from if the user names none.

    It is that of the next newer series that is maintained and of which more than the first release
    is known, else the main line. Raises NoSuchRevision if there is none.
    """
    for name in reversed(list(_newer(history, branch.version))):
        return find_line(history, name)
    for name in MASTERS:
        if history.knows(name):
            return find_line(history, name)
    raise NoSuchRevision("no branch 'master' to take fixes from", "name one with --from")


def _newer(history: History, version: Version | None) -> Iterator[str]:
    """The maintained branches that are newer than *version*, the newest first."""
    found = maintained(history.refs)
    for name in found.names:
        number = number_of(name)
        if version and number and number > version and name not in found.bare:
            yield name


def find_source(
    history: History, branch: Line, line: Line, since: str, named: Sequence[str]
) -> Source:
    """What *branch* can take from *line*: its commits after *since*, or those *named*.

    *since* is a revision or a date; without it, those count that come after the last one that the
    branch has a pick of. Raises UsageProblem and NoSuchRevision.
    """
    base = require_common(history, branch, line)
    before = history.between(base, line.tip)
    if not before:
        raise UsageProblem(f"{branch.name} has all of {line.name}", "name another with --from")
    own = history.between(base, branch.tip)
    source = Source(branch, line, base, before, (), own)
    if named:
        there = frozenset(before)
        commits = tuple(dict.fromkeys(_named(history, source, there, word) for word in named))
        return replace(source, commits=commits, named=True)
    first = _after(history, before, since) if since else _after_last_pick(history, before, own)
    return replace(source, commits=before[first:])


def require_common(history: History, branch: Line, line: Line) -> str:
    """The last commit that both have. Raises UsageProblem if there is none."""
    base = history.merge_base(branch.tip, line.tip)
    if base is None:
        what = f"{branch.name} and {line.name} have no common history"
        raise UsageProblem(what, "name another with --from")
    return base


def _named(history: History, source: Source, there: frozenset[str], word: str) -> str:
    """The commit that the user calls *word*, of those *there* on the line.

    Raises UsageProblem if it cannot be picked.
    """
    commit = history.resolve(word)
    if len(commit.parents) != 1:
        kind = "a merge" if commit.parents else "a first commit"
        raise UsageProblem(f"{word} is {kind}", "name the commits that it brings")
    if commit.id not in there:
        where = f"{source.line.name} since {source.branch.name} parted from it"
        raise UsageProblem(f"{word} is not on {where}", "name its line with --from")
    return commit.id


def _after(history: History, commits: Sequence[str], since: str) -> int:
    """The index of the first of *commits* after *since*. Raises UsageProblem, NoSuchRevision."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d(?:[T ].*)?", since):
        try:
            moment = datetime.fromisoformat(since)
        except ValueError:
            raise UsageProblem(f"--since {since}", "a date is written as 2026-08-21") from None
        limit = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        late = (i for i, one in enumerate(commits) if history.read(one).commit_time >= limit)
        return next(late, len(commits))
    commit = history.resolve(since).id
    if commit in commits:
        return commits.index(commit) + 1
    if history.objects.descendant_of(commits[0], commit):
        return 0
    raise UsageProblem(f"--since {since}: it is not on that line of history", "name another")


def _after_last_pick(history: History, before: Sequence[str], own: Sequence[str]) -> int:
    picked = Picks(history.objects, own).by_trailer
    return max((i for i, one in enumerate(before, 1) if one in picked), default=0)


def picks_on(history: History, base: str, line: Line) -> Mapping[str, str]:
    """The picks on *line* since *base*, by the commits that their messages name."""
    return Picks(history.objects, history.between(base, line.tip)).by_trailer


def newest_first(lines: Sequence[Line]) -> list[Line]:
    """*lines* in the order in which fixes come down. Raises UsageProblem for two of one series."""
    known = {line.version for line in lines}
    if len(lines) > 1 and (None in known or len(known) < len(lines)):
        raise UsageProblem("of several branches each needs a series of its own", "name one of them")
    return sorted(lines, key=lambda line: line.version or (0, 0), reverse=True)
