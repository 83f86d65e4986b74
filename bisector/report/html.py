"""The report as one HTML page without references to other files.

It has no script, but for that of a queue, which works without its script, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bisector.record.events import Probed
from bisector.record.findings import Finding
from bisector.record.patch_events import Judged
from bisector.record.summary import Summary
from bisector.record.words import Job, RegTestChange
from bisector.report import (
    grid,
    lines,
    matrix,
    metric_sweep,
    metric_text,
    page,
    parts,
    queue_page,
    swept,
    triage_rows,
    triage_text,
)
from bisector.report.metric_plot import drawing
from bisector.report.proof import commit, proof
from bisector.report.shared import shareable
from bisector.report.strip import marks
from bisector.report.terminal import affected, built, in_short, other_failure

_TEMPLATE = "report.html.j2"
_ORDER = "; oldest first"
_PROBES = 5000  # rows; a browser still scrolls them, the JSON has all


@dataclass(frozen=True)
class Square:
    """A cell of the matrix; unfolded it shows ``lines`` on what is wrong, and a log's evidence."""

    judged: Judged
    tally: str
    lines: Sequence[str]
    evidence: Sequence[str]


def render(summary: Summary) -> str:
    """The report as an HTML page; all texts are escaped."""
    if summary.started.job is Job.QUEUE:
        return queue_page.render_queue(summary)
    if is_triage := summary.started.job is Job.TRIAGE:
        summary = shareable(summary)
    return page.fill(
        _TEMPLATE,
        style=page.static("style.css"),
        **page.of_any_job(summary),
        marks=marks(summary),
        order="" if summary.judged or summary.ported else _ORDER,
        findings=_proofs(summary.findings, summary),
        others=[
            (other_failure(one), _proofs(one.findings, summary), in_short(one.affected))
            for one in summary.others
        ],
        affected=affected(summary) if summary.started.job is Job.RUN and summary.answered else "",
        triaged=triage_rows.lines_of(summary) if is_triage else [],
        pasted=triage_text.render(summary) if is_triage else "",
        columns=grid.scenarios(summary.judged),
        rows=list(_rows(summary)),
        changed=[one for one in summary.reg_tests if one.change is not RegTestChange.SAME],
        parts=parts,
        lines=lines,
        swept=swept,
        metric=metric_text,
        commit=commit,
        measured=metric_sweep.rows(summary),
        plot=drawing(summary),
        built=built,
        probes=summary.probes[:_PROBES],
    )


def _proofs(
    findings: Sequence[Finding], summary: Summary
) -> list[tuple[Finding, list[str], tuple[str, ...]]]:
    """Each finding with the lines of its proof and the log's evidence."""
    return [(one, list(proof(one)), summary.evidence(one.revision)) for one in findings]


def _rows(summary: Summary) -> Iterator[tuple[grid.Row, list[Square | None]]]:
    """The rows of the matrix; None where a scenario was not judged."""
    columns = grid.scenarios(summary.judged)
    probes = {(p.revision, p.scenario, p.variant): p for p in summary.probes if p.patched}
    for row in grid.rows(summary.judged):
        judged = [row.judged.get(scenario) for scenario in columns]
        yield row, [_square(one, probes) if one else None for one in judged]


def _square(one: Judged, probes: Mapping[tuple[str, str, str], Probed]) -> Square:
    wrong = (
        probes.get((one.revision, one.scenario, cell.variant))
        for cell in one.cells
        if cell.outcome is one.outcome and cell.outcome not in grid.FINE
    )
    probe = next(filter(None, wrong), None)
    evidence = probe.evidence if probe else ()
    return Square(one, grid.tally(one), matrix.details([one]), evidence)
