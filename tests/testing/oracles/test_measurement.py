"""The oracle that measures: its options, its rulings, its keys."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bisector.errors import UsageProblem
from bisector.record.failure import FailureClass
from bisector.record.verdict import Ruling, Verdict
from bisector.system.process import Finished
from bisector.system.slots import Slot
from bisector.system.tools import Tool
from bisector.testing.oracle import Trial
from bisector.testing.oracles.measurement import Measurement, judge

GOOD, UNTESTABLE = Verdict.GOOD, Verdict.UNTESTABLE
DONE = Finished((), 0, "", 1.5)
REFUSAL = """\
[ALERT]    (7) : config : parsing [haproxy.cfg:3] : unknown keyword 'y' in 'frontend' section
[ALERT]    (7) : config : Fatal errors found in configuration.
"""


def measurement(metric: str, load: str = "http1") -> Measurement:
    made = Measurement.of_option(metric, bad_if=None, skip_if=None)
    return made.with_extra("load", load)


def one_round(side: int = 0, **more: Any) -> dict[str, Any]:
    taken = {"requests": 400, "seconds": 0.5, "ran": 20_000_000, "resident": 9000, "output": ""}
    return {"side": side, **taken, **more}


def judged(
    metric: str,
    folder: Path,
    rounds: Sequence[Mapping[str, Any]] = (),
    problem: str = "",
    done: Finished = DONE,
    reference: bool = False,
) -> Ruling:
    """The ruling on a run of the driver that left this."""
    (folder / "result").write_text(json.dumps({"rounds": list(rounds), "problem": problem}))
    oracle = measurement(metric)
    return judge(oracle.against(Path("/other"), "c") if reference else oracle, done, folder)


COUNTED = "events: Ir sysCount sysTime\nfn=(1) main\n1 800000 80 1\nsummary: 8000000 4000 10\n"


def test_counts_are_divided_by_the_requests(tmp_path: Path) -> None:
    (tmp_path / "callgrind.out.2").write_text(COUNTED)
    ruling = judged("instructions", tmp_path, [one_round()])
    assert (ruling.verdict, ruling.samples) == (GOOD, (20_000.0,))
    assert ruling.reason == "20,000 instructions per request"
    assert judged("syscalls", tmp_path, [one_round()]).samples == (10.0,)


def test_the_counts_of_the_start_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "callgrind.out.1").write_text(COUNTED)
    ruling = judged("instructions", tmp_path, [one_round()])
    assert (ruling.verdict, ruling.samples) == (UNTESTABLE, ())


def test_each_round_of_a_timed_metric_is_a_sample(tmp_path: Path) -> None:
    rounds = [one_round(ran=20_000_000), one_round(ran=24_000_000)]
    assert judged("cpu", tmp_path, rounds).samples == (50.0, 60.0)
    assert judged("rate", tmp_path, rounds).samples == (800.0, 800.0)
    assert judged("memory", tmp_path, rounds[:1]).samples == (9000.0,)


def test_beside_a_reference_samples_are_ratios_of_pairs(tmp_path: Path) -> None:
    rounds = [
        one_round(0, ran=20_000_000),
        one_round(1, ran=10_000_000),
        one_round(1, ran=20_000_000),
        one_round(0, ran=30_000_000),
    ]
    ruling = judged("cpu", tmp_path, rounds, reference=True)
    assert ruling.samples == (2.0, 1.5)
    assert ruling.reason.endswith("1.750 times that of the reference")


@pytest.mark.parametrize(
    ("done", "problem", "reason"),
    [
        (Finished((), 0, "", 1.0), "HAProxy ended with -11", "HAProxy ended with -11"),
        (
            Finished((), 0, REFUSAL, 1.0),
            "HAProxy ended with 1",
            "HAProxy refuses the load's configuration: ",
        ),
        (Finished((), 0, "", 1.0), "the client failed with exit status 1: no", "the client failed"),
    ],
)
def test_what_went_wrong_is_said_and_is_not_bad(
    tmp_path: Path, done: Finished, problem: str, reason: str
) -> None:
    ruling = judged("cpu", tmp_path, problem=problem, done=done)
    assert (ruling.verdict, ruling.samples) == (UNTESTABLE, ())
    assert ruling.reason.startswith(reason)


def test_requests_that_failed_are_not_measured(tmp_path: Path) -> None:
    said = "requests: 400 total, 400 started, 400 done, 100 succeeded, 300 failed\n"
    ruling = judged("cpu", tmp_path, [one_round(output=said)])
    assert ruling.verdict is UNTESTABLE
    assert ruling.reason.startswith("only 100 of 400 requests succeeded")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"rounds": [{}], "problem": ""}', "\0"])
def test_a_damaged_result_is_untestable(tmp_path: Path, text: str) -> None:
    (tmp_path / "result").write_text(text)
    ruling = judge(measurement("cpu"), DONE, tmp_path)
    assert ruling.verdict is UNTESTABLE
    assert ruling.failure
    assert ruling.failure.kind is FailureClass.HARNESS


@pytest.mark.parametrize(
    "more", [{"requests": 0}, {"ran": -1}, {"ran": "x"}, {"ran": 1e400}, {"side": 7}]
)
def test_a_forged_round_is_untestable(tmp_path: Path, more: Mapping[str, Any]) -> None:
    ruling = judged("cpu", tmp_path, [one_round(**more)])
    assert (ruling.verdict, ruling.samples) == (UNTESTABLE, ())


def test_a_load_that_hangs_is_untestable(tmp_path: Path) -> None:
    ruling = judge(measurement("cpu"), Finished((), None, "", 60.0), tmp_path)
    assert ruling.verdict is UNTESTABLE
    assert ruling.failure
    assert ruling.failure.kind is FailureClass.TIMEOUT


def test_the_key_has_the_metric_the_load_and_the_reference() -> None:
    plain = measurement("cpu")
    others = [
        measurement("rate"),
        measurement("cpu", "rules"),
        plain.against(Path("/a"), "content"),
        plain.against(Path("/a"), "other content"),
    ]
    assert len({plain.digest, *(one.digest for one in others)}) == 5
    assert plain.against(Path("/a"), "c").digest == plain.against(Path("/b"), "c").digest


def test_what_is_counted_needs_no_reference() -> None:
    counted = measurement("instructions")
    assert counted.against(Path("/a"), "content") is counted
    assert not counted.is_disturbed_by_load
    assert measurement("latency").is_disturbed_by_load
    assert counted.unit == "instructions per request"
    assert measurement("rate", "tls-rsa").unit == "handshakes per second"


def test_wrong_options_are_told() -> None:
    with pytest.raises(UsageProblem, match="--metric speed"):
        Measurement.of_option("speed", bad_if=None, skip_if=None)
    with pytest.raises(UsageProblem, match="--bad-if"):
        Measurement.of_option("cpu", bad_if="x", skip_if=None)
    with pytest.raises(UsageProblem, match="no load 'x'"):
        measurement("cpu", "x")


def test_the_plan_of_a_counted_metric_is_one_marked_round() -> None:
    tools = (Tool(Path("/v"), "valgrind", "1"), Tool(Path("/h"), "h2load", "1"))
    trial = Trial(Path("/haproxy"), Path("/log"), tools, 10.0, Slot(1))
    plan = measurement("instructions").plan(trial)
    assert (plan["order"], plan["marked"], plan["requests"]) == ([0], True, 400)
    assert plan["sides"][0][0] == "/v"
    assert "--dump-before=sig_dump_state" in plan["sides"][0]


def test_the_plan_of_a_timed_metric_takes_turns_with_the_reference() -> None:
    tools = (Tool(Path("/h"), "h2load", "1"),)
    trial = Trial(Path("/haproxy"), Path("/log"), tools, 10.0, Slot(1))
    plan = measurement("cpu").against(Path("/reference"), "c").plan(trial)
    assert plan["order"][:4] == [0, 1, 1, 0]
    assert [words[0] for words in plan["sides"]] == ["/haproxy", "/reference"]
    assert (plan["marked"], plan["requests"]) == (False, 0)
    assert set(measurement("cpu").plan(trial)["order"]) == {0}
