"""Running bisector as a user does, and reading what it left behind."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from bisector.git.history import History
from bisector.jobs.playground import Playground, PlaygroundPlan
from bisector.patch.apply import AppliedSeries, apply_series
from bisector.patch.model import Patch, Series, reverse
from bisector.probing import setup
from bisector.probing.context import Context
from bisector.probing.options import Options
from bisector.record import journal
from bisector.record.events import Event, Probed, Started
from bisector.system.workspace import Workspace

BISECTOR = (sys.executable, "-m", "bisector")
SECONDS = 1500.0


def bisector(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run bisector to its end."""
    return subprocess.run(
        [*BISECTOR, *words], cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def begin(*words: str) -> subprocess.Popen[str]:
    """Run bisector in the background, in a session of its own; its stderr is readable."""
    return subprocess.Popen(
        [*BISECTOR, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def hunts_over(
    workspace: Workspace, ground: Playground, words: Sequence[str] = ()
) -> dict[Path, list[Event]]:
    """The journals over a playground; with *words*, only those that this command line began."""
    found = {}
    command = shlex.join(["bisector", *words])
    for path in workspace.root.glob("hunts/*/journal"):
        events = journal.read(path)[0]
        asked = next((event for event in events if isinstance(event, Started)), None)
        if asked is None or Path(asked.repository) != ground.path:
            continue
        if not words or asked.command == command:
            found[path] = events
    return found


def made(events: list[Event]) -> list[tuple[str, int]]:
    """The questions that were answered by building and testing, not from memory."""
    return [(e.key, e.run) for e in events if isinstance(e, Probed) and not e.known]


def planned(plan: PlaygroundPlan) -> list[str]:
    """The verdict that each commit of a playground was made for."""
    found = []
    for number in range(plan.commits):
        if number in plan.unbuildable:
            found.append("unbuildable")
        elif number in plan.untestable:
            found.append("untestable")
        else:
            found.append("bad" if plan.regression <= number < plan.heal else "good")
    return found


def swept(answer: Path, history: History, span: str) -> list[str]:
    """The verdict of a sweep's report on each commit of the range *span*, oldest first."""
    told = {
        revision: row["verdict"]
        for row in json.loads(answer.read_text())["stretches"]
        for revision in row["revisions"]
    }
    found = history.range(span)
    return [told[commit] for commit in (found.old.id, *found.commits)]


def edited(history: History, revision: str, path: str, old: str, new: str) -> str:
    """The tree of *revision* with *new* in the place of *old*, which *path* has just once."""
    tree = history.read(revision).tree
    text = tree[path].peel(pygit2.Blob).data.decode()
    assert text.count(old) == 1
    index = pygit2.Index()
    index.read_tree(tree)
    blob = history.store.create_blob(text.replace(old, new).encode())
    index.add(pygit2.IndexEntry(path, blob, FileMode.BLOB))
    return str(index.write_tree(history.store))


def with_few_reg_tests(repo: pygit2.Repository, tree: str, tests: Collection[str]) -> str:
    """The tree with this id without all reg-tests but *tests*."""
    index = pygit2.Index()
    index.read_tree(repo[tree].peel(pygit2.Tree))
    kept = [entry for entry in index if entry.path in tests]
    index.remove_all(["reg-tests/*"])
    for entry in kept:
        index.add(entry)
    return str(index.write_tree(repo))


def context(workspace: Workspace, history: History, name: str, **settings: str) -> Context:
    """All that a probe of a scenario's variant needs."""
    words = tuple(f"{key}={value}" for key, value in settings.items())
    options = Options(scenario=name, settings=words)
    return setup.find_context(options, workspace, history, setup.find_test(options))


def broken(workspace: Workspace, history: History, patches: tuple[Patch, ...]) -> str:
    """The tree of the release with *patches* taken out, the last one first."""
    tree = history.tree_id(history.resolve("v3.0.11").id)
    backwards = Series(tuple(reverse(patch) for patch in patches[::-1]))
    done = apply_series(history.store, history.store[tree].id, backwards)
    assert isinstance(done, AppliedSeries), done
    assert [step.how for step in done.steps] == ["exact"] * len(patches)
    return str(done.tree)


def assert_right(answer: dict[str, object], ground: Playground) -> None:
    """Is it what was planted, with its proof, its releases and a patch that holds?"""
    assert answer["proven"] is True
    for what, planted in (("introduction", ground.regression), ("fix", ground.heal)):
        finding = answer[what]
        assert isinstance(finding, dict)
        assert [revision["id"] for revision in finding["revisions"]] == [planted]
        assert finding["proven"] is True
    assert answer["affected"] == ["v3.1-dev1", "v3.1-dev2"]
    checks = answer["patch"]
    assert isinstance(checks, list)
    assert [(check["before"], check["after"]) for check in checks] == [("bad", "good")] * 2
