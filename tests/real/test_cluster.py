"""The real hunt on a cluster: the same answer as on one machine, whoever dies meanwhile."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.machines import Machines
from bench.measure import empty_workspace
from bisector.git.history import History
from bisector.jobs import playground
from bisector.jobs.playground import DEMO, Playground
from bisector.patch.model import Series
from bisector.record.verdict import Verdict
from bisector.system.debian import SourceTree
from bisector.system.workspace import Workspace
from tests.support.real import (
    SECONDS,
    assert_right,
    begin,
    bisector,
    hunts_over,
    made,
    planned,
    swept,
)

ANSWER = ("proven", "introduction", "fix", "affected", "patch")


@pytest.fixture
def cluster(real_workspace: Workspace) -> Iterator[Machines]:
    """Two workers. What was built is there, so that it does not take long; tests are made anew."""
    with Machines() as machines:
        for _ in range(2):
            machines.work(real_workspace)
        yield machines


@pytest.fixture
def strangers(real_workspace: Workspace, tmp_path: Path) -> Iterator[Machines]:
    """Two workers: one works where the client does, the other has tools and nothing else."""
    elsewhere = empty_workspace(tmp_path / "elsewhere", real_workspace.root / "tools")
    with Machines() as machines:
        for workspace in (real_workspace, elsewhere):
            machines.work(workspace)
        yield machines


def asked(ground: Playground, answer: Path, *words: str) -> tuple[str, ...]:
    return ("run", ground.range, "--repo", str(ground.path), "--json", str(answer), *words)


def answer_in(path: Path) -> dict[str, Any]:
    """What a report says, but for the ports, which are others each time."""
    text = re.sub(r"127\.0\.0\.1:[1-9]\d*", "127.0.0.1:port", path.read_text())
    found = json.loads(text)
    return {name: found[name] for name in ANSWER}


def test_a_sweep_of_forty_revisions_loses_nothing_when_a_worker_is_killed_half_way(
    real_workspace: Workspace,
    haproxy_3_0: SourceTree,
    series: Series,
    strangers: Machines,
    tmp_path: Path,
) -> None:
    ground = playground.make(real_workspace, haproxy_3_0.path, series, DEMO)
    answer = tmp_path / "answer.json"
    words = ("sweep", ground.range, "--repo", str(ground.path), "--all", "--json", str(answer))
    remote = (*words, "--toolchain", "fast", "--cluster", strangers.address)

    sweep = begin(*remote)
    assert sweep.stderr is not None
    verdicts = (line for line in sweep.stderr if line.startswith(tuple(Verdict)))
    for _ in range(DEMO.commits // 2):
        next(verdicts)
    strangers.kill(strangers.workers[1])
    _, said = sweep.communicate(timeout=SECONDS)

    assert sweep.returncode == 1, said
    assert "1 of 2 workers left" in said
    history = History.open(ground.path, real_workspace)
    assert swept(answer, history, ground.range) == planned(DEMO)
    ((_, events),) = hunts_over(real_workspace, ground, remote).items()
    assert len(made(events)) == len(set(made(events))), "each question was answered once"


def test_the_answer_is_the_same_with_a_cluster_and_when_a_worker_is_killed(
    real_workspace: Workspace, ground: Playground, cluster: Machines, tmp_path: Path
) -> None:
    alone, together, killed = (tmp_path / name for name in ("alone", "together", "killed"))
    remote = ("--fresh", "--cluster", cluster.address)
    done = bisector(*asked(ground, alone))
    assert done.returncode == 0, done.stderr

    done = bisector(*asked(ground, together, *remote))
    assert done.returncode == 0, done.stderr
    assert "not sandboxed: worker" not in done.stdout
    assert_right(json.loads(together.read_text()), ground)

    words = asked(ground, killed, *remote)
    hunt = begin(*words)
    assert hunt.stderr is not None
    hunt.stderr.readline()
    cluster.kill(cluster.workers[1])
    _, said = hunt.communicate(timeout=SECONDS)
    assert hunt.returncode == 0, said
    ((_, events),) = hunts_over(real_workspace, ground, words).items()
    assert len(made(events)) == len(set(made(events))), "each question was answered once"

    assert answer_in(alone) == answer_in(together) == answer_in(killed)
