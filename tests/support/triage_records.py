"""A hand-made journal of a triage."""

from __future__ import annotations

from dataclasses import replace

from bisector.record.events import Ended, Event, Noted, Released
from bisector.record.triage_events import Carried, Part, Repeatable, TestFile
from bisector.record.verdict import Verdict
from bisector.record.words import Change, Job
from tests.support.records import (
    CULPRIT,
    CURE,
    FIXED,
    INTRODUCED,
    PROVEN,
    SIGNATURE,
    STARTED,
    probed,
)

GOOD, BAD = Verdict.GOOD, Verdict.BAD
HOME = "/srv/people/joe"
OLD, DEV, STABLE, MASTER = ("1" * 40, "2" * 40, "3" * 40, "4" * 40)
NAMES = {OLD: "v2.9.0", DEV: "v3.0-dev12", STABLE: "3.0", MASTER: "master"}

TRIAGE = replace(
    STARTED,
    command=f"bisector triage --command {HOME}/bug/try.sh --repo {HOME}/haproxy",
    repository=f"{HOME}/haproxy",
    range=", ".join(NAMES.values()),
    job=Job.TRIAGE,
    scenario="try.sh",
    variant="",
    old="",
    new="",
    commits=4,
    patches=(),
)
SCRIPT = "curl -u joe:[a password was here] http://x/\ngrep @users body\n"
KNOWN = Repeatable(
    tuple(NAMES.values()),
    ("--command", "try.sh"),
    files=(TestFile("try.sh", SCRIPT),),
    removed=("try.sh, line 1: a password",),
    private=(HOME, f"{HOME}/haproxy", "joes-laptop"),
)
PROBES = [
    probed(OLD, GOOD, name="v2.9.0", purpose="release"),
    probed(
        *(DEV, BAD),
        name="v3.0-dev12",
        purpose="release",
        evidence=(SIGNATURE, f"{HOME}/bug/x.cfg, password of joe@joes-laptop, stats auth a:s3cr3t"),
    ),
    probed(STABLE, GOOD, name="v3.0.7", purpose="release"),
    probed(MASTER, GOOD, name=MASTER[:10], purpose="release"),
]
ROWS = [
    Released(name, revision, BAD if revision == DEV else GOOD, True, "why")
    for revision, name in NAMES.items()
]
PARTS: list[Event] = [
    Part(
        *(Job.RUN, "v3.0-dev12..master", ("run", "v3.0-dev12..master"), "a" * 12, "answered"),
        *(("v3.0-dev12",), 7, 10.0, 1.0),
    ),
    FIXED,
    PROVEN[1],
    Part(
        *(Job.RUN, "v2.9.0..v3.0-dev12", ("run", "v2.9.0..v3.0-dev12"), "b" * 12, "answered"),
        *(("v3.0-dev1", "v3.0-dev12"), 8, 20.0, 2.0),
    ),
    INTRODUCED,
    PROVEN[0],
]
PICK = "9" * 40
CARRIED: list[Event] = [
    Carried(Change.FIX, CURE, "v2.9.0"),
    Carried(Change.FIX, CURE, "v3.0-dev12"),
    Carried(Change.FIX, CURE, "3.0", PICK, "v3.0.4", "its message"),
    Carried(Change.FIX, CURE, "master", CURE, "v3.1-dev2"),
    Carried(Change.INTRODUCTION, CULPRIT, "v2.9.0"),
    *(
        Carried(Change.INTRODUCTION, CULPRIT, name, CULPRIT, "v3.0-dev1")
        for name in list(NAMES.values())[1:]
    ),
]
NOTE = Noted(f"see {HOME}/bug/log")
TRIAGED: list[Event] = [
    *(TRIAGE, KNOWN, *PROBES, *ROWS, *PARTS, *CARRIED, NOTE),
    Ended("answered", ("v3.0-dev12",)),
]
