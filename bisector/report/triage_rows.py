"""What a triage says: the tested revisions, and which of them have what was found; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

from bisector.record.events import ANSWERED, Released
from bisector.record.findings import Finding
from bisector.record.summary import Summary
from bisector.record.triage_events import Carried
from bisector.record.verdict import Verdict
from bisector.record.words import Change
from bisector.report import grid
from bisector.report.layout import counted, listed, stretch


@dataclass(frozen=True)
class Line:
    """A tested revision: its name with what it is, its verdict, and why, '' for a good one."""

    name: str
    verdict: Verdict
    why: str


def lines_of(summary: Summary) -> list[Line]:
    """The tested revisions, in their order."""
    return [Line(_called(one, summary), one.verdict, _why(one)) for one in summary.releases]


def named(summary: Summary, verdict: Verdict) -> list[str]:
    """The names of the tested revisions with this verdict."""
    return [one.release for one in summary.releases if one.verdict is verdict]


def has_newest(summary: Summary) -> bool:
    """Whether the newest tested revision has the bug."""
    return bool(summary.releases) and summary.releases[-1].verdict is Verdict.BAD


def spread(finding: Finding, summary: Summary) -> Iterator[str]:
    """Which of the tested revisions have what was found, by the history, in lines."""
    what = finding.found.what
    about = [one for one in summary.carried if one.revision == finding.revision]
    verdicts = {one.release: one.verdict for one in summary.releases}
    having = [one for one in about if one.commit]
    for commit in dict.fromkeys(one.commit for one in having):
        some = [one for one in having if one.commit == commit]
        yield _having(what, commit == finding.revision, some)
    if what is Change.FIX:
        # an older revision may be good without it, as it never had the bug
        lacking = [one for one in about if not one.commit]
        if bad := [one.line for one in lacking if verdicts.get(one.line) is Verdict.BAD]:
            yield f"{listed(bad)} {'lacks' if len(bad) == 1 else 'lack'} it"
        if vain := [one.line for one in having if verdicts.get(one.line) is Verdict.BAD]:
            yield f"{listed(vain)} {'has' if len(vain) == 1 else 'have'} it, and bad all the same"


def findings(summary: Summary) -> list[Finding]:
    """What was found, the fix first."""
    return sorted(summary.findings, key=lambda one: one.found.what is not Change.FIX)


def affected(summary: Summary) -> list[str]:
    """The releases with the bug, as far as a hunt looked for them, in short."""
    every: list[tuple[str, ...]] = []
    for part in summary.parts:
        if part.affected:
            # the hunts for the fix and for the introduction meet at a bad release
            near = [some for some in every if not set(some).isdisjoint(part.affected)]
            every = [some for some in every if some not in near]
            every.append(reduce(_joined, near, part.affected))
    return [
        f"affected releases: {stretch(some)} ({counted(len(some), 'release')})" for some in every
    ]


def _joined(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Two stretches of releases, oldest first, that have some in common, as one."""
    older, newer = (one, other) if other[0] in one else (other, one)
    at = older.index(newer[0]) if newer[0] in older else len(older)
    return older if set(newer) <= set(older) else older[:at] + newer


def unanswered(summary: Summary) -> Iterator[str]:
    """The parts without an answer, and why."""
    for one in summary.parts:
        if one.answer != ANSWERED:
            yield f"{one.about}: {one.answer}"


def briefly(finding: Finding, summary: Summary) -> str:
    """What was found and where it is, in one line: `c16eba8183, in v3.0-dev13 and later`."""
    return ", ".join([finding.revision[:10], *spread(finding, summary)])


def _having(what: Change, is_itself: bool, some: list[Carried]) -> str:
    """The words for revisions that have one commit with the change."""
    one = some[0]
    as_what = "" if is_itself else f" as {one.commit[:10]}{f', by {one.by}' if one.by else ''}"
    on = "" if is_itself else f"{listed([one.line for one in some])}: "
    if not one.release:
        names = listed([one.line for one in some])
        return f"on {names}{as_what}, in no release yet"
    since = f"since {one.release}" if what is Change.INTRODUCTION else f"in {one.release} and later"
    return f"{on}{since}{as_what}"


def _called(one: Released, summary: Summary) -> str:
    """The name with which it was asked for, and the release or the commit that it is."""
    probe = next((probe for probe in summary.probes if probe.revision == one.revision), None)
    name = probe.name if probe else one.revision[:10]
    is_its_name = name == one.release or one.revision.startswith(one.release)
    return one.release if is_its_name else f"{one.release} ({name})"


def _why(one: Released) -> str:
    """Why a revision is bad or cannot be tested."""
    return "" if one.verdict is Verdict.GOOD else grid.bare(one.reason)
