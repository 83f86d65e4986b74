"""The state of a job, made from its events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bisector.record.events import (
    ANSWERED,
    Confirmed,
    Ended,
    Event,
    Noted,
    Probed,
    Reduced,
    Released,
    Retested,
    Started,
    Stretch,
    Turned,
)
from bisector.record.findings import Finding, OtherBug, findings, other_bugs
from bisector.record.fixup_events import Unfair
from bisector.record.fork_events import Forked, OtherLine
from bisector.record.learnt import Learnt
from bisector.record.metric_events import Compared, Searched, Shifted
from bisector.record.patch_events import (
    Covered,
    HunkDropped,
    Judged,
    PatchChecked,
    Ported,
    RegTested,
)
from bisector.record.patch_outcome import Outcome
from bisector.record.queue_events import Queued, Series
from bisector.record.survey_events import Located
from bisector.record.triage_events import Carried, Part, Repeatable
from bisector.record.verdict import Verdict
from bisector.record.words import Purpose, RegTestChange, Turn

_SHOWN = 8  # names of revisions in a note


@dataclass(frozen=True)
class Summary:
    """A journal's events by kind, in their order; which of them there are depends on the job.

    Of events that replace earlier ones, such as a later judgement, only the last is here. ``ended``
    is None for a job that was interrupted, ``ways`` are the turns that it took. ``learnt`` is the
    bug's own failure, in the last test by which it was learnt; the verdicts of ``probes`` follow
    from what was learnt by theirs. Everything is about this bug, and ``others`` about the others.
    ``forked`` and ``other_lines`` are of a hunt between ends that part, ``unfair`` are the names of
    fixups whose verdicts do not count. ``searched`` is the end of the last search for a metric's
    change, ``shifted`` and ``compared`` are of all searches.
    """

    started: Started
    probes: tuple[Probed, ...]
    findings: tuple[Finding, ...]
    patches: tuple[PatchChecked, ...]
    notes: tuple[str, ...]
    ended: Ended | None
    judged: tuple[Judged, ...] = ()
    confirmed: tuple[Confirmed, ...] = ()
    hunks: tuple[HunkDropped, ...] = ()
    reduced: Reduced | None = None
    covered: tuple[Covered, ...] = ()
    reg_tests: tuple[RegTested, ...] = ()
    ported: tuple[Ported, ...] = ()
    releases: tuple[Released, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    retested: tuple[Retested, ...] = ()
    ways: tuple[Turn, ...] = ()
    learnt: Learnt | None = None
    others: tuple[OtherBug, ...] = ()
    forked: Forked | None = None
    other_lines: tuple[OtherLine, ...] = ()
    unfair: tuple[str, ...] = ()
    queued: tuple[Queued, ...] = ()
    series: tuple[Series, ...] = ()
    shifted: tuple[Shifted, ...] = ()
    compared: tuple[Compared, ...] = ()
    searched: Searched | None = None
    parts: tuple[Part, ...] = ()
    carried: tuple[Carried, ...] = ()
    repeatable: Repeatable | None = None
    located: tuple[Located, ...] = ()

    @property
    def answered(self) -> bool:
        return self.ended is not None and self.ended.answer == ANSWERED

    @property
    def proven(self) -> bool:
        """Whether there is an answer and every part of it is proven."""
        return self.answered and all(finding.proven for finding in self.findings)

    @property
    def patch_holds(self) -> bool:
        """Whether every affected release is bad before the patch and good after it."""
        return all(p.before is Verdict.BAD and p.after is Verdict.GOOD for p in self.patches)

    @property
    def verified(self) -> bool:
        """Whether the patch fixes what it is meant to, wherever needed, and breaks nothing."""
        wanted = {one.outcome for one in self.judged if one.wanted}
        outcomes = {one.outcome for one in self.judged}
        breaks = Outcome.BREAKS in outcomes
        fails = any(one.change is RegTestChange.FAILS for one in self.reg_tests)
        fine = wanted <= {Outcome.FIXES, Outcome.NOT_NEEDED} and Outcome.FIXES in outcomes
        proven = all(one.proven for one in self.confirmed)
        return self.answered and fine and proven and not breaks and not fails

    @property
    def reasked(self) -> tuple[Confirmed, ...]:
        """The confirmations that are about a revision or branch and not about a found change."""
        whats = {finding.found.what for finding in self.findings}
        return tuple(one for one in self.confirmed if one.what not in whats)

    @property
    def judging(self) -> tuple[Probed, ...]:
        """The probes without patches whose verdict counts: with a fixup only where none does."""
        return tuple(_judging(self.probes, self.unfair))

    @property
    def work(self) -> tuple[int, float, float]:
        """The number of probes that were really made, and the seconds of their builds and tests.

        Those of the job's parts are counted, too.
        """
        made = [probe for probe in self.probes if not probe.known]
        done: list[Probed | Part] = [*made, *self.parts]
        return (
            len(made) + sum(part.probes for part in self.parts),
            sum(one.build_seconds for one in done),
            sum(one.test_seconds for one in done),
        )

    @property
    def left_to_fallback(self) -> tuple[str, ...]:
        """The names of revisions that the fast toolchain could not judge and a real one did.

        Reg-tests are left out: they may need what no toolchain has here. What the fast one calls
        good is not left to another, but asked again if the job turns to real toolchains.
        """
        probes = [probe for probe in self.probes if not Purpose.REG_TEST.begins(probe.purpose)]
        fast = (one for one in probes if not one.real and one.verdict is not Verdict.GOOD)
        asked = {_question(probe): probe for probe in fast}
        names = (
            asked[_question(probe)].name
            for probe in probes
            if probe.real and _question(probe) in asked
        )
        return tuple(dict.fromkeys(names))

    def verdict(self, revision: str) -> Verdict | None:
        """The first tested verdict on *revision* as it is, else that of its first probe, if any."""
        runs = [one for one in self.probes if one.revision == revision and not one.patched]
        tested = (one.verdict for one in runs if one.verdict.tested)
        return next(tested, runs[0].verdict if runs else None)

    def evidence(self, revision: str) -> tuple[str, ...]:
        """The log's lines that show the verdict on *revision* without patches; empty for none.

        They are from a run with a fixup if the revision can be judged only with that.
        """
        own = [one for one in self.judging if one.revision == revision]
        won = (one for one in own if one.fixup and one.verdict.tested)
        shown = next(won, next(iter(own), None))
        return shown.evidence if shown else ()


def _latest(judged: Iterable[Judged]) -> Iterable[Judged]:
    """The last judgement of each revision and scenario: a real toolchain may overrule fast."""
    return {(one.branch, one.revision, one.scenario): one for one in judged}.values()


def _question(probe: Probed) -> tuple[str | bool | int, ...]:
    """What a probe was asked, without the toolchain."""
    case = (probe.scenario, probe.variant)
    return (probe.purpose, probe.revision, probe.patched, probe.fixup, probe.run, *case)


def summarize(events: Sequence[Event]) -> Summary | None:
    """The summary of a journal's events; None if there is no Started among them."""
    started = next((event for event in events if isinstance(event, Started)), None)
    if started is None:
        return None
    ends = [event for event in events if isinstance(event, Ended)]
    learnt = {e.scenario: e for e in events if isinstance(e, Learnt) and not e.bug}
    confirmed = {(e.what, e.part): e for e in events if isinstance(e, Confirmed) and not e.bug}
    probes = [event for event in events if isinstance(event, Probed)]
    unfair = tuple(event.fixup for event in events if isinstance(event, Unfair))
    for one in learnt.values():
        probes = [one.judge(probe) for probe in probes]
    return Summary(
        started=started,
        probes=tuple(probes),
        findings=findings(events),
        patches=tuple(event for event in events if isinstance(event, PatchChecked)),
        notes=(*_notes(events), *_fixup_notes(probes, unfair)),
        ended=ends[-1] if ends else None,
        judged=tuple(_latest(event for event in events if isinstance(event, Judged))),
        confirmed=tuple(confirmed.values()),
        hunks=tuple(event for event in events if isinstance(event, HunkDropped)),
        reduced=next((event for event in events if isinstance(event, Reduced)), None),
        covered=tuple(event for event in events if isinstance(event, Covered)),
        reg_tests=tuple(event for event in events if isinstance(event, RegTested)),
        ported=tuple(event for event in events if isinstance(event, Ported)),
        releases=tuple(
            {(e.release, e.branch): e for e in events if isinstance(e, Released)}.values()
        ),
        stretches=tuple(event for event in events if isinstance(event, Stretch)),
        retested=tuple(event for event in events if isinstance(event, Retested)),
        ways=tuple(event.way for event in events if isinstance(event, Turned)),
        learnt=list(learnt.values())[-1] if learnt else None,
        others=tuple(other_bugs(events)),
        forked=next((event for event in events[::-1] if isinstance(event, Forked)), None),
        other_lines=tuple(event for event in events if isinstance(event, OtherLine)),
        unfair=unfair,
        queued=tuple({(e.branch, e.revision): e for e in events if isinstance(e, Queued)}.values()),
        series=tuple({e.branch: e for e in events if isinstance(e, Series)}.values()),
        shifted=tuple(event for event in events if isinstance(event, Shifted)),
        compared=tuple(event for event in events if isinstance(event, Compared)),
        searched=next((event for event in events[::-1] if isinstance(event, Searched)), None),
        parts=tuple({e.name: e for e in events if isinstance(e, Part)}.values()),
        carried=tuple(event for event in events if isinstance(event, Carried)),
        located=tuple(event for event in events if isinstance(event, Located)),
        repeatable=next((event for event in events if isinstance(event, Repeatable)), None),
    )


def _judging(probes: Iterable[Probed], unfair: Collection[str]) -> Iterator[Probed]:
    """See Summary.judging; the fixups of these names are *unfair*."""
    own = [one for one in probes if not one.patched and one.fixup not in unfair]
    plain = {one.revision for one in own if not one.fixup and one.verdict.tested}
    return (one for one in own if not one.fixup or one.revision not in plain)


def _fixup_notes(probes: Iterable[Probed], unfair: Collection[str]) -> Iterator[str]:
    """Which revisions were judged with what, as they cannot be judged as they are."""
    judged: dict[str, dict[str, None]] = {}
    for one in _judging(probes, unfair):
        if one.fixup and one.verdict.tested:
            judged.setdefault(one.fixup, {})[one.name] = None
    for fixup, names in judged.items():
        was, more = "was" if len(names) == 1 else "were", len(names) - _SHOWN
        some = ", ".join(list(names)[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        yield f"{some} {was} judged with {fixup} picked onto it"


def _notes(events: Sequence[Event]) -> Iterator[str]:
    """The notes; the failures of other bugs are in ``others``."""
    for event in events:
        if isinstance(event, Noted | Turned | Unfair) or (
            isinstance(event, Learnt) and not event.bug
        ):
            yield event.text
