"""The commits that proven hunts know between two releases with different verdicts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bisector.git.history import History
from bisector.jobs import catalog
from bisector.jobs.survey.located import Proven, located, proven_changes
from bisector.jobs.survey.releases import Releases
from bisector.record.events import Event
from bisector.record.survey_events import Located
from bisector.record.verdict import Verdict
from bisector.record.words import Change
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.hunting import World
from tests.support.records import ANSWERED, CULPRIT, CURE, PROVEN, STARTED, without

GOOD, BAD = Verdict.GOOD, Verdict.BAD
INTRODUCED, FIXED = Proven(Change.INTRODUCTION, CULPRIT), Proven(Change.FIX, CURE)


def store(workspace: Workspace, name: str, events: list[Event]) -> None:
    with catalog.journal_of(workspace, name, fresh=False) as journal:
        for event in events:
            journal.append(event)


def test_what_hunts_by_the_same_test_have_proven_is_known(workspace: Workspace) -> None:
    store(workspace, "a" * 12, ANSWERED)
    assert proven_changes(workspace, STARTED) == (FIXED, INTRODUCED)


@pytest.mark.parametrize(
    "other", [{"scenario": "x"}, {"variant": "x"}, {"test": "x"}, {"repository": "/x"}]
)
def test_those_by_another_test_or_in_another_clone_are_not(
    workspace: Workspace, other: dict[str, str]
) -> None:
    store(workspace, "a" * 12, ANSWERED)
    assert proven_changes(workspace, replace(STARTED, **other)) == ()  # type: ignore[arg-type]


def test_what_is_not_proven_is_not_known(workspace: Workspace) -> None:
    store(workspace, "a" * 12, without(*PROVEN))
    assert proven_changes(workspace, STARTED) == ()


def test_a_commit_counts_where_it_lies_between_the_two_releases(
    clone: Clone, workspace: Workspace, tmp_path: Path
) -> None:
    world = World(clone, workspace, tmp_path / "journal")
    history = History.open(clone.path, workspace)
    releases = Releases.of_range(history, history.range("v2.9..master"), "*")
    # v2.9.0 is commit 0, v3.0-dev1 is 9, v3.0.0 is 12, v3.1-dev1 is 20
    verdicts = dict(zip(releases.graph.revisions, (GOOD, BAD, BAD, GOOD), strict=True))

    def found(*proven: Proven) -> list[Located]:
        return list(located(history, releases, verdicts, proven))

    inside = [
        Proven(Change.INTRODUCTION, world.commits[9]),
        Proven(Change.FIX, world.commits[13]),
    ]
    assert found(*inside) == [
        Located(Change.INTRODUCTION, world.commits[9], "v3.0-dev1"),
        Located(Change.FIX, world.commits[13], "v3.1-dev1"),
    ]
    assert found(Proven(Change.INTRODUCTION, world.commits[11])) == [], "beyond another release"
    assert found(Proven(Change.FIX, world.commits[5])) == [], "of the other kind"
    assert found(Proven(Change.FIX, "f" * 40)) == [], "not in this repository"
