"""The report as JUnit XML, which CI systems show."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from xml.etree import ElementTree as ET

from bisector.record.events import Probed
from bisector.record.findings import Finding, OtherBug
from bisector.record.patch_events import Cell, Judged
from bisector.record.patch_outcome import Outcome
from bisector.record.summary import Summary
from bisector.record.verdict import Verdict
from bisector.record.words import HunkState, RegTestChange
from bisector.report import metric_junit, queue_junit, swept
from bisector.report.conclusion import standing
from bisector.report.grid import FINE
from bisector.report.junit_case import ERROR, FAILURE, SKIPPED, Case
from bisector.report.parts import confirmed_said, covered_said, hunk_said, port_details
from bisector.report.proof import proof
from bisector.report.terminal import ANOTHER_BUG, other_failure

_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OUTCOMES = {
    Outcome.UNBUILDABLE: ERROR,
    **dict.fromkeys((Outcome.UNTESTABLE, Outcome.UNKNOWN), SKIPPED),
    **dict.fromkeys((Outcome.BREAKS, Outcome.INEFFECTIVE, Outcome.CONFLICT), FAILURE),
}


def render(summary: Summary) -> str:
    """The report as a JUnit document with a test suite for each scenario and part of the job."""
    root = ET.Element("testsuites", {"name": f"bisector {summary.started.job}"})
    suites = {name: cases for name, cases in _suites(summary) if cases}
    for name, cases in suites.items():
        suite = ET.SubElement(root, "testsuite", {"name": _clean(name), **_counts(cases)})
        began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(summary.started.at))
        suite.set("timestamp", began)
        for case in cases:
            _add(suite, case)
    root.attrib.update(_counts([case for cases in suites.values() for case in cases]))
    ET.indent(root)
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add(suite: ET.Element, case: Case) -> None:
    names = {"classname": _clean(case.group), "name": _clean(case.name)}
    element = ET.SubElement(suite, "testcase", {**names, "time": f"{case.seconds:.3f}"})
    if case.what:
        said = ET.SubElement(element, case.what, {"message": _clean(case.message)})
        said.text = _clean(case.text) or None
    if case.output:
        ET.SubElement(element, "system-out").text = _clean(case.output)


def _clean(text: str) -> str:
    """*text* with the characters replaced that XML cannot hold, not even escaped."""
    return _NO_XML.sub("\ufffd", text)


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    kinds = {"failures": FAILURE, "errors": ERROR, "skipped": SKIPPED}
    counts = {name: str(sum(c.what == kind for c in cases)) for name, kind in kinds.items()}
    seconds = sum(case.seconds for case in cases)
    return {"tests": str(len(cases)), **counts, "time": f"{seconds:.3f}"}


def _suites(summary: Summary) -> Iterator[tuple[str, list[Case]]]:
    job = summary.started.job
    if not summary.answered:
        yield job, [Case(job, summary.started.range, ERROR, standing(summary))]
    yield summary.started.scenario or job, [*_findings(summary), *_patches(summary)]
    yield ANOTHER_BUG, [case for other in summary.others for case in _other_bug(other)]
    probes = {(p.revision, p.scenario, p.variant, p.patched): p for p in summary.probes}
    for scenario in dict.fromkeys(one.scenario for one in summary.judged):
        judged = [one for one in summary.judged if one.scenario == scenario]
        yield scenario, [_cell(one, cell, probes) for one in judged for cell in one.cells]
    yield (
        "proof",
        [
            Case("proof", one.what, "" if one.proven else FAILURE, confirmed_said(one))
            for one in summary.reasked
        ],
    )
    yield "hunks", _hunks(summary)
    yield "coverage", _covered(summary)
    yield "reg-tests", _reg_tests(summary)
    yield "branches", _ports(summary)
    yield "releases", _releases(summary)
    yield "stretches", _stretches(summary)
    yield "re-tests", _retests(summary)
    yield "metric", list(metric_junit.cases(summary))
    yield from queue_junit.suites(summary)


def _findings(summary: Summary) -> list[Case]:
    return [_finding(one, summary) for one in summary.findings]


def _finding(one: Finding, summary: Summary) -> Case:
    name, said = _name(one), "\n".join(proof(one))
    if one.proven:
        return Case("hunt", name, output=said)
    doubt = one.confirmed.doubt if one.confirmed else "not confirmed"
    evidence = "\n".join(summary.evidence(one.revision))
    return Case("hunt", name, FAILURE, f"not proven: {doubt}", evidence, output=said)


def _other_bug(other: OtherBug) -> Iterator[Case]:
    """What was found of a bug that the job is not about: without a proof, it does not fail."""
    for one in other.findings:
        said = "\n".join((other_failure(other), *proof(one)))
        what, message = ("", "") if one.proven else (SKIPPED, "not proven")
        yield Case("hunt", _name(one), what, message, output=said)


def _name(one: Finding) -> str:
    found = one.found
    name = f"{found.what}: {' or '.join(revision[:10] for revision in found.revisions)}"
    return f"{name} {found.subjects[-1]}" if one.proven else name


def _patches(summary: Summary) -> list[Case]:
    cases = []
    for one in summary.patches:
        said = f"{one.before} before the patch, {one.after or 'not built'} with it"
        fine = (one.before, one.after) == (Verdict.BAD, Verdict.GOOD)
        cases.append(Case("patch", one.release, "" if fine else FAILURE, said, one.problem))
    return cases


Key = tuple[str, str, str, bool]  # of a probe: revision, scenario, variant, patched


def _cell(one: Judged, cell: Cell, probes: dict[Key, Probed]) -> Case:
    keys = [(one.revision, one.scenario, cell.variant, patched) for patched in (False, True)]
    made = [probes[key] for key in keys if key in probes]
    seconds = sum(p.build_seconds + p.test_seconds for p in made if not p.known)
    group, name = f"{one.scenario}.{one.branch or one.name}", cell.variant or one.scenario
    picked = _picked(p.fixup for p in made)
    if cell.outcome in FINE:
        return Case(group, name, seconds=seconds, output=picked)
    what = _OUTCOMES[cell.outcome]
    if what == FAILURE and not one.wanted and cell.outcome is not Outcome.BREAKS:
        what = SKIPPED  # the patch is meant for another scenario
    more = [cell.reason, one.problem, *(made[-1].evidence if made else ())]
    logs = [f"log: {p.log}" for p in made if p.log]
    text = "\n".join(dict.fromkeys(line for line in [*more, *logs] if line))
    said = f"{cell.outcome}: {cell.before or 'not probed'} before the patch, "
    said += f"{cell.after or 'not probed'} with it"
    return Case(group, name, what, said, text, seconds, picked)


def _picked(fixups: Iterable[str]) -> str:
    """What a case says of the fixups with which it was judged; '' stands for none."""
    names = " and ".join(dict.fromkeys(filter(None, fixups)))
    return f"with {names} picked onto it, not to be judged otherwise" if names else ""


def _fixups(summary: Summary) -> dict[str, str]:
    """The fixups by the revisions that were judged with them."""
    return {one.revision: one.fixup for one in summary.judging if one.fixup and one.verdict.tested}


def _hunks(summary: Summary) -> list[Case]:
    return [
        Case(
            f"hunks.{one.name}",
            f"{one.patch} {one.path} {one.header}",
            SKIPPED if one.state is HunkState.UNCOVERED else "",
            hunk_said(one),
        )
        for one in summary.hunks
    ]


def _covered(summary: Summary) -> list[Case]:
    return [
        Case(
            f"coverage.{one.name}",
            one.path,
            SKIPPED if one.missed or one.problem else "",
            covered_said(one),
            "\n".join(one.text),
        )
        for one in summary.covered
    ]


def _reg_tests(summary: Summary) -> list[Case]:
    kinds = {RegTestChange.FAILS: FAILURE, RegTestChange.FLICKERS: SKIPPED}
    return [
        Case(
            f"reg-tests.{one.branch or one.name}",
            one.test,
            kinds.get(one.change, ""),
            f"{one.change}: {one.before or 'not there'} before the patch, {one.after} with it",
            "\n".join(filter(None, [one.reason, one.log])),
        )
        for one in summary.reg_tests
    ]


def _ports(summary: Summary) -> list[Case]:
    fixups = _fixups(summary)
    return [
        Case(
            "branches",
            one.branch,
            _OUTCOMES.get(one.outcome, ""),
            one.outcome,
            "\n".join(port_details(one)),
            output=_picked([fixups.get(one.revision, "")]),
        )
        for one in summary.ported
    ]


def _kind(verdict: Verdict) -> str:
    """The result of a test case with this verdict: FAILURE, SKIPPED, or ''."""
    return FAILURE if verdict is Verdict.BAD else "" if verdict.tested else SKIPPED


def _releases(summary: Summary) -> list[Case]:
    fixups = _fixups(summary)
    return [
        Case(
            "releases",
            one.release,
            _kind(one.verdict),
            f"{one.verdict}, {'probed' if one.probed else 'inferred from its neighbours'}",
            one.reason,
            output=_picked([fixups.get(one.revision, "")]),
        )
        for one in summary.releases
    ]


def _stretches(summary: Summary) -> list[Case]:
    fixups = _fixups(summary)
    return [
        Case(
            "stretches",
            swept.span(one),
            _kind(one.verdict),
            f"{one.verdict}, {swept.basis(one)}",
            "\n".join(one.revisions),
            output=_picked(fixups.get(revision, "") for revision in one.revisions),
        )
        for one in summary.stretches
    ]


def _retests(summary: Summary) -> list[Case]:
    return [
        Case(
            "re-tests",
            one.name,
            SKIPPED if one.before is not one.after else "",
            swept.retested(one),
            one.reason,
        )
        for one in summary.retested
    ]
