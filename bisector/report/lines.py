"""What a hunt says of two lines of history."""

from __future__ import annotations

from collections.abc import Iterator

from bisector.record.findings import Finding
from bisector.record.fork_events import Forked, OnOther, OtherLine
from bisector.record.summary import Summary
from bisector.record.words import Change


def parting(forked: Forked, summary: Summary) -> str:
    """Where the ends part, and the verdicts there and at both."""
    base, tip, other = (
        summary.verdict(revision) or "unknown"
        for revision in (forked.base, forked.tip, forked.other_tip)
    )
    ends = f"{forked.name} is {tip}, {forked.other_name} {other}"
    return f"after {forked.base_name}, which is {base}; {ends}"


def line_of(finding: Finding, summary: Summary) -> str:
    """The words for the line on which a change was found, '' if there is one line only."""
    forked = summary.forked
    name = finding.found.line or (forked.name if forked else "")
    return f" on {name}" if name else ""


def briefly(summary: Summary) -> list[str]:
    """The answers about the other line, each in one line."""
    return [next(said(one, summary), "") for one in summary.other_lines]


def said(one: OtherLine, summary: Summary) -> Iterator[str]:
    """What the other line has of a change, in lines; the first is the answer."""
    short = one.revision[:10]
    if one.state is OnOther.UNKNOWN:
        yield f"what {one.line} has of it is unknown: {one.reason}"
    elif one.state is OnOther.HAS:
        yield from _has(one, summary)
    elif one.state is OnOther.HAD:
        yield f"{one.line} had it as {_counterpart(one)}, and it was fixed there since"
    elif one.what is Change.FIX and one.state is OnOther.LACKS:
        yield f"{one.line} lacks it: bisector backport {short} --onto {one.line}"
    elif one.what is Change.FIX:
        yield f"{one.line} has it as {_counterpart(one)}, and is bad all the same"
    elif one.counterpart:
        yield from _alone(one, summary)
    else:
        yield f"{one.line} does not have it, and is good"


def _has(one: OtherLine, summary: Summary) -> Iterator[str]:
    """The line's own change, and whether it is the pick."""
    own = next((f for f in summary.findings if f.found.line == one.line), None)
    if own and one.counterpart == own.revision:
        yield f"{one.line} has it, too, as {_counterpart(one)}"
    elif own:
        yield f"{one.line} changed as well, by {own.revision[:10]}, which is no pick of it"
        if one.counterpart:
            yield f"its pick there is {_counterpart(one)}"


def _alone(one: OtherLine, summary: Summary) -> Iterator[str]:
    """A change that is bad on one line only."""
    tip = summary.forked.name if summary.forked else ""
    yield f"broken on {tip} alone: on {one.line} it is {_counterpart(one)}, and good"
    if one.healed:
        yield f"the pick lacks {one.lacks[0]}: with that it is good"
    elif one.lacks:
        yield "it may lack one of these, none of which heals it alone:"
        yield from (f"  {commit}" for commit in one.lacks)


def _counterpart(one: OtherLine) -> str:
    place = f" ({one.place})" if one.place else ""
    return f"{one.counterpart[:10]}{place} {one.subject} (by {one.by})"
