"""The stages of a probe are told apart, and the table says what they are."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import overhead, stages
from bench.measure import ROOT
from bench.overhead import Row
from bisector.git.history import History
from bisector.system import process
from bisector.system.workspace import Workspace
from tests.support.clone import Clone


def test_help() -> None:
    argv = [sys.executable, str(ROOT / "bench/overhead"), "--help"]
    done = subprocess.run(argv, capture_output=True)
    assert done.returncode == 0 and b"--json FILE" in done.stdout


def test_what_is_no_clone_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overhead, "STARTS", 1)
    assert overhead.main(["--repo", str(tmp_path)]) == 3
    assert capsys.readouterr().err.startswith("bench/overhead: ")


def test_a_stage_is_without_those_within() -> None:
    clock = stages.Clock()
    with clock.stage("outer"):
        time.sleep(0.01)
        with clock.stage("inner"):
            time.sleep(0.05)
        with clock.stage("inner"):
            pass
    taken = clock.take()
    assert 0.01 <= taken["outer"] < 0.05 <= taken["inner"]
    assert clock.take() == {}


def test_functions_are_wrapped_for_a_while(tmp_path: Path) -> None:
    clock, before = stages.Clock(), process.run
    with clock.wrapping():
        process.run(["true"], log=tmp_path / "log", timeout=10)
    assert process.run is before
    assert clock.take().keys() == {"true", stages.RUN, "read the log", "look for survivors"}


def test_programs_by_name() -> None:
    names = [stages.program(f"/x/{name}") for name in ("make", "vtest", "varnishtest", "haproxy")]
    assert names == ["make", "VTest", "VTest", "boot check"]


def test_the_last_probe_is_beside_its_neighbour(clone: Clone, workspace: Workspace) -> None:
    line = clone.line(9)
    tip = clone.commit({"include/haproxy/x.h": "#define X 2\n"})
    history = History.open(clone.path, workspace)
    revisions = overhead.chosen(history, history.range(f"{line[0]}..{tip}"), 3)
    assert revisions == [line[1], line[5], line[8], line[7]]


def test_the_last_row_is_the_incremental_one() -> None:
    probes = [
        Row("a", "v1", "good", {"make": 3.0, "VTest": 0.5, "checkout": 0.25}),
        Row("b", "v2", "good", {"make": 5.0, "VTest": 0.5, "checkout": 0.5}),
        Row("c", "v3", "bad", {"make": 1.0, "VTest": 0.5, "checkout": 0.125}),
    ]
    out = overhead.text(probes)
    words = [line.split() for line in out.splitlines()]
    assert ["make", "4.000", "5.000", "1.000"] in words
    assert ["beyond", "make", "and", "VTest", "0.375", "0.500", "0.125"] in words
    assert out.endswith("2 of 3 within 0.25 s")
