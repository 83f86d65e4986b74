"""The report as a log for `git bisect replay`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bisector.build.toolchains.release import Release
from bisector.errors import OutputProblem
from bisector.record.events import Probed
from bisector.record.summary import Summary
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Job, Purpose, Turn

_SKIP = "skip"
_UNKNOWN = (Verdict.UNTESTABLE, "")


@dataclass(frozen=True)
class _Terms:
    """git's terms for the two sides, and the verdict here that its *new* side stands for."""

    old: str
    new: str
    new_verdict: Verdict

    def of(self, verdict: Verdict) -> str:
        if not verdict.tested:
            return _SKIP
        return self.new if verdict is self.new_verdict else self.old


_TERMS = {
    Change.INTRODUCTION: _Terms("good", "bad", Verdict.BAD),
    Change.FIX: _Terms("broken", "fixed", Verdict.GOOD),
}


def render(summary: Summary) -> str:
    """The bisection for the introduction, or for the fix if the bug is older than the range.

    Raises OutputProblem for a job other than `run`.
    """
    if summary.started.job is not Job.RUN:
        what = f"'{summary.started.job}' bisects nothing that git could replay"
        raise OutputProblem(what, "--git-bisect-log is for 'bisector run'")
    what = _what(summary)
    terms = _TERMS[what]
    # git takes these words only in quotes
    words = f" '--term-old={terms.old}' '--term-new={terms.new}'" if what is Change.FIX else ""
    lines = [f"# {summary.started.command}", f"git bisect start{words}"]
    for revision, (verdict, subject) in _answers(summary, what).items():
        lines += [f"# {verdict}: [{revision}] {subject}"]
        lines += [f"git bisect {terms.of(verdict)} {revision}"]
    return "\n".join(lines) + "\n"


def _what(summary: Summary) -> Change:
    """The change that is replayed: the introduction, unless the old end is bad already."""
    old = [probe.verdict for probe in summary.probes if probe.revision == summary.started.old]
    return Change.FIX if Verdict.BAD in old else Change.INTRODUCTION


def _answers(summary: Summary, what: Change) -> dict[str, tuple[Verdict, str]]:
    """The verdict and subject of each revision, by hash; the found commit is last, for git."""
    answers: dict[str, tuple[Verdict, str]] = {}
    for probe in _believed(summary, what):
        if probe.verdict is Verdict.BAD or not answers.get(probe.revision, _UNKNOWN)[0].tested:
            with_fixup = f" (with {probe.fixup} picked onto it)" if probe.fixup else ""
            answers[probe.revision] = (probe.verdict, probe.subject + with_fixup)
    for finding in summary.findings:
        if finding.found.what is what and finding.revision in answers:
            answers[finding.revision] = answers.pop(finding.revision)
    return answers


def _believed(summary: Summary, what: Change) -> Iterator[Probed]:
    """The probes that count for the search for *what*, without those for the other change."""
    parents = {
        parent
        for finding in summary.findings
        if finding.found.what is what
        for parent in finding.found.parents
    }
    for probe in summary.judging:
        if _dropped(probe, summary):
            continue
        ours = Purpose(what).begins(probe.purpose) or probe.purpose == what.confirmation()
        old_side = probe.revision == summary.started.old or probe.revision in parents
        bad = probe.verdict is Verdict.BAD and _frames(probe)
        new_side = what is Change.FIX and probe.revision == summary.started.new
        if ours or old_side or new_side or bad:
            yield probe


def _dropped(probe: Probed, summary: Summary) -> bool:
    """Whether the job believed another toolchain in the end."""
    if Turn.RELEASE in summary.ways:
        return probe.toolchain != Release.name
    return Turn.REAL in summary.ways and not probe.real


def _frames(probe: Probed) -> bool:
    """Whether it was made to find a bad revision from which to search in both directions."""
    return any(one.begins(probe.purpose) for one in (Purpose.END, Purpose.WITNESS))
