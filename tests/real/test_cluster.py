"""The real hunt on a cluster: the same answer as on one machine, whoever dies meanwhile."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bisector.playground import Playground
from bisector.workspace import Workspace
from tests.clusters import Machines
from tests.real.helpers import BISECTOR, SECONDS, begin, bisector, hunts_over, made
from tests.real.test_hunt import assert_right

ANSWER = ("proven", "introduction", "fix", "affected", "patch")


@pytest.fixture
def cluster(real_workspace: Workspace) -> Iterator[Machines]:
    """Two workers. What was built is there, so that it does not take long; tests are made anew."""
    with Machines() as machines:
        for _ in range(2):
            machines.work(real_workspace, (*BISECTOR, "worker"))
        yield machines


def asked(ground: Playground, answer: Path, *words: str) -> tuple[str, ...]:
    return ("run", ground.range, "--repo", str(ground.path), "--json", str(answer), *words)


def answer_in(path: Path) -> dict[str, Any]:
    """What a report says, but for the ports, which are others each time."""
    text = re.sub(r"127\.0\.0\.1:[1-9]\d*", "127.0.0.1:port", path.read_text())
    found = json.loads(text)
    return {name: found[name] for name in ANSWER}


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
    cluster.kill(cluster.workers[0])
    _, said = hunt.communicate(timeout=SECONDS)
    assert hunt.returncode == 0, said
    ((_, events),) = hunts_over(real_workspace, ground, words).items()
    assert len(made(events)) == len(set(made(events))), "each question was answered once"

    assert answer_in(alone) == answer_in(together) == answer_in(killed)
