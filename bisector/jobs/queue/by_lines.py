"""Whether a branch has the lines that a fix changes, by the commits that touched them last; pure.

This is a hint: the commit that touched the lines last is the culprit for one fix in two. Of the
fixes on master in the year after 3.0.0, it says `lacks` for 3 of the 338 that were picked to 3.0,
and for 132 of the 227 that were not; for 2.6, in ten months, for 5 of 428 and for 65 of 124. By
the newest commit alone it would be wrong about three times as often.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bisector.patch.line_origins import OLDER, LineHistory


class Presence(StrEnum):
    """Whether a branch has the lines that a fix changes."""

    HAS = "has"  # each comes from a commit that the branch has
    LACKS = "lacks"  # more than half of them come from commits that it lacks
    MIXED = "mixed"
    UNKNOWN = "unknown"  # the fix changes no lines of sources, or only adds files


@dataclass(frozen=True)
class ByLines:
    """Whether a branch has the lines that a fix changes.

    ``missing`` of the ``lines`` come from commits that the branch lacks. ``only_adds``: the fix
    changes no lines, these are the ones around its own. ``culprit``: see culprit().
    """

    presence: Presence
    culprit: str = ""
    missing: int = 0
    lines: int = 0
    only_adds: bool = False


def judge(fix: LineHistory, there: Collection[str]) -> ByLines:
    """Whether a branch has the lines of *fix*; *there* are the commits of the range that it has.

    They are full hashes, of ancestors or of commits that were picked. The range is to begin where
    the branch parted, so that the branch has what is older.
    """
    by_commit = _lines(fix)
    if not by_commit:
        return ByLines(Presence.UNKNOWN)
    lines = sum(by_commit.values())
    missing = sum(
        count for origin, count in by_commit.items() if origin != OLDER and origin not in there
    )
    if not missing:
        presence = Presence.HAS
    else:
        presence = Presence.LACKS if 2 * missing > lines else Presence.MIXED
    return ByLines(presence, culprit(fix), missing, lines, not fix.removed)


def culprit(fix: LineHistory) -> str:
    """The commit (full hash) that most likely brought the bug: that which touched the lines last.

    '' if that is older than the range, or if there are no lines.
    """
    return next(iter(_lines(fix)), OLDER)


def repaired(fix: LineHistory) -> str:
    """The commit (full hash) whose own lines *fix* repairs: it touched more than half of them last.

    '' if there is none in the range. Of a year's 994 fixes this names an earlier fix for 81; the
    messages of 42 of these name the same one.
    """
    lines = _lines(fix)
    return next((one for one, count in lines.items() if 2 * count > sum(lines.values())), OLDER)


def _lines(fix: LineHistory) -> Mapping[str, int]:
    """The lines that count, by commit: those that are changed, else those around what is added."""
    return fix.removed or fix.around
