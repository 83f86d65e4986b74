"""A hand-made journal of a hunt, for tests of what reads journals."""

from __future__ import annotations

from dataclasses import replace

from bisector.record.events import Confirmed, Ended, Event, Found, Probed, Started
from bisector.record.failure import Failure, FailureClass
from bisector.record.fork_events import Forked, OnOther, OtherLine
from bisector.record.learnt import Learnt
from bisector.record.patch_events import PatchChecked
from bisector.record.summary import Summary, summarize
from bisector.record.verdict import Verdict
from bisector.record.words import Change

GOOD, BAD = Verdict.GOOD, Verdict.BAD
CULPRIT, PARENT, CURE = "64c9c8ef39" + "a" * 30, "1e5a85e1c8" + "b" * 30, "c16eba8183" + "c" * 30
SIGNATURE = '---- c_after EXPECT resp.http.address (127.0.0.1:0) == "127.0.0.1:41643" failed'

STARTED = Started(
    command="bisector run v2.9..master",
    repository="/haproxy",
    range="v2.9..master",
    old="o" * 40,
    new="n" * 40,
    commits=6677,
    scenario="dns-flap",
    variant="record=A failure=nxdomain",
    toolchain="dev",
    patches=("BUG/MEDIUM: keep the port", "BUG/MINOR: unset the family"),
    blind=False,
    version="0.1.0",
    at=1.0,
)


def probed(revision: str, verdict: Verdict, **more: object) -> Probed:
    event = Probed(
        purpose="end",
        revision=revision,
        name=revision[:10],
        subject="MINOR: x: y",
        patched=False,
        run=0,
        key=revision,
        verdict=verdict,
        reason="why",
        evidence=(SIGNATURE,) if verdict is BAD else (),
        binary="b",
        build_seconds=30.0,
        test_seconds=0.5,
        log="/log",
        known=False,
        at=1.0,
        toolchain="fast",
    )
    event = replace(event, **more)  # type: ignore[arg-type]
    return replace(event, real=event.toolchain != "fast")


INTRODUCED = Found(Change.INTRODUCTION, (CULPRIT,), ("MEDIUM: a",), ("v3.0-dev1~53",), (PARENT,))
FIXED = Found(Change.FIX, (CURE,), ("BUG/MEDIUM: b",), ("",), (CULPRIT,))
PROVEN = [Confirmed("introduction", True, 5, "", "dev"), Confirmed("fix", True, 5, "", "dev")]
REFUSED = Learnt(
    *("4" * 40, "v3.1-dev1", (Failure(FailureClass.REFUSAL, "config : error"),), 3, "any", 1)
)
ANOTHER_BUG: list[Event] = [
    REFUSED,
    Found(Change.INTRODUCTION, ("5" * 40,), ("MEDIUM: c",), ("",), ("6" * 40,), bug=1),
    Found(Change.FIX, ("7" * 40,), ("BUG/MEDIUM: d",), ("",), ("8" * 40,), bug=1),
    Confirmed("introduction", True, 5, "", "dev", bug=1),
    Confirmed("fix", False, 5, "run 3 of x is good: why", "dev", bug=1),
]
CHECKS = [
    PatchChecked("v3.0-dev1", "1" * 40, BAD, ("exact", "three-way (3.0)"), GOOD, "", "fast"),
    PatchChecked("v3.0-dev12", "2" * 40, BAD, ("exact", "exact"), GOOD, "", "fast"),
]
PROBES = [probed(PARENT, GOOD), probed(CULPRIT, BAD), probed(CURE, GOOD, known=True)]
ANSWERED: list[Event] = [
    *(STARTED, *PROBES, INTRODUCED, FIXED, *PROVEN, *CHECKS),
    Ended("answered", ("v3.0-dev1", "v3.0-dev12")),
]


BOTH_ANSWERED = [
    *ANSWERED[:-1],
    *ANOTHER_BUG,
    Ended("answered", ("v3.0-dev1", "v3.0-dev12"), (("v3.1-dev1",),)),
]


PICK = "9" * 40
FORKED: list[Event] = [
    STARTED,
    *PROBES,
    Forked(PARENT, CULPRIT, PICK, "v3.0.0", "master", "3.0"),
    INTRODUCED,
    PROVEN[0],
    Ended("answered", ("v3.0-dev1",)),
    replace(INTRODUCED, revisions=(PICK,), part=1, line="3.0"),
    replace(PROVEN[0], part=1),
    OtherLine(
        *(Change.INTRODUCTION, CULPRIT, "3.0", OnOther.HAS),
        *(PICK, "MEDIUM: a", "v3.0.2~1", "its message"),
        affected=("v3.0.2",),
    ),
]
OFTEN: list[Event] = [
    *(STARTED, *PROBES, replace(INTRODUCED, part=1), replace(FIXED, part=2)),
    replace(INTRODUCED, revisions=(PICK,), part=3),
    *(replace(one, part=number) for number, one in enumerate([*PROVEN, PROVEN[0]], 1)),
    Ended("answered", ("v3.0.0", "v3.1.0"), (), (("v3.0.0",), ("v3.1.0",))),
]


def summary(events: list[Event]) -> Summary:
    made = summarize(events)
    assert made is not None
    return made


def without(*gone: Event) -> list[Event]:
    return [event for event in ANSWERED if event not in gone]
