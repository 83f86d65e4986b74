"""Hand-made journals of hunts for the change of a metric, for tests of reports."""

from __future__ import annotations

from dataclasses import replace

from bisector.record.events import ANSWERED, Ended, Event
from bisector.record.metric_events import Compared, FunctionCost, LaidOut, Searched, Shifted
from bisector.record.words import Job
from tests.support.records import GOOD, STARTED, probed

OLD, NEW, LAST = "a1" * 20, "b2" * 20, "c3" * 20
UNIT = "instructions per request"
METRIC = replace(
    STARTED, job=Job.METRIC, scenario="instructions", variant="", patches=(), toolchain="fast"
)
MEASURED = tuple(
    probed(revision, GOOD, place=place, run=run, samples=(value,), reason=f"{value:,.0f} {UNIT}")
    for revision, place, values in (
        (OLD, 0, (20_000.0, 20_010.0)),
        (NEW, 7, (20_420.0, 20_410.0)),
        (LAST, 24, (20_440.0, 20_430.0)),
    )
    for run, value in enumerate(values)
)
SHIFTED = Shifted(
    (NEW,), ("MINOR: <stream>: count more",), ("v3.1-dev1~3",), OLD, 0.02, 0.996, 1, "fast"
)
COMPARED = Compared(
    OLD,
    NEW,
    10_000.0,
    10_210.0,
    0.021,
    0.0204,
    0.0216,
    6,
    "release",
    functions=(FunctionCost("process_stream", 1200.0, 1400.0), FunctionCost("<x>", 10.0, 5.0)),
    layouts=(LaidOut("-falign-functions=64", 0.022, 0.0201, 0.0241),),
)
SEARCHED = Searched("instructions", UNIT, 0.02, 0.97, 3, "fast")
END = Ended(ANSWERED, ())

PROVEN: tuple[Event, ...] = (METRIC, *MEASURED, SEARCHED, SHIFTED, COMPARED, END)
NOT_PROVEN: tuple[Event, ...] = (
    METRIC,
    *MEASURED,
    SEARCHED,
    SHIFTED,
    replace(COMPARED, doubt="built with release the change is +0.10 % to +0.30 %"),
    END,
)
STEADY: tuple[Event, ...] = (METRIC, *MEASURED[:2], SEARCHED, END)
UNSETTLED: tuple[Event, ...] = (METRIC, *MEASURED[:2], replace(SEARCHED, probability=0.6), END)
