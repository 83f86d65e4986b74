"""The commits between two releases with different verdicts, as far as proven hunts know them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bisector.git.history import History
from bisector.jobs import catalog
from bisector.jobs.survey.releases import Releases
from bisector.record.events import Started
from bisector.record.survey_events import Located
from bisector.record.verdict import Verdict
from bisector.record.words import Change
from bisector.system.workspace import Workspace

_CHANGES = {
    (Verdict.GOOD, Verdict.BAD): Change.INTRODUCTION,
    (Verdict.BAD, Verdict.GOOD): Change.FIX,
}


@dataclass(frozen=True)
class Proven:
    """The commit ``revision`` (full hash), of which a hunt proved that it made the change."""

    what: Change
    revision: str


def proven_changes(workspace: Workspace, started: Started) -> tuple[Proven, ...]:
    """What the hunts in the workspace have proven by the test of the job that *started*."""

    def subject(one: Started) -> tuple[str, ...]:
        return (one.scenario, one.variant, one.test, one.repository)

    found = {
        Proven(finding.found.what, finding.revision)
        for _, _, hunt in catalog.hunts(workspace)
        if subject(hunt.started) == subject(started)
        for finding in hunt.findings
        if finding.proven and len(finding.found.revisions) == 1
    }
    return tuple(sorted(found, key=lambda one: (one.what, one.revision)))


def located(
    history: History,
    releases: Releases,
    verdicts: Mapping[str, Verdict],
    proven: Sequence[Proven],
) -> Iterator[Located]:
    """Those of the *proven* changes that lie between two neighbours of *releases*.

    *verdicts* are theirs, by full hash.
    """
    graph = releases.graph

    def has(release: str, commit: str) -> bool:
        return history.knows(commit) and history.contains(release, commit)

    for revision, parents in zip(graph.revisions, graph.parents, strict=True):
        for parent in (graph.revisions[index] for index in parents):
            what = _CHANGES.get((verdicts[parent], verdicts[revision]))
            for one in (change for change in proven if change.what is what):
                if has(revision, one.revision) and not has(parent, one.revision):
                    for name in releases.names[revision]:
                        yield Located(one.what, one.revision, name)
