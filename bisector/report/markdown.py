"""The report as Markdown, short enough for a pull request's comment."""

from __future__ import annotations

from collections.abc import Iterator

from bisector.record.findings import Finding, OtherBug
from bisector.record.summary import Summary
from bisector.record.verdict import Verdict
from bisector.record.words import Job, RegTestChange
from bisector.report import (
    grid,
    lines,
    matrix,
    metric_sweep,
    metric_text,
    parts,
    queue_markdown,
    swept,
    triage_markdown,
    triage_rows,
)
from bisector.report.conclusion import conclude
from bisector.report.layout import elided, listed
from bisector.report.markdown_blocks import Block, escape, fenced, fitted, strong, table
from bisector.report.proof import commit, proof
from bisector.report.shared import shareable
from bisector.report.terminal import (
    ANOTHER_BUG,
    affected,
    in_short,
    other_failure,
    question,
)

LIMIT = 65_000  # characters; a comment on GitHub may have 65,536


def render(summary: Summary) -> str:
    """The report in at most LIMIT characters: conclusion, tables, details as far as they fit."""
    if summary.started.job is Job.TRIAGE:
        return fitted(list(_triage(shareable(summary))), LIMIT)
    return fitted(list(_blocks(summary)), LIMIT)


def _triage(summary: Summary) -> Iterator[Block]:
    """The blocks on a triage, of which *summary* is for others."""
    last = conclude(summary)
    yield Block((), (f"### {escape(last.word.capitalize())}: {escape(last.why)}",))
    yield Block((), (escape(question(summary)),))
    yield from triage_markdown.tested(summary)
    for finding in triage_rows.findings(summary):
        yield _finding(finding, summary)
    yield from triage_markdown.spread(summary)
    yield from _patches(summary)
    yield from _matrix(summary)
    yield from _reg_tests(summary)
    if summary.notes:
        yield Block((), tuple(f"- {escape(note)}" for note in dict.fromkeys(summary.notes)))
    if summary.started.options:
        yield Block((), (f"- make options: {escape(' '.join(summary.started.options))}",))
    yield from triage_markdown.repeated(summary)


def _blocks(summary: Summary) -> Iterator[Block]:
    last = conclude(summary)
    yield Block((), (f"### {escape(last.word.capitalize())}: {escape(last.why)}",))
    yield Block((), (escape(question(summary)),))
    if summary.forked:
        yield Block((), (f"**parted** {escape(lines.parting(summary.forked, summary))}",))
    for finding in summary.findings:
        yield _finding(finding, summary)
    for one in summary.other_lines:
        first, *rest = lines.said(one, summary)
        more = (f"- {escape(text.strip())}" for text in rest)
        yield Block((), (f"**other line** {escape(first)}", *more))
    if summary.started.job is Job.RUN and summary.answered:
        yield Block((), (f"**affected** {escape(affected(summary))}",))
    yield from _patches(summary)
    for other in summary.others:
        yield from _other_bug(other, summary)
    yield from _matrix(summary)
    yield from _ports(summary)
    yield from _releases(summary)
    yield from _stretches(summary)
    yield from _reg_tests(summary)
    yield from _hunks(summary)
    yield from _reduced(summary)
    yield from queue_markdown.blocks(summary)
    yield from _metric(summary)
    if values := metric_sweep.rows(summary):
        yield table(["revision", "value", "change"], [list(map(escape, row)) for row in values])
    if summary.notes:
        yield Block((), tuple(f"- {escape(note)}" for note in summary.notes))
    if summary.started.options:
        yield Block((), (f"- make options: {escape(' '.join(summary.started.options))}",))
    if summary.started.sandbox:
        yield Block((), (f"- sandbox: {escape(summary.started.sandbox)}",))
    yield fenced("command", [summary.started.command])


def _metric(summary: Summary) -> Iterator[Block]:
    ended, found = summary.searched, metric_text.changes(summary)
    if ended is None:
        return
    for one in found:
        shifted = one.shifted
        names = [commit(shifted, index) for index in range(len(shifted.revisions))]
        lines = elided([f"**changed** {escape(name)}" for name in names])
        more = (f"- {escape(line)}" for line in metric_text.proof(one, ended.unit))
        yield Block((), (*lines, *more))
    said = [metric_text.no_other(ended, bool(found))]
    if measured := metric_text.points(summary):
        said.append(metric_text.plotted(measured, ended))
    yield Block((), tuple(f"- {escape(line)}" for line in said))


def _finding(finding: Finding, summary: Summary) -> Block:
    found = finding.found
    rows = zip(found.revisions, found.places, found.subjects, strict=True)
    lines = elided(
        [
            f"**{found.what}** {escape(f'{revision[:10]} ({place}) {subject}'.replace(' ()', ''))}"
            for revision, place, subject in rows
        ]
    )
    lines += [f"- {escape(line)}" for line in proof(finding)]
    lines += [f"- {escape(grid.bare(line))}" for line in summary.evidence(finding.revision)[:1]]
    return Block((), tuple(lines))


def _other_bug(other: OtherBug, summary: Summary) -> Iterator[Block]:
    yield Block((), (f"**{ANOTHER_BUG}** {escape(other_failure(other))}",))
    for finding in other.findings:
        yield _finding(finding, summary)
    if summary.answered:
        yield Block((), (f"**affected** {escape(in_short(other.affected))}",))


def _patches(summary: Summary) -> Iterator[Block]:
    if summary.started.patches:
        yield Block((), tuple(f"- {escape(subject)}" for subject in summary.started.patches))
    if summary.patches:
        yield table(
            ["release", "before", "applied", "with the patch"],
            [
                [
                    escape(one.release),
                    one.before,
                    escape(", ".join(one.how)),
                    strong(one.after or "not built", one.after is Verdict.GOOD)
                    + f" {escape(one.problem)}",
                ]
                for one in summary.patches
            ],
        )


def _matrix(summary: Summary) -> Iterator[Block]:
    if not summary.judged:
        return
    columns, rows = grid.scenarios(summary.judged), grid.rows(summary.judged)
    lines = []
    for row in rows:
        cells = [
            strong(grid.summed(row.judged[one]), row.judged[one].outcome in grid.FINE)
            if one in row.judged
            else ""
            for one in columns
        ]
        lines.append([escape(row.name), escape(row.how), *cells])
    yield table(["revision", "applied", *columns], lines)
    names: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        names.setdefault(tuple(matrix.details(list(row.judged.values()))), []).append(row.name)
    for wrong, where in names.items():
        if wrong:
            yield fenced(f"{listed(where)}: what is wrong", wrong)
    if summary.reasked:
        said = (f"- {escape(parts.confirmed_said(one))}" for one in summary.reasked)
        yield Block((), tuple(said))


def _ports(summary: Summary) -> Iterator[Block]:
    if summary.ported:
        yield table(
            ["branch", "version", "as it is", "outcome", "applied", "remark"],
            [
                [
                    *(escape(one.branch), escape(one.version), one.affected or "unknown"),
                    *(strong(one.outcome, one.outcome in grid.FINE), escape(one.how)),
                    escape("; ".join(filter(None, [one.why, one.remark]))),
                ]
                for one in summary.ported
            ],
        )
    for one in summary.ported:
        if more := [*one.prerequisites, *filter(None, [one.conflict])]:
            yield fenced(f"{one.branch}: what is in the way", more)
        if one.repairs:
            yield fenced(f"{one.branch}: what repairs the fix later", one.repairs)


def _releases(summary: Summary) -> Iterator[Block]:
    if summary.releases:
        yield table(
            ["releases", "verdict", ""],
            [
                [escape(parts.span(some)), some[0].verdict, escape(parts.basis(some))]
                for some in parts.stretches(summary.releases)
            ],
        )


def _stretches(summary: Summary) -> Iterator[Block]:
    if summary.stretches:
        yield table(
            ["revisions", "verdict", ""],
            [
                [escape(swept.span(one)), one.verdict, escape(swept.basis(one))]
                for one in summary.stretches
            ],
        )
    if summary.retested:
        said = (f"- re-tested {escape(swept.retested(one))}" for one in summary.retested)
        yield Block((), tuple(said))


def _reg_tests(summary: Summary) -> Iterator[Block]:
    if not summary.reg_tests:
        return
    yield Block((), (f"reg-tests: {escape(parts.reg_tests_said(summary.reg_tests))}",))
    changed = [one for one in summary.reg_tests if one.change is not RegTestChange.SAME]
    if changed:
        yield table(
            ["reg-test", "on", "change", "reason"],
            [
                [
                    *(escape(one.test), escape(one.branch or one.name)),
                    *(strong(one.change, False), escape(one.reason)),
                ]
                for one in changed
            ],
        )


def _hunks(summary: Summary) -> Iterator[Block]:
    if summary.hunks:
        yield table(
            ["hunk left out", "on", "what happens"],
            [
                [escape(f"{one.path} {one.header}"), escape(one.name), escape(parts.hunk_said(one))]
                for one in summary.hunks
            ],
        )
    if summary.covered:
        said = (f"- {escape(f'{one.name}: {parts.covered_said(one)}')}" for one in summary.covered)
        yield Block((), tuple(said))
    for one in summary.covered:
        yield fenced(f"{one.name}: lines of {one.path} not executed", list(parts.missed(one)))


def _reduced(summary: Summary) -> Iterator[Block]:
    if one := summary.reduced:
        kept = (f"- {escape(hunk)}" for hunk in one.kept)
        yield Block((), (escape(parts.reduced_said(one)), *kept))
        yield fenced("the hunks that bring the bug", one.diff.splitlines())
