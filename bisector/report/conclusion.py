"""The conclusion of a job in a sentence; all report formats and the exit status use it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bisector.record.patch_events import Judged
from bisector.record.patch_outcome import NO_TEST, OTHER_WAY, Outcome
from bisector.record.summary import Summary
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Job, RegTestChange
from bisector.report import lines, metric_sweep, metric_text, queue_rows, swept, triage_rows
from bisector.report.grid import FINE
from bisector.report.layout import counted, listed, stretch
from bisector.report.parts import stretches
from bisector.report.reliability import unreliable

_NAMED = 4  # revisions in a sentence


@dataclass(frozen=True)
class Conclusion:
    """``word`` is the result, ``why`` says more; ``good``: success, and all of it is proven."""

    good: bool
    word: str
    why: str

    @property
    def text(self) -> str:
        return f"{self.word}: {self.why}"


def conclude(summary: Summary) -> Conclusion:
    """The conclusion of a job, finished or not."""
    return _CONCLUDE[summary.started.job](summary)


def _run(summary: Summary) -> Conclusion:
    if not summary.proven:
        word = "not proven" if summary.answered else "no answer"
        whys = (unreliable(summary), _why_not(summary))
        return Conclusion(False, word, "; ".join(filter(None, whys)))
    changes = [
        f"the {one.found.what}{lines.line_of(one, summary)} is {one.revision[:10]}"
        for one in summary.findings
    ]
    found = " and ".join(changes) if len(changes) <= 2 else _names(changes)
    found = "; ".join([found, *lines.briefly(summary)])
    if not summary.patch_holds:
        failed = [
            check.release
            for check in summary.patches
            if (check.before, check.after) != (Verdict.BAD, Verdict.GOOD)
        ]
        return Conclusion(False, "patch fails", f"it does not hold on {_names(failed)}; {found}")
    held = f"; the patch holds on {counted(len(summary.patches), 'release')}"
    return Conclusion(True, "proven", found + (held if summary.patches else ""))


def _why_not(summary: Summary) -> str:
    """Why a hunt has no answer, or why what it found is not proven."""
    if not summary.answered:
        return standing(summary)
    return "; ".join(
        f"the {one.found.what}: {one.confirmed.doubt if one.confirmed else 'not confirmed'}"
        for one in summary.findings
        if not one.proven
    )


def _verify(summary: Summary) -> Conclusion:
    if not summary.answered:
        return Conclusion(False, "not verified", standing(summary))
    reasons = [*_breakage(summary), *_unfixed(summary.judged)]
    fixes = [one for one in summary.judged if one.outcome is Outcome.FIXES]
    fixed = [one for one in fixes if one.wanted] or fixes
    if not summary.verified:
        why = "; ".join(reasons)
        nowhere = "not needed at any revision that was tried, so nothing is verified"
        return Conclusion(False, "not verified", why or nowhere)
    spared = len(_revisions(summary.judged)) - len(_revisions(fixed))
    text = f"fixes {_scenarios(fixed)} on {_names(_revisions(fixed))}"
    text += f", not needed on {counted(spared, 'other')}" if spared else ""
    return Conclusion(True, "verified", f"{text}; breaks nothing")


def _breakage(summary: Summary) -> list[str]:
    """What the patch breaks, and what a real toolchain did not confirm, a text each."""
    broken = [one for one in summary.judged if one.outcome is Outcome.BREAKS]
    failed = [one.test for one in summary.reg_tests if one.change is RegTestChange.FAILS]
    said = [f"breaks {_scenarios(broken)} on {_names(_revisions(broken))}"] if broken else []
    said += [f"newly fails {_names(list(dict.fromkeys(failed)))}"] if failed else []
    doubts = (one for one in summary.reasked if not one.proven)
    return said + [f"not proven on {one.what}: {one.doubt}" for one in doubts]


_UNFIXED = {
    Outcome.UNBUILDABLE: "does not compile on",
    Outcome.CONFLICT: "conflicts on",
    Outcome.INEFFECTIVE: "does not help on",
    Outcome.UNTESTABLE: "cannot be tested on",
}


def _unfixed(judged: Sequence[Judged]) -> list[str]:
    """Where the patch does not fix what it is meant to, a text for each outcome."""
    said: dict[str, list[Judged]] = {}
    for outcome, words in _UNFIXED.items():
        for one in judged:
            if one.wanted and one.outcome is outcome:
                other = one.problem.startswith(OTHER_WAY)
                said.setdefault("fails in another way on" if other else words, []).append(one)
    return [f"{words} {_names(_revisions(there))}" for words, there in said.items()]


def _backport(summary: Summary) -> Conclusion:
    if not summary.answered:
        return Conclusion(False, "incomplete", standing(summary))
    by: dict[Outcome, list[str]] = {}
    for one in summary.ported:
        by.setdefault(one.outcome, []).append(one.branch)
    wrong = [
        f"{outcome} on {_names(on)}{f', {NO_TEST}' * (outcome is Outcome.UNKNOWN)}"
        for outcome, on in by.items()
        if outcome not in FINE
    ]
    wrong += _breakage(summary)
    done = [f"applies to {_names(by[Outcome.FIXES])}"] if Outcome.FIXES in by else []
    spared = by.get(Outcome.NOT_NEEDED, [])
    done += [f"not needed on {_names(spared)}"] if spared else []
    if wrong:
        return Conclusion(False, "incomplete", "; ".join([*wrong, *done]))
    if Outcome.FIXES not in by:
        return Conclusion(True, "not needed", "no branch that was tried has the bug")
    return Conclusion(True, "backported", "; ".join(done))


def _affected(summary: Summary) -> Conclusion:
    if not summary.answered:
        return Conclusion(False, "incomplete", standing(summary))
    bad = [one.release for one in summary.releases if one.verdict is Verdict.BAD]
    unknown = [one.release for one in summary.releases if not one.verdict.tested]
    spans = [
        stretch([one.release for one in some])
        for some in stretches(summary.releases)
        if some[0].verdict is Verdict.BAD
    ]
    text = f"{counted(len(bad), 'release')}, {_names(spans)}" if bad else "no release"
    if unknown:
        return Conclusion(False, "incomplete", f"affected: {text}; unknown: {_names(unknown)}")
    return Conclusion(True, "affected", text)


def _triage(summary: Summary) -> Conclusion:
    if not summary.answered:
        return Conclusion(False, "incomplete", standing(summary))
    bad, unknown = (triage_rows.named(summary, one) for one in (Verdict.BAD, Verdict.UNTESTABLE))
    unknown += triage_rows.named(summary, Verdict.UNBUILDABLE)
    said = [f"bad on {_names(bad)}"] if bad else []
    said += [
        f"{_CHANGED[one.found.what]} by {triage_rows.briefly(one, summary)}"
        for one in triage_rows.findings(summary)
        if not one.found.line
    ]
    said += [f"{one.what} not proven: {one.doubt}" for one in summary.confirmed if not one.proven]
    said += [f"no answer for {one}" for one in triage_rows.unanswered(summary)]
    said += [f"not testable on {_names(unknown)}"] if unknown else []
    said += [*_breakage(summary), *_unfixed(summary.judged)]
    patched = not summary.judged or summary.verified
    good = bool(summary.findings) and summary.proven and not unknown and patched
    return Conclusion(good, _state(summary, bad), "; ".join(said) or "no tested revision is bad")


def _state(summary: Summary, bad: Sequence[str]) -> str:
    """The answer of a triage in a word or two."""
    fixed = any(one.found.what is Change.FIX for one in summary.findings)
    if bad:
        is_open = triage_rows.has_newest(summary) or not fixed
        return "not fixed" if is_open else "already fixed"
    if fixed:
        return "already fixed"
    tested = any(one.verdict.tested for one in summary.releases)
    return "not seen" if tested else "untestable"


def _sweep(summary: Summary) -> Conclusion:
    if not summary.answered:
        return Conclusion(False, "incomplete", standing(summary))
    total = sum(len(one.revisions) for one in summary.stretches)
    bad = [one for one in summary.stretches if one.verdict is Verdict.BAD]
    unknown = [one for one in summary.stretches if not one.verdict.tested]
    many = sum(len(one.revisions) for one in bad)
    text = metric_sweep.said(summary) or f"{many} of {counted(total, 'revision')} bad"
    text += f", {_names([swept.span(one) for one in bad])}" if bad else ""
    if unknown:
        where = _names([swept.span(one) for one in unknown])
        return Conclusion(False, "incomplete", f"{text}; unknown: {where}")
    return Conclusion(True, "swept", text)


def _queue(summary: Summary) -> Conclusion:
    if not summary.answered:
        return Conclusion(False, "incomplete", standing(summary))
    found = queue_rows.branches(summary)
    text = "; ".join(f"{one.name}: {queue_rows.in_short(one)}" for one in found) or "no branch"
    if left := sum(len(one.open) for one in found):
        return Conclusion(False, "not settled", f"{counted(left, 'fix')} to look at; {text}")
    return Conclusion(True, "settled", text)


def _metric(summary: Summary) -> Conclusion:
    return Conclusion(*metric_text.conclusion(summary))


_CHANGED = {Change.INTRODUCTION: "introduced", Change.FIX: "fixed"}
_CONCLUDE = {
    Job.RUN: _run,
    Job.VERIFY: _verify,
    Job.BACKPORT: _backport,
    Job.AFFECTED: _affected,
    Job.TRIAGE: _triage,
    Job.SWEEP: _sweep,
    Job.QUEUE: _queue,
    Job.METRIC: _metric,
}


def standing(summary: Summary) -> str:
    """The answer of the Ended event, or "unfinished"."""
    return summary.ended.answer if summary.ended else "unfinished"


def _revisions(judged: Iterable[Judged]) -> list[str]:
    return list(dict.fromkeys(one.branch or one.name for one in judged))


def _scenarios(judged: Iterable[Judged]) -> str:
    return " and ".join(dict.fromkeys(one.scenario for one in judged))


def _names(names: Sequence[str]) -> str:
    return listed(names, _NAMED)
