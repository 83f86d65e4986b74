"""The report as text for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from bisector.printable import printable
from bisector.record.events import Probed
from bisector.record.findings import Finding, OtherBug
from bisector.record.patch_events import PatchChecked
from bisector.record.summary import Summary
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Job
from bisector.report import lines as fork_lines
from bisector.report import (
    matrix,
    metric_sweep,
    metric_text,
    parts,
    queue_table,
    swept,
    triage_terminal,
)
from bisector.report.conclusion import conclude
from bisector.report.layout import counted, elided, listed, moment, row, squeezed, stretch
from bisector.report.proof import commit, proof
from bisector.report.reliability import unreliable
from bisector.testing.scenario import Scenario

ANOTHER_BUG = "another bug"
_WORDS = {Change.INTRODUCTION: "introduced", Change.FIX: "fixed"}


def probe_line(told: Probed) -> str:
    """The line for a finished probe during the job; a second line has the reason if not tested."""
    name = built(told)
    name += f" run {told.run + 1}" if told.run else ""
    seconds = told.build_seconds + told.test_seconds
    time = "known" if told.known else f"{seconds:.1f} s"
    word = metric_text.amount(fmean(told.samples)) if told.samples else told.verdict
    line = f"{word:<11} {name:<20} {time:>8} {told.toolchain:<7}  {told.subject}"
    return line if told.verdict.tested else f"{line}\n{'':<12}{told.reason}"


def built(told: Probed) -> str:
    """The revision's name, with what was applied to it."""
    patch = " + patch" if told.patched else ""
    return told.name + patch + (f" + {told.fixup}" if told.fixup else "")


def render(summary: Summary, files: Sequence[str] = (), width: int = 0) -> str:
    """The report; *files* are the paths that were written, *width* are a terminal's columns."""
    if summary.started.job is Job.TRIAGE:
        return triage_terminal.render_triage(summary, [*_machine(summary, files)])
    chance = unreliable(summary)
    lines = [f"{chance[0].upper()}{chance[1:]}." if chance else "", question(summary), ""]
    if not summary.answered:
        lines += row("no answer", summary.ended.answer if summary.ended else "unfinished")
    if summary.forked:
        lines += row("parted", fork_lines.parting(summary.forked, summary))
    for finding in summary.findings:
        lines += _finding(finding, summary)
    for one in summary.other_lines:
        first, *rest = fork_lines.said(one, summary)
        lines += row("other line", first, rest)
    lines += parts.reduced(summary.reduced)
    if summary.started.job is Job.RUN:
        if summary.answered:
            lines += [*row("affected", affected(summary)), *_patch(summary)]
        for one in summary.other_lines:
            lines += row("", f"{one.line}: {in_short(one.affected)}") if one.affected else []
        for other in summary.others:
            lines += ["", *_other_bug(other, summary), ""]
    elif summary.started.patches:
        lines += row("patch", summary.started.patches[0], summary.started.patches[1:])
    lines += [*_judgement(summary), *queue_table.section(summary, width)]
    lines += [*metric_text.section(summary), *metric_sweep.section(summary)]
    for note in (*summary.notes, *_left_to_others(summary)):
        lines += row("note", note)
    lines += _machine(summary, files)
    if summary.started.job is not Job.RUN:
        lines += ["", conclude(summary).text]
    return printable("\n".join(squeezed(lines))) + "\n"


def _machine(summary: Summary, files: Sequence[str]) -> Iterator[str]:
    """How it was built, in what, for how long, and which *files* were written."""
    if summary.started.options:
        yield from row("options", " ".join(summary.started.options))
    if summary.started.sandbox:
        yield from row("sandbox", summary.started.sandbox)
    yield from row("work", work(summary))
    for file in files:
        yield from row("written", file)


def _judgement(summary: Summary) -> list[str]:
    """The sections on what the patch does and on releases and stretches."""
    return [
        *matrix.section(summary.judged),
        *parts.confirmed(summary.reasked),
        *parts.hunks(summary.hunks),
        *parts.covered(summary.covered),
        *parts.reg_tests(summary.reg_tests),
        *parts.ports(summary.ported),
        *parts.releases(summary.releases),
        *swept.section(summary),
    ]


def work(summary: Summary) -> str:
    """The number of probes, and the time that builds and tests took."""
    probes, building, testing = summary.work
    return f"{probes} probes: {_span(building)} building, {_span(testing)} testing"


def probe_report(told: Probed, options: Sequence[str] = (), missing: Sequence[str] = ()) -> str:
    """The report of `bisector probe`: verdict, reason, evidence, log, what the test lacks.

    *options* are make's.
    """
    lines = [f"{told.verdict}: {told.name} {told.subject}", *row("reason", told.reason)]
    if told.fixup:
        lines += row("fixup", f"{told.fixup} is picked onto it: it cannot be judged as it is")
    lines += row("built with", " ".join((told.toolchain, *options)))
    for line in told.evidence:
        lines += row("evidence", line)
    if told.log:
        lines += row("log", told.log)
    for text in missing:
        lines += row("missing", text)
    return printable("\n".join(lines)) + "\n"


def scenario(shown: Scenario) -> str:
    """The description of a scenario: story, parameters, control and signature."""
    lines = [f"{shown.name}: {shown.title}", "", shown.story, ""]
    for name, values in shown.parameters.items():
        lines += row(name, ", ".join(map(str, values)))
    lines += [*row("variants", str(sum(1 for _ in shown.variants()))), ""]
    lines += [*row("control", shown.control), *row("bad", shown.bad)]
    for name in ("suspect", "fix", "patches"):
        if value := getattr(shown.known, name):
            lines += row(name, value)
    return "\n".join([*lines, *row("folder", str(shown.folder))]) + "\n"


def hunt_line(name: str, busy: bool, summary: Summary) -> str:
    """A hunt's line in `bisector hunts`; *busy*: it is running in another process."""
    began, probes = moment(summary.started.at), len(summary.probes)
    state, command = hunt_state(busy, summary), summary.started.command
    return f"{name}  {began}  {state:<13} {probes:>4} probes  {command}"


def hunt_state(busy: bool, summary: Summary) -> str:
    """The state of a hunt in a word or two: under way, interrupted, or its conclusion."""
    if busy:
        return "under way"
    return conclude(summary).word if summary.ended else "interrupted"


def _left_to_others(summary: Summary) -> Iterator[str]:
    """A note on the revisions that the fast toolchain could not judge."""
    if names := summary.left_to_fallback:
        were = "was" if len(names) == 1 else "were"
        what = f"{counted(len(names), 'revision')} that fast could not judge {were} left to dev"
        yield f"{what}: {listed(names)}"


def question(summary: Summary) -> str:
    """What was asked, in one line."""
    asked = summary.started
    variant = f" ({asked.variant})" if asked.variant else ""
    if asked.job is Job.QUEUE:
        many = f": {counted(asked.commits, 'commit')}" if asked.commits else ""
        return f"queue of {asked.range}{many}"
    if asked.job in (Job.RUN, Job.METRIC):
        return f"{asked.scenario}{variant} in {asked.range}: {asked.commits} commits"
    if asked.job is Job.BACKPORT:  # which test judges it is found out
        return f"backport onto {asked.range}"
    on = f" on {asked.range}" if asked.range else ""
    many = f": {counted(asked.commits, 'revision')}" if asked.commits else ""
    return f"{asked.job} {asked.scenario}{variant}{on}{many}"


def _finding(finding: Finding, summary: Summary) -> list[str]:
    found, word = finding.found, _WORDS[finding.found.what]
    where = [text.strip()] if (text := fork_lines.line_of(finding, summary)) else []
    more = [*where, *proof(finding)]
    if found.what is Change.INTRODUCTION:
        more += [line.lstrip("-* ") for line in summary.evidence(finding.revision)[:1]]
    if len(found.revisions) == 1 and finding.proven:
        return row(word, commit(found, 0), more)
    if len(found.revisions) == 1:
        return row("suspected", f"{commit(found, 0)} as the {found.what}", more)
    several = [commit(found, index) for index in range(len(found.revisions))]
    return row(word, f"in one of {len(several)} commits:", [*elided(several), *more])


def _other_bug(other: OtherBug, summary: Summary) -> list[str]:
    """The block on another bug that a hunt saw."""
    lines = row(ANOTHER_BUG, other_failure(other))
    for finding in other.findings:
        lines += _finding(finding, summary)
    return lines + (row("affected", in_short(other.affected)) if summary.answered else [])


def other_failure(other: OtherBug) -> str:
    """How another bug shows itself, and where that was learnt."""
    return f"{other.learnt.what}, learnt at {other.learnt.name} in {other.learnt.runs} runs"


def affected(summary: Summary) -> str:
    """The releases with the bug, in short: those of each time that it came."""
    ended = summary.ended
    if ended and (times := [some for some in ended.occurrences if some]):
        return ", and again ".join(map(in_short, times))
    return in_short(ended.affected if ended else ())


def in_short(releases: Sequence[str]) -> str:
    """Affected releases by the first and the last, and their number."""
    if len(releases) < 2:
        return releases[0] if releases else "no release in this range"
    return f"{stretch(releases)} ({counted(len(releases), 'release')})"


def _patch(summary: Summary) -> list[str]:
    checks = summary.patches
    if not checks:
        return []
    good = sum(check.after is Verdict.GOOD for check in checks)
    more = [*summary.started.patches, *(_check(check) for check in checks)]
    toolchains = " and ".join(dict.fromkeys(check.toolchain for check in checks if check.toolchain))
    built = f", built with {toolchains}" if toolchains else ""
    return row("patch", f"good on {good} of {len(checks)} affected releases{built}", more)


def _check(check: PatchChecked) -> str:
    how = ", ".join(check.how)
    after = str(check.after) if check.after else "not built"
    said = f"{check.release:<12} {check.before} → {after:<11} {how}"
    return f"{said} {check.problem}".rstrip()


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
