"""The real hunt over the small playground: the right answer, killed and resumed, asked again."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from bisector.jobs.playground import Playground
from bisector.record import journal
from bisector.record.events import Event
from bisector.system.workspace import Workspace
from tests.support.real import assert_right, begin, bisector, hunts_over, made


def test_a_hunt_killed_again_and_again_loses_nothing_and_answers_right(
    real_workspace: Workspace, ground: Playground, tmp_path: Path
) -> None:
    words = ("run", ground.range, "--repo", str(ground.path))
    anew = (*words, "--fresh")
    before: list[Event] = []
    for again in (anew, words):
        kill_after_a_probe(*again)
        ((path, events),) = hunts_over(real_workspace, ground, anew).items()
        assert events[: len(before)] == before, "what an earlier session found out is still there"
        assert len(events) > len(before), "and this one went on from there"
        before = events

    done = bisector(*words, "--json", str(tmp_path / "answer.json"))

    assert done.returncode == 0, done.stdout + done.stderr
    events = journal.read(path)[0]
    assert events[: len(before)] == before
    assert len(made(events)) == len(set(made(events))), "no finished probe was made twice"
    assert_right(json.loads((tmp_path / "answer.json").read_text()), ground)


def test_asked_again_it_answers_from_the_journal(
    real_workspace: Workspace, ground: Playground
) -> None:
    words = ("run", ground.range, "--repo", str(ground.path))
    first = bisector(*words)
    journals = hunts_over(real_workspace, ground)

    again = bisector(*words)

    assert again.stdout == first.stdout
    assert again.stderr == "", "nothing was probed, so there is nothing to tell"
    assert hunts_over(real_workspace, ground) == journals


def test_a_hunt_that_is_under_way_is_not_started_twice(
    real_workspace: Workspace, ground: Playground
) -> None:
    words = ("run", ground.range, "--repo", str(ground.path), "--set", "failure=refused")
    hunt = begin(*words)
    try:
        assert hunt.stderr is not None
        hunt.stderr.readline()
        os.killpg(hunt.pid, signal.SIGSTOP)  # else it may end before, if all is built
        second = bisector(*words)
        listed = bisector("hunts")
    finally:
        os.killpg(hunt.pid, signal.SIGKILL)
        hunt.wait()

    assert second.returncode == 3
    assert "under way in another process" in second.stderr
    assert "under way" in listed.stdout


@pytest.mark.usefixtures("with_tcc")
def test_blind_and_misled_it_finds_the_same(
    real_workspace: Workspace, ground: Playground, tmp_path: Path
) -> None:
    """The hint is wrong: it leads to commits some of which cannot be built."""
    answer = tmp_path / "answer.json"
    words = ("run", ground.range, "--repo", str(ground.path), "--blind", "--json", str(answer))

    done = bisector(*words, "--hint", "src/hash.c")

    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(answer.read_text())
    assert_right(found, ground)
    assert_searched_fast_and_proven_by_gcc(found)


def assert_searched_fast_and_proven_by_gcc(answer: dict[str, Any]) -> None:
    proof = [one for one in answer["probes"] if one["purpose"].startswith("confirm ")]
    others = [one for one in answer["probes"] if one not in proof]
    assert {one["toolchain"] for one in proof} == {"dev"}
    tested = [one for one in others if one["verdict"] in ("good", "bad")]
    assert {one["toolchain"] for one in tested} == {"fast"}
    failed = {one["revision"] for one in others if one["toolchain"] == "dev"}
    doubted = {one["revision"] for one in others if one["verdict"] not in ("good", "bad")}
    assert failed <= doubted, "gcc was asked only where tcc's binary failed"


def kill_after_a_probe(*words: str) -> None:
    """Start bisector and kill it, all of a sudden, when it has told of its first new verdict."""
    hunt = begin(*words)
    assert hunt.stderr is not None
    hunt.stderr.readline()
    os.kill(hunt.pid, signal.SIGKILL)
    hunt.wait()
    hunt.stderr.close()
