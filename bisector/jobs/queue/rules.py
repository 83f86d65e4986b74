"""The rules by which a fix is wanted on a branch or not, from what is known of it; pure.

docs/queue.md has them as a table, in this order: the first one that applies decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bisector.jobs.queue.by_lines import ByLines, Presence
from bisector.record.queue_events import Evidence, Says, Statement
from bisector.record.verdict import Verdict

DAY = 86_400  # seconds
# What "after some observation" means. Of the fixes of a year that ask for it, three of four were
# picked to 3.0; the median came 21 days later that repaired a fix.
WAITING = 28 * DAY


class Wish(StrEnum):
    """Whether a fix is wanted on a branch."""

    YES = "yes"
    NO = "no"
    WAIT = "wait"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Facts:
    """What is known of a fix and a branch, besides whether it is there.

    ``is_bug``: the subject says that it fixes a bug; ``is_fix``: that, or the build. ``says`` is
    what the message asks for, by the sentence ``said``. ``tested`` is the verdict on the branch of
    a test that shows this bug, None without one; ``test`` describes it. ``culprits`` are the
    commits (in short) that the message says brought the bug, ``has_culprit``: the branch has one of
    them. ``follows`` is the commit, in short, with which the message says to backport it, and
    ``has_followed`` whether the branch has that or gets it; ``refuses_followed``: the message of
    that refuses a backport. ``reverted`` is the later commit that reverts it. ``age`` is that of
    the fix on its line, in seconds.
    """

    is_bug: bool
    is_fix: bool
    says: Says
    said: str
    lines: ByLines
    tested: Verdict | None = None
    test: str = ""
    culprits: tuple[str, ...] = ()
    has_culprit: bool = False
    follows: str = ""
    has_followed: bool = False
    refuses_followed: bool = False
    reverted: str = ""
    age: float = 0.0


@dataclass(frozen=True)
class Wanted:
    """Whether a fix is wanted, and why. ``affected`` is what is known of the bug on the branch."""

    wish: Wish
    why: str
    affected: Statement | None = None
    differs: str = ""


def wanted(facts: Facts) -> Wanted:
    """Whether the fix is wanted on the branch."""
    affected = is_affected(facts)
    wish, why = _wish(facts, affected)
    return Wanted(wish, why, affected, differs(facts, affected))


def is_affected(facts: Facts) -> Statement | None:
    """Whether the branch has the bug, by the surest that is known of it; None for nothing."""
    if facts.tested is Verdict.BAD:
        return Statement(f"has the bug: {facts.test}", Evidence.PROVEN)
    if facts.tested is Verdict.GOOD:
        return Statement(f"does not have the bug: {facts.test}", Evidence.PROVEN)
    if facts.culprits and facts.has_culprit:
        return Statement(f"has what brought the bug, {facts.culprits[0]}", Evidence.HISTORY)
    if facts.culprits:
        return Statement(f"lacks what brought the bug, {facts.culprits[0]}", Evidence.HISTORY)
    if facts.lines.presence in _BY_LINES:
        return Statement(_by_lines(facts.lines), Evidence.LINES)
    return None


_BY_LINES = {
    Presence.HAS: "has all {lines} lines {what}",
    Presence.LACKS: "lacks {missing} of the {lines} lines {what}, most from {culprit}",
    Presence.MIXED: "lacks {missing} of the {lines} lines {what}",
}


def _by_lines(lines: ByLines) -> str:
    what = "around what it adds" if lines.only_adds else "that it changes"
    if lines.lines == 1:
        from_what = f", from {lines.culprit[:10]}" if lines.missing else ""
        return f"{'lacks' if lines.missing else 'has'} the line {what}{from_what}"
    return _BY_LINES[lines.presence].format(
        lines=lines.lines, missing=lines.missing, what=what, culprit=lines.culprit[:10]
    )


def _wish(facts: Facts, affected: Statement | None) -> tuple[Wish, str]:
    """The first rule that applies."""
    if affected and affected.evidence is Evidence.PROVEN:
        wish = Wish.YES if facts.tested is Verdict.BAD else Wish.NO
        return wish, f"the branch {affected.text}"
    if facts.reverted:
        return Wish.NO, f"{facts.reverted} reverts it later"
    if facts.says is Says.NO:
        if facts.culprits and facts.has_culprit:
            return Wish.UNCLEAR, f"the message refuses it, but the branch {_text(affected)}"
        return Wish.NO, "the message says so"
    if facts.says is Says.WAIT and facts.age < WAITING:
        return Wish.WAIT, "the message asks to wait"
    if facts.says is Says.WAIT:
        return Wish.YES, f"the message asks for it after a while, and {WAITING // DAY} days passed"
    if facts.says is Says.YES:
        return Wish.YES, "the message asks for it"
    if facts.follows:
        if facts.has_followed:
            return Wish.YES, f"it goes with {facts.follows}, which is there"
        if facts.refuses_followed or facts.lines.presence is not Presence.HAS:
            return Wish.NO, f"it goes with {facts.follows}, which is not there"
        return Wish.YES, f"the message asks for it with {facts.follows}"
    if facts.is_fix and affected and affected.evidence is Evidence.HISTORY:
        return (Wish.YES if facts.has_culprit else Wish.NO), f"the branch {affected.text}"
    if facts.says is Says.ANYWHERE and facts.lines.presence is Presence.LACKS:
        return Wish.NO, f"the branch {_text(affected)}"
    if facts.says is Says.ANYWHERE:
        return Wish.YES, "the message asks for it where it applies"
    if facts.is_bug and facts.lines.presence is Presence.LACKS:
        return Wish.NO, f"the message says nothing, and the branch {_text(affected)}"
    return Wish.UNCLEAR, "the message says nothing"


def needed_by(commits: Sequence[str]) -> str:
    """Why a commit is picked that only others (full hashes) need."""
    return f"{', '.join(one[:10] for one in commits)} needs it"


def _text(affected: Statement | None) -> str:
    return affected.text if affected else ""


def differs(facts: Facts, affected: Statement | None) -> str:
    """Where the message differs from what is so; '' for nowhere."""
    if affected is None or affected.evidence not in (Evidence.PROVEN, Evidence.HISTORY):
        return ""
    has = facts.has_culprit if facts.tested is None else facts.tested is Verdict.BAD
    if facts.says is Says.YES and not has:
        return f"the message asks for it, but the branch {affected.text}"
    if facts.says is Says.NO and has:
        return f"the message refuses it, but the branch {affected.text}"
    if facts.says is Says.NOTHING and facts.tested is Verdict.BAD:
        return "needed, though the message does not say so"
    return ""
