"""The small playground, swept."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

from bisector.git.history import History
from bisector.jobs.playground import Playground
from bisector.record import journal
from bisector.record.events import Probed
from bisector.system.workspace import Workspace
from tests.support.grounds import SMALL
from tests.support.real import begin, bisector, hunts_over, made, planned, swept


def test_every_commit_of_the_playground_has_the_verdict_that_it_was_made_for(
    real_workspace: Workspace, ground: Playground, ground_history: History, tmp_path: Path
) -> None:
    answer, page = tmp_path / "answer.json", tmp_path / "page.html"
    words = ("sweep", ground.range, "--repo", str(ground.path), "--all")
    files = ("--json", str(answer), "--html", str(page))

    before = bisector(*words, "--dry-run")
    assert before.returncode == 0 and before.stderr == ""
    assert "building" in before.stdout or "every verdict is here" in before.stdout
    assert not hunts_over(real_workspace, ground, [*words, *files])

    done = bisector(*words, *files)

    assert done.returncode == 1, done.stdout + done.stderr
    assert swept(answer, ground_history, ground.range) == planned(SMALL)
    found = json.loads(answer.read_text())
    assert len(found["stretches"]) == len(list(groupby(planned(SMALL))))
    assert page.read_text().count('<li class="mark') == SMALL.commits
    probes = [one for one in found["probes"] if not one["known"] and one["toolchain"] == "fast"]
    assert len(probes) <= SMALL.commits - len(SMALL.documents)
    assert "every verdict is here" in bisector(*words, "--dry-run").stdout


def test_a_killed_sweep_goes_on_and_asks_nothing_twice(
    real_workspace: Workspace, ground: Playground
) -> None:
    words = ["sweep", ground.range, "--repo", str(ground.path), "--every", "2", "--fresh"]
    process = begin(*words)
    assert process.stderr
    for line in process.stderr:
        if line.startswith(("good", "bad")):
            break
    process.kill()
    process.communicate()
    ((path, events),) = hunts_over(real_workspace, ground, words).items()
    assert any(isinstance(event, Probed) for event in events)

    done = bisector(*words[:-1])

    assert done.returncode == 1, done.stdout + done.stderr
    after = journal.read(path)[0]
    assert after[: len(events)] == events
    assert len(set(made(after))) == len(made(after))
    assert "unknown: v3.1-dev2~" in done.stdout.splitlines()[-1]
