"""The events of a hunt between two ends of which neither descends from the other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bisector.record.events import Event
from bisector.record.words import Change


class OnOther(StrEnum):
    """Whether the other line of history has a change that was found on one."""

    HAS = "has it"  # its verdict changes as well
    HAD = "had it"  # it has been fixed there since
    LACKS = "lacks it"
    IN_VAIN = "in vain"  # it has a pick of the commit, and yet its verdict does not change
    UNKNOWN = "unknown"  # its tip cannot be tested


@dataclass(frozen=True)
class Forked(Event):
    """The ends of the range part after ``base``; the change is searched on the line to ``tip``.

    ``other_tip`` is the other end. The names are those that the user gave the ends, and that of
    ``base``.
    """

    kind: ClassVar[str] = "forked"
    base: str
    tip: str
    other_tip: str
    base_name: str
    name: str
    other_name: str


@dataclass(frozen=True)
class OtherLine(Event):
    """What became of the commit ``revision``, which made the change ``what``, on the other line.

    ``counterpart`` is the commit there that is its pick or of which it is one, '' for none, by what
    ``by`` says; ``subject`` and ``place`` are its. If it alone is bad, ``lacks`` names the commits
    of the other line without which it is so, seen by picking them if ``healed``, else those that
    may be needed. ``affected`` names the other line's releases with the bug.
    """

    kind: ClassVar[str] = "other line"
    what: Change
    revision: str
    line: str
    state: OnOther
    counterpart: str = ""
    subject: str = ""
    place: str = ""
    by: str = ""
    lacks: tuple[str, ...] = ()
    healed: bool = False
    affected: tuple[str, ...] = ()
    reason: str = ""
