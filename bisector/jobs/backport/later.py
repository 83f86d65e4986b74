"""The later commits that repair a fix, by their messages, and what its own message blames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import pygit2

from bisector.git import refs
from bisector.git.history import History
from bisector.git.picks import Picks
from bisector.jobs.backport.fix import Fix
from bisector.jobs.queue.mentions import Mention, Relation, mentions
from bisector.jobs.queue.source import MASTERS

_REPAIRS = (Relation.REPAIRS, Relation.REVERTS)


def find_mentions(history: History, fix: Fix) -> tuple[Mention, ...]:
    """What *fix* says of earlier commits, and what later ones on its line of history say of it.

    There is none for patches, which are no commit yet. Takes 1.5 s for HAProxy's history.
    """
    if not fix.revision:
        return ()
    read = history.read(fix.revision)
    after = history.between(fix.revision, _tip(history, fix.revision))
    may_name = (one for one in after if _may_name(history.read(one), read))
    found = mentions(history, (fix.revision, *may_name))
    return tuple(one for one in found if fix.revision in (one.commit, one.named))


def _may_name(commit: pygit2.Commit, fix: pygit2.Commit) -> bool:
    """Whether *commit* is worth the time to look for *fix* in its message."""
    message = commit.raw_message
    words = fix.raw_message.split(maxsplit=3)[:3]  # of its subject, which may be wrapped
    by_name = str(fix.id)[:7].encode() in message or all(word in message for word in words)
    return by_name or fix.id in commit.parent_ids


def culprits(fix: Fix, said: Sequence[Mention]) -> Iterator[str]:
    """The commits (full hashes) that brought the bug, by what *fix* said."""
    for one in said:
        if one.commit == fix.revision and one.relation is Relation.REPAIRS:
            yield one.named


def repairs(fix: Fix, said: Sequence[Mention]) -> tuple[Mention, ...]:
    """The later commits that repair or revert *fix*, by what they *said*."""
    return tuple(one for one in said if one.named == fix.revision and one.relation in _REPAIRS)


class Repairs:
    """Where the commits are that repair a fix; *home* is the revision it was made for."""

    def __init__(self, history: History, home: str, found: Sequence[Mention]) -> None:
        self._history, self._home, self._found = history, home, found

    def texts(self, tip: str) -> tuple[str, ...]:
        """Each repair in a line, with whether the branch with this *tip* has it."""
        if not self._found:
            return ()
        base = self._history.merge_base(self._home, tip)
        own = self._history.between(base, tip) if base else ()
        picks = Picks(self._history.objects, own)
        return tuple(self._text(one, tip, picks) for one in self._found)

    def _text(self, one: Mention, tip: str, picks: Picks) -> str:
        commit = self._history.commit(one.commit)
        has = self._history.contains(tip, one.commit) or picks.of(one.commit)
        where = "is there" if has else "missing"
        return f"{commit.short} {commit.subject} ({where}): '{one.text}'"


def _tip(history: History, commit: str) -> str:
    """The newest tip of a line of history that has *commit*: the main one's, else any branch's."""
    known = (history.resolve(name) for name in MASTERS if history.knows(name))
    lines = {history.head().id, *(one.id for one in known)}
    main = sorted(lines, key=lambda one: -history.read(one).commit_time)
    others = sorted(history.refs.branches(), key=refs.age, reverse=True)
    tips = chain(main, (str(ref.commit.id) for ref in others))
    return next((tip for tip in tips if history.contains(tip, commit)), commit)
