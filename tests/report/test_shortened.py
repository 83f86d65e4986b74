"""The text of `reduce`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bisector.record.reduction import Shortened
from bisector.record.verdict import Verdict
from bisector.report.shortened import render
from tests.support.records import probed

BAD = probed(
    "b", Verdict.BAD, name="v3.1.0", reason="503", evidence=("---- c1 503",), toolchain="dev"
)
GOOD = probed("g", Verdict.GOOD, name="v3.0.0", reason="it passes", toolchain="dev")
RESULT = Shortened(
    name="big.cfg",
    test="try.sh",
    before=b"line\n" * 2000,
    after=b"line\n" * 30,
    trials=412,
    seconds=131.0,
    unfinished="",
    bad=(BAD,) * 5,
    good=(GOOD,) * 5,
    out=Path("big.reduced.cfg"),
)


def test_a_proven_result() -> None:
    assert render(RESULT) == (
        "reduced     big.cfg: 2,000 → 30 lines, 10.0 KB → 150 B\n"
        "            no line of it can be left out\n"
        "            412 trials in 2 min\n"
        "proven      with dev: bad at v3.1.0 in 5 of 5 runs and good at v3.0.0 in 5 of 5 runs\n"
        "            ---- c1 503\n"
        "written     big.reduced.cfg\n"
    )


def test_one_that_is_not_finished() -> None:
    text = render(replace(RESULT, unfinished="the time is up"))
    assert "more may be left out: the time is up" in text
    assert "no line" not in text


def test_one_that_is_not_proven_says_what_went_wrong() -> None:
    failing = replace(GOOD, verdict=Verdict.UNTESTABLE, reason="timed out\x1b[2J")
    result = replace(RESULT, good=(GOOD, failing, GOOD))
    assert not result.proven
    text = render(result)
    assert "not proven  with dev: bad at v3.1.0 in 5 of 5 runs and good at v3.0.0 in 2 of 3" in text
    assert "v3.0.0: timed out" in text
    assert "\x1b" not in text
