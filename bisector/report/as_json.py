"""The summary as JSON, for programs."""

from __future__ import annotations

import json

from bisector.events import to_dict
from bisector.report.summary import Finding, Summary

SCHEMA = 1


def render(summary: Summary) -> str:
    """One JSON object; ``schema`` is raised when a field changes its meaning or goes."""
    probes, building, testing = summary.work
    document = {
        "schema": SCHEMA,
        "asked": _plain(to_dict(summary.started)),
        "answer": summary.ended.answer if summary.ended else "unfinished",
        "proven": summary.proven,
        **{f.found.what: _finding(f, summary) for f in summary.findings},
        "affected": list(summary.ended.affected) if summary.ended else [],
        "patch": [_plain(to_dict(check)) for check in summary.patches],
        "notes": list(summary.notes),
        "left_to_fallback": list(summary.left_to_fallback),
        "work": {"probes": probes, "build_seconds": building, "test_seconds": testing},
        "probes": [_plain(to_dict(probe)) for probe in summary.probes],
    }
    return json.dumps(document, indent=2) + "\n"


def _finding(finding: Finding, summary: Summary) -> dict[str, object]:
    found = finding.found
    return {
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
        "tally": finding.confirmed.tally if finding.confirmed else "",
        "evidence": list(summary.evidence(finding.revision)),
    }


def _plain(table: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in table.items() if name != "kind"}
