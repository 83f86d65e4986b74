"""The report as one HTML page without scripts and without references to other files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from bisector.record.events import Probed
from bisector.record.patch_events import Judged
from bisector.record.patch_outcome import Outcome
from bisector.record.summary import Finding, Summary
from bisector.record.verdict import Verdict
from bisector.record.words import HunkState, Job, RegTestChange
from bisector.report import grid, lines, matrix, parts, swept
from bisector.report.conclusion import conclude
from bisector.report.layout import moment
from bisector.report.strip import marks
from bisector.report.terminal import affected, built, in_short, other_failure, proof, question, work

_TEMPLATE = "report.html.j2"
_ORDER = "; oldest first"
_PROBES = 5000  # rows; a browser still scrolls them, the JSON has all

# how a word looks; what is in none of these gets the colour of doubt
_LOOKS: Mapping[str, str] = {
    **dict.fromkeys((Verdict.GOOD, Outcome.FIXES, HunkState.NOTICED, RegTestChange.PASSES), "fine"),
    **dict.fromkeys(
        (Outcome.NOT_NEEDED, Outcome.UNHARMED, HunkState.COMMENT, HunkState.NEEDED), "calm"
    ),
    **dict.fromkeys((Outcome.BREAKS, Outcome.INEFFECTIVE, Outcome.CONFLICT), "wrong"),
    **dict.fromkeys((Verdict.BAD, RegTestChange.FAILS), "wrong"),
}
_SIGNS = {"fine": "✓", "calm": "-", "wrong": "✗", "doubt": "?"}


@dataclass(frozen=True)
class Square:
    """A cell of the matrix; unfolded it shows ``lines`` on what is wrong, and a log's evidence."""

    judged: Judged
    tally: str
    lines: Sequence[str]
    evidence: Sequence[str]


def render(summary: Summary) -> str:
    """The report as an HTML page; all texts are escaped."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(look=look, sign=sign)
    source = resources.files("bisector.report").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    last = conclude(summary)
    return environment.from_string(source).render(
        summary=summary,
        asked=summary.started,
        question=question(summary),
        last=last,
        looks="fine" if last.good else "doubt" if summary.ended is None else "wrong",
        began=moment(summary.started.at),
        marks=marks(summary),
        order="" if summary.judged or summary.ported else _ORDER,
        work=work(summary),
        findings=_proofs(summary.findings, summary),
        others=[
            (other_failure(one), _proofs(one.findings, summary), in_short(one.affected))
            for one in summary.others
        ],
        affected=affected(summary) if summary.started.job is Job.RUN and summary.answered else "",
        columns=grid.scenarios(summary.judged),
        rows=list(_rows(summary)),
        changed=[one for one in summary.reg_tests if one.change is not RegTestChange.SAME],
        parts=parts,
        lines=lines,
        swept=swept,
        built=built,
        probes=summary.probes[:_PROBES],
    )


def _proofs(
    findings: Sequence[Finding], summary: Summary
) -> list[tuple[Finding, list[str], tuple[str, ...]]]:
    """Each finding with the lines of its proof and the log's evidence."""
    return [(one, list(proof(one)), summary.evidence(one.revision)) for one in findings]


def look(word: str) -> str:
    """The CSS class of a verdict, an outcome or a state: fine, calm, wrong or doubt."""
    return _LOOKS.get(word, "doubt")


def sign(word: str) -> str:
    """A sign for the same, for readers who cannot tell the colours apart."""
    return _SIGNS[look(word)]


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
