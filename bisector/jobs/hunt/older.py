"""If both ends of a range are bad: make sure, say so, or go back to a release before the bug."""

from __future__ import annotations

from bisector.errors import UnusableEnds
from bisector.git import lines
from bisector.git.history import History, Range
from bisector.jobs.hunt.learning import fails
from bisector.jobs.hunt.proof import FastContradicted
from bisector.probing.prober import Prober
from bisector.record.events import Noted
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose


def widest(history: History, span: Range) -> Range:
    """*span* from the oldest release on that extended() can go back to."""
    found = [commit for _, commit in lines.older_releases(history, span.old.id)]
    return lines.from_older(history, span, "", found[-1] if found else span.old.id)


def extended(prober: Prober, span: Range) -> Range:
    """*span* from the newest older release on at which the test does not fail.

    The first releases of the series before it are tried, the newest first. It is *span* itself if
    an end does not fail. Raises UnusableEnds if all of them fail, or if there is none.
    """
    ends = prober.ask_all([prober.start(end.id, Purpose.END) for end in (span.old, span.new)])
    if not all(map(fails, ends)):
        return span
    history, tried = prober.context.history, list[str]()
    for name, commit in lines.older_releases(history, span.old.id):
        tried.append(name)
        if not fails(prober.ask(commit, Purpose.END)):
            prober.journal.note(Noted(_remark(span, tried)))
            return lines.from_older(history, span, name, commit)
    reason = f"both ends of {span.text} are bad"
    reason += f", and so is {tried[-1]}, the oldest release there is" if tried else ""
    raise UnusableEnds(reason, "the test itself may be wrong: it fails everywhere")


def verify_bad(prober: Prober, span: Range) -> None:
    """Probe both ends of *span* with the fallback toolchain, before the hunt gives up.

    Raises FastContradicted if one of them is not bad.
    """
    if toolchain := prober.toolchains.fallback:
        both = (span.old, span.new)
        tickets = [prober.start(end.id, Purpose.END_AGAIN, 0, toolchain) for end in both]
        for probed in prober.ask_all(tickets):
            if probed.verdict is not Verdict.BAD:
                raise FastContradicted(probed.name)


def both_bad(history: History, span: Range, why: str) -> UnusableEnds:
    """The error for a range with two bad ends; *why* the new one is, '' if unknown."""
    reason = f"both ends of {span.text} are bad" + (f": {why}" if why else "")
    before = next(lines.older_releases(history, span.old.id), None)
    hint = "use an older end"
    if before:
        hint = f"'run --older' goes back to a good one, {before[0]} or before"
    return UnusableEnds(reason, f"{hint}; or the test itself is wrong: it fails at both")


def _remark(span: Range, tried: list[str]) -> str:
    *bad, last = tried
    also = f" and {', '.join(bad)}" if bad else ""
    return f"both ends of {span.text}{also} are bad: the hunt goes back to {last}"
