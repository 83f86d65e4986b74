"""The report as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bisector.record.codec import to_dict
from bisector.record.events import Event
from bisector.record.findings import Finding, OtherBug
from bisector.record.summary import Summary
from bisector.record.words import Job
from bisector.report import triage_text
from bisector.report.conclusion import conclude

SCHEMA = 1


def render(summary: Summary) -> str:
    """The report as one JSON object; report.schema.json beside this file describes it.

    SCHEMA is raised when a field changes its meaning or is removed.
    """
    probes, building, testing = summary.work
    last = conclude(summary)
    document = {
        "schema": SCHEMA,
        "asked": _plain(to_dict(summary.started)),
        "conclusion": {"good": last.good, "word": last.word, "why": last.why},
        "answer": summary.ended.answer if summary.ended else "unfinished",
        "proven": summary.proven,
        **{str(f.found.what): _finding(f, summary) for f in reversed(summary.findings)},
        "changes": [_finding(one, summary) for one in summary.findings],
        "affected": list(summary.ended.affected) if summary.ended else [],
        "occurrences": list(summary.ended.occurrences) if summary.ended else [],
        "patch": _events(summary.patches),
        "judged": _events(summary.judged),
        "confirmed": _events(summary.reasked),
        "hunks": _events(summary.hunks),
        "covered": _events(summary.covered),
        "reg_tests": _events(summary.reg_tests),
        "ported": _events(summary.ported),
        "releases": _events(summary.releases),
        "stretches": _events(summary.stretches),
        "retested": _events(summary.retested),
        "reduced": _plain(to_dict(summary.reduced)) if summary.reduced else None,
        "learnt": _plain(to_dict(summary.learnt)) if summary.learnt else None,
        "others": [_other_bug(other, summary) for other in summary.others],
        "forked": _plain(to_dict(summary.forked)) if summary.forked else None,
        "other_lines": _events(summary.other_lines),
        "queued": _events(summary.queued),
        "series": _events(summary.series),
        "shifted": _events(summary.shifted),
        "compared": _events(summary.compared),
        "searched": _plain(to_dict(summary.searched)) if summary.searched else None,
        "located": _events(summary.located),
        "parts": _events(summary.parts),
        "carried": _events(summary.carried),
        "text": triage_text.render(summary) if summary.started.job is Job.TRIAGE else "",
        "notes": list(summary.notes),
        "left_to_fallback": list(summary.left_to_fallback),
        "work": {"probes": probes, "build_seconds": building, "test_seconds": testing},
        "probes": _events(summary.probes),
    }
    return json.dumps(document, indent=2) + "\n"


def _other_bug(other: OtherBug, summary: Summary) -> dict[str, object]:
    return {
        "learnt": _plain(to_dict(other.learnt)),
        **{str(f.found.what): _finding(f, summary) for f in other.findings},
        "affected": list(other.affected),
    }


def _finding(finding: Finding, summary: Summary) -> dict[str, object]:
    found = finding.found
    return {
        "what": found.what,
        "line": found.line,
        "origin": found.origin,
        "revisions": [
            {"id": revision, "subject": subject, "place": place}
            for revision, subject, place in zip(
                found.revisions, found.subjects, found.places, strict=True
            )
        ],
        "parents": list(found.parents),
        "proven": finding.proven,
        "doubt": finding.confirmed.doubt if finding.confirmed else "not confirmed",
        "runs": finding.confirmed.runs if finding.confirmed else 0,
        "toolchain": finding.confirmed.toolchain if finding.confirmed else "",
        "confidence": finding.confidence,
        "fixup": found.fixup,
        "tally": finding.confirmed.tally if finding.confirmed else "",
        "evidence": list(summary.evidence(finding.revision)),
    }


def _events(events: Sequence[Event]) -> list[dict[str, object]]:
    return [_plain(to_dict(event)) for event in events]


def _plain(table: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in table.items() if name != "kind"}
