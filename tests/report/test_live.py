"""What is shown while a job runs, on a terminal and without one."""

from __future__ import annotations

import pytest

from bisector.record.events import Confirmed, Event, Noted
from bisector.record.patch_events import RegTested
from bisector.record.verdict import Verdict
from bisector.report import terminal
from bisector.report.live import Live
from tests.support import judged as j
from tests.support.records import ANOTHER_BUG, ANSWERED, BAD, CULPRIT, INTRODUCED, probed


def test_without_a_terminal_each_event_is_a_plain_line_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Live() as live:
        assert not live.interactive
        live.progress("end: v2.9.0")
        for event in (probed(CULPRIT, BAD), INTRODUCED, Noted("x"), ANSWERED[-1]):
            live.handle(event)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0] == terminal.probe_line(probed(CULPRIT, BAD))
    assert lines[1].startswith("found") and "introduction" in lines[1] and CULPRIT[:10] in lines[1]
    assert lines[2].startswith("note") and lines[2].endswith("x")
    assert len(lines) == 3


def told(capsys: pytest.CaptureFixture[str], *events: Event) -> list[str]:
    with Live() as live:
        for event in events:
            live.handle(event)
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    "purpose",
    [*("before", "after", "confirm before", "confirm after"), "hunk dropped", "reg-test a.vtc"],
)
def test_the_probes_of_a_matrix_are_not_told_one_by_one(
    purpose: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, probed("a" * 40, BAD, purpose=purpose)) == []


def test_each_judgement_is_told_with_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    fine, bad, *more = told(capsys, j.fixes("v3.0-dev1"), j.breaks("v3.0-dev1"))
    assert fine.split() == ["fixes", "v3.0-dev1", "dns-flap", "12", "of", "18", "exact", "(s_addr)"]
    assert bad.startswith("breaks      v3.0-dev1")
    assert len(more) == 2


def test_what_the_fast_compiler_cannot_do_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    def unbuilt(revision: str, reason: str, toolchain: str = "fast") -> Event:
        return probed(revision * 40, Verdict.UNBUILDABLE, reason=reason, toolchain=toolchain)

    header = "include/import/ist.h:{}: error: invalid type"
    told_of = [
        unbuilt("a", header.format(7)),
        unbuilt("b", header.format(9)),
        unbuilt("c", "another reason"),
        unbuilt("d", header.format(7), "dev"),
        unbuilt("e", header.format(7), "dev"),
    ]
    lines = [line for line in told(capsys, *told_of) if line.startswith("unbuildable")]
    assert [line.split()[1][0] for line in lines] == ["a", "c", "d", "e"]


def test_what_is_found_of_another_bug_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, *ANOTHER_BUG)
    assert said[0].startswith("note        another bug's failure, learnt at v3.1-dev1 in 3 runs: ")
    assert said[1] == "found       another bug's introduction: 5555555555"
    assert said[3] == "proven      another bug's introduction by 5 runs on each side"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (j.HUNKS[2], "not covered v3.0-dev1            without src/server.c @@ -9,2 +9,3 @@"),
        (j.HUNKS[3], "needed      v3.0-dev1            without src/server.c @@ -4705,7 +4705"),
        (j.REG_TESTS[0], "newly fails v3.0-dev1            reg-tests/server/a.vtc"),
        (j.PORTED[2], "not needed  2.8"),
        (Confirmed("v3.0.0", True, 60, "", "dev"), "proven      v3.0.0 with dev by 60 tests"),
    ],
)
def test_each_kind_of_result_has_its_line(
    event: Event, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, event)[0].startswith(line)


def test_releases_are_listed_at_the_end_only(capsys: pytest.CaptureFixture[str]) -> None:
    """Those that were probed have been told, and there may be a hundred others."""
    assert told(capsys, *j.RELEASES) == []


def test_a_reg_test_that_did_not_change_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    same = j.REG_TESTS[-1]
    assert isinstance(same, RegTested)
    assert told(capsys, same) == []
