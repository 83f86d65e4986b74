"""The affected releases in the Open Source Vulnerability format (https://ossf.github.io/osv-schema/).

Versions are what was tested or inferred. A range of commits begins with the commit that a hunt has
proven to bring the bug, else with the first release that has it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from bisector.errors import OutputProblem
from bisector.git import upstream
from bisector.record.events import Released
from bisector.record.summary import Summary
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Job
from bisector.report.conclusion import conclude
from bisector.report.shared import shareable
from bisector.system.files import digest

SCHEMA = "1.7.0"  # nothing is used that 1.6.0 does not have
# x_ is for records that no database has taken up; who publishes one gives it another name
_PREFIX = "x_BISECTOR"

Table = dict[str, object]


def render(summary: Summary) -> str:
    """The record as one JSON object. Raises OutputProblem for a job other than `affected`."""
    job = summary.started.job
    if job is not Job.AFFECTED:
        what = f"'{job}' judges no releases, of which a record for OSV is made"
        raise OutputProblem(what, "--osv is for 'bisector affected'")
    return json.dumps(_record(shareable(summary)), indent=2) + "\n"


def _record(summary: Summary) -> Table:
    asked = summary.started
    modified = max([asked.at, *(probe.at for probe in summary.probes)])
    name = digest(asked.old, asked.new, asked.scenario, asked.variant, asked.test)[:12]
    bad = [one for one in summary.releases if one.verdict is Verdict.BAD]
    return {
        "schema_version": SCHEMA,
        "id": f"{_PREFIX}-{name}",
        "modified": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(modified)),
        "summary": f"HAProxy fails {' '.join(filter(None, (asked.scenario, asked.variant)))}",
        "details": f"{conclude(summary).text}. Tested in {asked.range} by bisector "
        f"{asked.version}; the releases that were not tested lie between two that agree.",
        "affected": [_affected(summary, bad)] if bad else [],
        "references": [*_references(summary)],
    }


def _affected(summary: Summary, bad: Sequence[Released]) -> Table:
    known = {(one.what, one.release): one.revision for one in summary.located}
    return {
        "ranges": [_range(*one, known) for one in _stretches(summary.releases)],
        "versions": [one.release for one in bad],
        "database_specific": {
            "tested": [one.release for one in bad if one.probed],
            "inferred": [one.release for one in bad if not one.probed],
            "unknown": [one.release for one in summary.releases if not one.verdict.tested],
        },
    }


def _stretches(
    releases: Sequence[Released],
) -> Iterator[tuple[str, list[Released], Released | None]]:
    """The bad stretches of each line: its branch, the releases, and the one after them, if any.

    The line of a stable branch begins with that of the main one up to its first release.
    """
    main = [one for one in releases if not one.branch]
    for branch, group in groupby(releases, key=lambda one: one.branch):
        own = list(group)
        first = next((n for n, one in enumerate(main) if one.release == f"v{branch}.0"), -1)
        line = [*main[: first + 1], *own] if branch else own
        at = 0
        for is_bad, some in groupby(line, key=lambda one: one.verdict is Verdict.BAD):
            stretch = list(some)
            at += len(stretch)
            if is_bad and stretch[-1] in own:
                yield branch, stretch, line[at] if at < len(line) else None


def _range(
    branch: str,
    bad: Sequence[Released],
    after: Released | None,
    known: Mapping[tuple[Change, str], str],
) -> Table:
    """The range of commits of the *bad* releases of a line; *after* is the next one."""
    first = known.get((Change.INTRODUCTION, bad[0].release))
    events = [{"introduced": first or bad[0].revision}]
    basis = {"introduced": "a proven commit" if first else f"the release {bad[0].release}"}
    if after and after.verdict is Verdict.GOOD:
        fixed = known.get((Change.FIX, after.release))
        events.append({"fixed": fixed or after.revision})
        basis["fixed"] = "a proven commit" if fixed else f"the release {after.release}"
    else:
        events.append({"last_affected": bad[-1].revision})
        basis["last_affected"] = f"the release {bad[-1].release}"
    repository = upstream.STABLE_URL.format(name=branch) if branch else upstream.URL
    return {"type": "GIT", "repo": repository, "events": events, "database_specific": basis}


def _references(summary: Summary) -> Iterator[Table]:
    """Where the proven commits of the main line can be read."""
    branches = {one.release for one in summary.releases if one.branch}
    kinds = {Change.INTRODUCTION: "INTRODUCED", Change.FIX: "FIX"}
    for one in summary.located:
        if one.release not in branches:
            url = f"{upstream.URL.removesuffix('.git')}/commit/{one.revision}"
            yield {"type": kinds[one.what], "url": url}
