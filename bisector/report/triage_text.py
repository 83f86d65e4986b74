"""The text of a triage that can be pasted into an issue or a mail; pure.

What is quoted is indented by four columns, so that Markdown takes it for code.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from bisector.printable import printable
from bisector.record.findings import Finding
from bisector.record.summary import Summary
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Job
from bisector.report import grid, matrix, parts, triage_rows
from bisector.report import lines as fork_lines
from bisector.report.conclusion import conclude
from bisector.report.layout import indented, squeezed, table
from bisector.report.proof import proof
from bisector.report.shared import shareable

_QUOTED = 4  # columns
_MOST_LINES = 150  # of a file of the test; a longer one has to be attached


def render(summary: Summary) -> str:
    """The text, without paths of the machine that made it and without secrets."""
    return printable("\n".join(squeezed(list(_lines(shareable(summary)))))) + "\n"


def _lines(summary: Summary) -> Iterator[str]:
    asked = summary.started
    variant = f" ({asked.variant})" if asked.variant else ""
    last = conclude(summary).text
    yield f"{last[0].upper()}{last[1:]}."
    yield from ("", f"bisector {asked.version} tested HAProxy with {asked.scenario}{variant}:", "")
    rows = [[one.name, one.verdict, one.why] for one in triage_rows.lines_of(summary)]
    yield from _quoted(table(rows) if rows else ["nothing yet"])
    for finding in triage_rows.findings(summary):
        yield from ("", *_found(finding, summary))
    yield from _others(summary)
    yield from _patch(summary)
    yield from _evidence(summary)
    yield from ("", "To repeat it:", "", *_quoted(commands(summary)))
    if summary.started.options:
        yield from ("", f"HAProxy was built with {' '.join(summary.started.options)}.")
    if summary.notes:
        yield from ("", "Notes:", "", *(f"- {note}" for note in dict.fromkeys(summary.notes)))
    yield from _files(summary)


def _found(finding: Finding, summary: Summary) -> Iterator[str]:
    found = finding.found
    word = "Fixed" if found.what is Change.FIX else "Introduced"
    where = fork_lines.line_of(finding, summary)
    several = " one of" if len(found.revisions) > 1 else ""
    yield f"{word}{where} by{several}:"
    yield ""
    rows = zip(found.revisions, found.places, found.subjects, strict=True)
    yield from _quoted(
        f"{revision[:12]} ({place}) {subject}".replace(" ()", "")
        for revision, place, subject in rows
    )
    yield ""
    yield from (f"- {line}" for line in (*proof(finding), *triage_rows.spread(finding, summary)))


def _others(summary: Summary) -> Iterator[str]:
    said = [line for one in summary.other_lines for line in fork_lines.said(one, summary)]
    said += triage_rows.affected(summary)
    said += [f"no answer for {line}" for line in triage_rows.unanswered(summary)]
    if said:
        yield from ("", *(f"- {line.strip()}" for line in said))


def _patch(summary: Summary) -> Iterator[str]:
    if not summary.started.patches:
        return
    yield from ("", "The patch:", "", *_quoted(summary.started.patches))
    if summary.judged:
        yield from ("", "What it does on the bad revisions, to this bug and to other tests:", "")
        yield from _quoted(squeezed(matrix.section(summary.judged)))
        yield from _quoted(parts.confirmed(summary.reasked))
        yield from _quoted(parts.reg_tests(summary.reg_tests))


def _evidence(summary: Summary) -> Iterator[str]:
    """The log's lines at the newest bad revision."""
    bad = [one for one in summary.releases if one.verdict is Verdict.BAD]
    lines = summary.evidence(bad[-1].revision) if bad else ()
    if lines:
        yield from ("", f"Evidence, from the log at {bad[-1].release}:", "")
        yield from _quoted(map(grid.bare, lines))


def commands(summary: Summary) -> Iterator[str]:
    """The commands that repeat a triage and its parts, in a folder that has the test's files."""
    one = summary.repeatable
    if one is None:
        return
    patches = [word for name in one.patches for word in ("--patch", name)]
    yield shlex.join(["bisector", "triage", *one.revisions, *one.options, *patches])
    for part in summary.parts:
        more = patches if part.job is Job.VERIFY else []
        yield shlex.join(["bisector", *part.words, *one.options, *more])
    for name in triage_rows.named(summary, Verdict.BAD)[-1:]:
        yield shlex.join(["bisector", "probe", name, *one.options])


def _files(summary: Summary) -> Iterator[str]:
    """The texts of the user's test."""
    one = summary.repeatable
    for file in one.files if one else ():
        lines = file.text.splitlines()
        if len(lines) > _MOST_LINES:
            yield from ("", f"{file.name} has {len(lines)} lines and has to be attached.")
        else:
            yield from ("", f"{file.name}:", "", *_quoted(lines))
    if one and one.removed:
        yield from ("", f"Left out, as it is secret: {'; '.join(one.removed)}.")


def _quoted(lines: Iterable[str]) -> list[str]:
    return indented(list(lines), _QUOTED)
