"""A found change and how it was proven, in words."""

from __future__ import annotations

from collections.abc import Iterator

from bisector.record.events import Found
from bisector.record.findings import Finding
from bisector.record.metric_events import Shifted
from bisector.record.verdict import Verdict


def commit(found: Found | Shifted, index: int) -> str:
    """One of the commits that may have made the change: hash, place, subject."""
    place = f" ({found.places[index]})" if found.places[index] else ""
    return f"{found.revisions[index][:10]}{place} {found.subjects[index]}"


def proof(finding: Finding) -> Iterator[str]:
    """How a found change was proven, or why it is not, in lines."""
    new = finding.found.what.new_verdict
    old = Verdict.GOOD if new is Verdict.BAD else Verdict.BAD
    confirmed = finding.confirmed
    if confirmed is None:
        yield "not confirmed" + (
            f", P = {finding.confidence:.3f}" if finding.confidence < 1 else ""
        )
    elif not finding.proven:
        yield f"not proven: {confirmed.doubt}"
    elif confirmed.tally:
        yield f"proven with {confirmed.toolchain}, P = {finding.confidence:.3f}"
    else:
        runs = confirmed.runs
        parents = " and ".join(parent[:10] for parent in finding.found.parents)
        toolchain = f" with {confirmed.toolchain}" if confirmed.toolchain else ""
        yield (
            f"proven{toolchain}: {new} in {runs} of {runs} runs, "
            f"its parent {parents} {old} in all of {runs}"
        )
    if finding.found.fixup:
        sides = "both sides" if len(finding.found.revisions) == 1 else "it"
        yield f"with {finding.found.fixup} picked onto {sides}, not to be judged otherwise"
    if confirmed and confirmed.tally:
        yield f"bad runs: {confirmed.tally}"
    if finding.found.origin:
        yield f"a pick of {finding.found.origin[:10]}"
