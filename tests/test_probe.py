"""The unit of work: a binary is held while it is tested, and a verdict is known with its log."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from bisector import cache, vtest
from bisector.classify import TestRun
from bisector.oracle import Oracle
from bisector.probe import Probe, key_of, probe, recall, remember
from bisector.process import Stop
from bisector.verdict import Result, Ruling, Verdict
from tests.test_binaries import Bench, bench

__all__ = ["bench"]
ORACLE = Oracle("any", "any.vtc", "digest")


@pytest.fixture
def request_(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Probe:
    """A question on a tiny HAProxy; while it is tested, somebody clears the cache."""

    def run_test(program: Path, oracle: Oracle, binary: Path, log: Path, stop: Stop) -> TestRun:
        log.write_text("all was well")
        cache.clear(bench.workspace)
        assert binary.exists()
        return TestRun(0, log.read_text(), 0.5)

    monkeypatch.setattr(vtest, "run_test", run_test)
    tree = bench.clone.tree({}, bench.first)
    return Probe(bench.store.path, tree, bench.chain, ORACLE, "vtest", "vtest-id")


def test_a_binary_stays_while_it_is_tested_and_the_log_has_its_name_afterwards(
    bench: Bench, request_: Probe
) -> None:
    result = probe(bench.workspace, request_)
    assert result.verdict is Verdict.GOOD
    assert result.key == key_of(request_)
    assert Path(result.log).parent == bench.workspace.root / "logs"
    assert Path(result.log).read_text() == "all was well"


def test_a_verdict_is_known_until_its_log_goes_then_made_again(
    bench: Bench, request_: Probe
) -> None:
    made = probe(bench.workspace, request_)
    assert recall(bench.workspace, made.key) == made
    cache.clear(bench.workspace)
    assert recall(bench.workspace, made.key) is None
    again = probe(bench.workspace, request_)
    assert again.build_seconds > 0
    assert recall(bench.workspace, again.key) == again


def test_what_another_hunt_has_just_found_is_taken(
    bench: Bench, request_: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ExitStack()
    log = bench.workspace.folder("logs") / "theirs"
    log.write_text("all was well")
    found = Result(Ruling(Verdict.BAD, "theirs"), key_of(request_), test_seconds=3.0, log=str(log))

    def finish(stop: Stop, seconds: float) -> None:
        remember(bench.workspace, found)
        other.close()

    monkeypatch.setattr(Stop, "pause", finish)
    with other:
        other.enter_context(bench.workspace.alone_with(key_of(request_), Stop()))
        result = probe(bench.workspace, replace(request_, again=False))
    assert (result.ruling, result.test_seconds) == (found.ruling, 0.0)
    assert probe(bench.workspace, request_).verdict is Verdict.GOOD, "asked again, it is tested"


SCENARIO = replace(ORACLE, bad="signature", control="control")


@pytest.mark.parametrize(
    ("oracle", "logs", "runs", "verdict"),
    [
        (SCENARIO, ["nothing", "control"], 2, Verdict.GOOD),
        (SCENARIO, ["nothing", "nothing", "control"], 2, Verdict.UNTESTABLE),
        (SCENARIO, ["control signature"], 1, Verdict.BAD),
        (ORACLE, ["TIMED OUT (kill -9)", "fine"], 2, Verdict.GOOD),
        (ORACLE, ["---- h1 Bad exit status", "fine"], 1, Verdict.UNTESTABLE),
    ],
)
def test_what_may_have_been_a_busy_moment_is_asked_once_more(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    oracle: Oracle,
    logs: list[str],
    runs: int,
    verdict: Verdict,
) -> None:
    said = iter(logs)

    def run_test(program: Path, oracle: Oracle, binary: Path, log: Path, stop: Stop) -> TestRun:
        log.write_text(next(said))
        fine = "fine" in log.read_text() or "control" in log.read_text()
        return TestRun(0 if fine else 1, log.read_text(), 0.5)

    monkeypatch.setattr(vtest, "run_test", run_test)
    tree = bench.clone.tree({}, bench.first)
    asked = Probe(bench.store.path, tree, bench.chain, oracle, "vtest", "vtest-id")
    result = probe(bench.workspace, asked)
    assert (result.verdict, result.test_seconds) == (verdict, 0.5 * runs)
