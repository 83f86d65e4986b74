"""Hand-made journals of the jobs that judge a patch, for the reports' tests."""

from __future__ import annotations

from dataclasses import replace

from bisector.record.events import (
    Confirmed,
    Ended,
    Event,
    Noted,
    Reduced,
    Released,
    Retested,
    Started,
    Stretch,
)
from bisector.record.patch_events import Cell, Covered, HunkDropped, Judged, Ported, RegTested
from bisector.record.patch_outcome import Outcome, of_scenario, of_variant
from bisector.record.verdict import Verdict
from bisector.record.words import HunkState, Job, RegTestChange

GOOD, BAD, UNTESTABLE = Verdict.GOOD, Verdict.BAD, Verdict.UNTESTABLE
SERIES = ("BUG/MEDIUM: server/dns: keep the port", "BUG/MINOR: server/dns: unset the family")
VARIANTS = tuple(
    f"record={record} failure={failure} check={check}"
    for record in ("A", "AAAA", "SRV")
    for failure in ("nxdomain", "refused", "empty")
    for check in ("plain", "agent")
)
PORT = 'c_after EXPECT resp.http.address (127.0.0.1:0) == "127.0.0.1:41643" failed'
CONFLICT = "src/server.c @@ -4711,7 +4711,9 @@ snr_set_srv_down"


def started(job: Job, about: str, scenario: str = "dns-flap") -> Started:
    return Started(
        command=f"bisector {job} {about}",
        repository="/haproxy",
        range=about,
        old="",
        new="",
        commits=0,
        scenario=scenario,
        variant="",
        toolchain="dev",
        patches=SERIES,
        blind=False,
        version="0.1.0",
        at=1_700_000_000.0,
        job=job,
    )


def cell(variant: str, before: Verdict, after: Verdict | None, reason: str = "") -> Cell:
    return Cell(variant, before, after, of_variant(before, after), reason)


def judged(
    name: str, scenario: str, cells: list[Cell], how: tuple[str, ...] = ("exact", "exact")
) -> Judged:
    """A judgement that follows from *cells*."""
    pairs = [(one.before or UNTESTABLE, one.after) for one in cells]
    outcome = of_scenario(pairs)
    problem = CONFLICT if outcome is Outcome.CONFLICT else ""
    wanted = scenario == "dns-flap"
    revision = f"{name.encode().hex():0<40}"[:40]
    return Judged(
        *(revision, name, "MINOR: x: y", scenario, wanted, how, outcome, problem, tuple(cells)),
        toolchain="fast",
    )


def flaps(variant: str) -> bool:
    """Only A and AAAA records lose their port."""
    return "SRV" not in variant


def fixes(name: str) -> Judged:
    """Twelve of eighteen variants are bad before and good after."""
    cells = [cell(v, BAD if flaps(v) else GOOD, GOOD) for v in VARIANTS]
    return judged(name, "dns-flap", cells, ("exact (s_addr)", "exact (s_addr)"))


def spares(name: str, scenario: str = "dns-flap") -> Judged:
    """All is good before and after."""
    return judged(name, scenario, [cell(v, GOOD, GOOD) for v in VARIANTS])


def conflicts(name: str) -> Judged:
    cells = [cell(v, BAD if flaps(v) else GOOD, None) for v in VARIANTS]
    return judged(name, "dns-flap", cells, ("conflict",))


def fails_to_help(name: str) -> Judged:
    """AAAA records stay bad."""
    cells = [
        cell(v, BAD if flaps(v) else GOOD, BAD if "AAAA" in v else GOOD, PORT) for v in VARIANTS
    ]
    return judged(name, "dns-flap", cells, ("three-way", "exact"))


def breaks(name: str) -> Judged:
    """Whatever does not come as an empty answer is newly bad."""
    cells = [
        cell(v, GOOD, GOOD if "empty" in v else BAD, "the server stays up without an address")
        for v in VARIANTS
    ]
    return judged(name, "dns-false-up", cells)


def verify(*events: Event) -> list[Event]:
    """A finished verification."""
    asked = started(Job.VERIFY, "v2.9.0 v3.0-dev1 v3.0-dev12", "dns-flap, dns-false-up")
    return [asked, *events, Ended("answered", ())]


VERIFIED = verify(
    *(spares("v2.9.0"), spares("v2.9.0", "dns-false-up")),
    *(fixes("v3.0-dev1"), spares("v3.0-dev1", "dns-false-up")),
)
REFUSED = verify(
    *(fixes("v3.0-dev1"), breaks("v3.0-dev1"), fixes("v3.0-dev2"), breaks("v3.0-dev2")),
    *(conflicts("v3.0-dev5"), fails_to_help("v3.0-dev12")),
)

_HUNK = HunkDropped(
    revision="1" * 40,
    name="v3.0-dev1",
    patch="BUG/MEDIUM: server/dns: keep the port",
    hunk=0,
    path="src/server.c",
    header="@@ -4705,7 +4705,11 @@",
    state=HunkState.NOTICED,
    noticed_by=(f"dns-flap {VARIANTS[0]}", f"dns-flap {VARIANTS[1]}", "dns-false-up record=A"),
)
HUNKS = (
    _HUNK,
    replace(_HUNK, hunk=1, header="@@ -1,2 +1,3 @@", state=HunkState.COMMENT, noticed_by=()),
    replace(_HUNK, hunk=2, header="@@ -9,2 +9,3 @@", state=HunkState.UNCOVERED, noticed_by=()),
    replace(
        _HUNK, hunk=3, state=HunkState.NEEDED, noticed_by=(), problem="server.c:9: 'x' undeclared"
    ),
)
COVERED = (
    Covered("1" * 40, "v3.0-dev1", "src/server.c", (1, 2, 3), (4711,), ("\t\ts->x = 0;",)),
    Covered("1" * 40, "v3.0-dev1", "src/lua.c", (), (), (), "gcov left nothing"),
)
_TEST = RegTested(
    *(
        "1" * 40,
        "v3.0-dev1",
        "reg-tests/server/a.vtc",
        GOOD,
        BAD,
        RegTestChange.FAILS,
        3,
        "expect 200, got 503",
    )
)
REG_TESTS = (
    _TEST,
    replace(_TEST, test="reg-tests/lua/b.vtc", change=RegTestChange.FLICKERS, reason="2 of 3"),
    *(
        replace(_TEST, test=f"reg-tests/x{n}.vtc", after=GOOD, change=RegTestChange.SAME)
        for n in range(90)
    ),
)
REDUCED = Reduced("2" * 40, 7, ("src/server.c @@ -1,2 +1,3 @@",), "--- a\n+++ b\n-x\n+y\n")
PORTED = (
    Ported(
        *("3.0", "3" * 40, "3.0.5", BAD, "bad in 5 of 5 runs", Outcome.FIXES, "exact", "", ()),
        *(True, "", ("backports/3.0/0001-keep-the-port.patch",), "bisector/3.0"),
        repairs=("1234567890 BUG/MINOR: server: y (missing): 'Commit 0123456 was not enough.'",),
    ),
    Ported(
        *("2.9", "4" * 40, "2.9.9", BAD, "", Outcome.CONFLICT, "", "<<<<<<< ours\nx\n>>>>>>>"),
        *(("abcdef1234 MINOR: server: add x",), None, "closest: 3.0's form", ()),
    ),
    Ported(*("2.8", "5" * 40, "2.8.9", GOOD, "", Outcome.NOT_NEEDED, "", "", (), False, "", ())),
)
UNKNOWN = Ported(
    *("2.7", "5" * 40, "2.7.9", None, "no test shows this bug", Outcome.UNKNOWN, "exact", "", ()),
    *(True, "by the message only: 'Backport it.'", ()),
)
BACKPORTED = [started(Job.BACKPORT, "c16eba8183"), *PORTED, Ended("answered", ())]
RELEASES = (
    *(Released(f"v2.9.{n}", "6" * 40, GOOD, n in (0, 4)) for n in range(5)),
    *(Released(f"v3.0.{n}", "7" * 40, BAD, n in (0, 6)) for n in range(7)),
    Released("v3.1.0", "8" * 40, UNTESTABLE, True, "no expect in its log"),
)
AFFECTED = [started(Job.AFFECTED, "v2.9.0..v3.1.0"), *RELEASES, Ended("answered", ())]


def _revisions(letter: str, count: int) -> tuple[str, ...]:
    return tuple(f"{letter}{number:039d}" for number in range(count))


STRETCHES = (
    Stretch("v2.9.0", "v3.0-dev1~9", _revisions("a", 5), GOOD, "", False),
    Stretch("v3.0-dev1~8", "v3.0-dev1~8", _revisions("b", 1), BAD, "", True),
    Stretch("v3.0-dev1~7", "v3.0-dev2", _revisions("c", 4), GOOD, "", False),
    Stretch("v3.0-dev2~1", "v3.0.0", _revisions("d", 3), BAD, "", False),
)
HOLE = Stretch("v3.0.1", "v3.0.1", _revisions("e", 1), UNTESTABLE, "no expect in its log", False)
RETESTED = (
    Retested("v3.0-dev1~8", "b" + "0" * 39, BAD, BAD, "dev", "signature"),
    Retested("v3.0-dev2", "c" + "3".zfill(39), BAD, GOOD, "dev", "passed"),
)
SWEPT = [started(Job.SWEEP, "v2.9.0..v3.0.0"), *STRETCHES, *RETESTED, Ended("answered", ())]

EVERYTHING = [
    *REFUSED[:-1],
    *(*HUNKS, *COVERED, *REG_TESTS, REDUCED, *PORTED, *RELEASES),
    *(*STRETCHES, HOLE, *RETESTED),
    Confirmed("v3.0-dev1", True, 60, "", "dev"),
    Noted("look here"),
    REFUSED[-1],
]
