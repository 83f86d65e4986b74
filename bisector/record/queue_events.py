"""The events of `queue`: a row for each fix, and the series of picks that came of them.

Commits are full hashes. What a row says has its evidence beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bisector.record.events import Event
from bisector.record.words import How


class Evidence(StrEnum):
    """What a statement rests on, the surest first."""

    PROVEN = "proven"  # by a test that shows this bug, or by a build
    HISTORY = "by history"  # by commits: trailers, the same change, the culprit that is named
    LINES = "by lines"  # by who last touched the lines that the fix changes
    MESSAGE = "by the message only"


class Word(StrEnum):
    """The verdict on a fix for a branch. docs/queue.md has the rules."""

    PICK = "pick"
    PICK_WITH = "pick with"  # other commits, which the row names
    WAIT = "wait"
    NOT_NEEDED = "not needed"
    THERE = "there"
    CONFLICT = "conflict"
    BREAKS = "breaks"
    UNCLEAR = "unclear"

    @property
    def is_picked(self) -> bool:
        """Whether the fix is part of the series."""
        return self in (Word.PICK, Word.PICK_WITH)

    @property
    def needs_nobody(self) -> bool:
        """Whether no person has to look at the row."""
        return self.is_picked or self in (Word.NOT_NEEDED, Word.THERE)


class Says(StrEnum):
    """What the message of a fix says about a branch."""

    YES = "asks"
    NO = "refuses"
    WAIT = "waits"
    FOLLOWS = "goes where another is"  # "wherever the commit above was backported"
    ANYWHERE = "asks, names no version"
    NOTHING = "says nothing"


class RepairState(StrEnum):
    """Where the repair of a fix is."""

    THERE = "there"  # on the branch
    QUEUED = "in the queue"
    REFUSED = "refused by its message"
    MISSING = "missing"


class Decided(StrEnum):
    """What a person decided on a fix for a branch."""

    YES = "yes"
    NO = "no"
    WAIT = "wait"


@dataclass(frozen=True)
class Statement:
    """What is so, in words, and the evidence for it."""

    text: str
    evidence: Evidence


@dataclass(frozen=True)
class Needed:
    """A commit that has to be picked with or before a fix: its hash and subject, and why."""

    revision: str
    subject: str
    why: str


@dataclass(frozen=True)
class Repair:
    """A later commit that repairs a fix: its hash and subject, how one knows, and where it is."""

    revision: str
    subject: str
    why: str
    state: RepairState


@dataclass(frozen=True)
class Queued(Event):
    """What is known of one fix, ``revision``, for one ``branch``; later rows replace earlier ones.

    ``word`` is the verdict and ``why`` says in a line what it follows from. ``at`` is the time of
    the commit. ``affected`` says whether the branch has the bug. ``says`` is what the message asks
    for, by the sentence ``said``; ``differs`` says where that is not what is so, '' for nowhere.
    ``how`` is how it applies to the branch with what was picked before it ('' if that was not
    tried), and ``conflict`` shows both sides. ``picked`` is the commit of the series, '' for none.
    ``decided`` and ``because`` are a person's decision.
    """

    kind: ClassVar[str] = "queued"
    branch: str
    revision: str
    subject: str
    author: str
    at: int
    word: Word
    why: str
    there: Statement | None = None
    affected: Statement | None = None
    says: Says = Says.NOTHING
    said: str = ""
    differs: str = ""
    how: How | None = None
    conflict: str = ""
    left_out: tuple[str, ...] = ()
    needs: tuple[Needed, ...] = ()
    needed_by: tuple[str, ...] = ()
    repairs: tuple[Repair, ...] = ()
    builds: Statement | None = None
    warnings: tuple[str, ...] = ()
    reg_tests: Statement | None = None
    picked: str = ""
    decided: Decided | None = None
    because: str = ""


@dataclass(frozen=True)
class Series(Event):
    """The picks for ``branch`` as one line of commits from its tip ``base`` to ``tip``.

    ``commits`` are the picks in their order, of the commits ``origins`` of the line ``source``.
    ``built``: each of them was built. ``others`` is the number of commits that were looked at and
    that neither fix anything nor ask to be picked. ``files`` are the paths of the patches that were
    written, ``created`` is the branch that was made in the repository.
    """

    kind: ClassVar[str] = "series"
    branch: str
    source: str
    base: str
    tip: str
    commits: tuple[str, ...]
    built: bool
    others: int
    origins: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    created: str = ""
