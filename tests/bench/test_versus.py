"""What is read from a run that was measured, and what is made of the figures."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from bench import versus
from bench.measure import ROOT, Line, Measured
from bench.rivals import (
    COLD,
    GIT,
    GIT_FAST,
    HINTED,
    PARTS,
    WARM,
    Row,
    believable,
    is_bad,
    row_of,
    words_of_test,
)
from bisector.errors import UsageProblem
from bisector.probing.options import Options
from bisector.testing.oracles.vtest_case import VTestCase

ANSWER = {"introduction": "a" * 40, "fix": "b" * 40}
ABOUT = {"old": "0" * 40, "new": "1" * 40, "bad": "2" * 40, "told": "v3.0-dev12"}
ROWS = [
    Row(GIT, wall=1000.0, cpu=1900.0, probes=23, found=1000.0, answer=ANSWER),
    Row(GIT_FAST, remark="skipped: no ccache on this machine"),
    Row(COLD, 500.0, 450.0, 20, 30, 100.0, 200.0, 100_000_000, ANSWER),
]
REPORT = {
    "proven": True,
    "introduction": {"revisions": [{"id": "a" * 40}]},
    "fix": {"revisions": [{"id": "b" * 40}, {"id": "c" * 40}]},
    "probes": [
        {"purpose": purpose, "known": known}
        for purpose, known in [
            ("end", False),
            ("introduction (9 candidates, about 3 probes left)", False),
            ("fix (3 candidates, about 2 probes left)", True),
            ("confirm the introduction", False),
            ("affected release", False),
            ("patched release", False),
        ]
    ],
}
SAID = Measured(
    0,
    90.0,
    80.0,
    (
        Line(1.0, "v2.9.0    good    it passed"),
        Line(10.0, "found       the introduction: aaaaaaaaaa"),
        Line(20.0, "found       the fix: bbbbbbbbbb"),
        Line(30.0, "proven      the introduction by 5 runs on each side"),
        Line(40.0, "proven      the fix by 5 runs on each side"),
        Line(89.0, "                proven: good in 5 of 5 runs"),
    ),
)


def test_without_a_pattern_any_failure_is_the_bug_but_a_skip() -> None:
    case = VTestCase("path", "key", "path.vtc", folder="/tests")
    script = f"if {is_bad(case, Path('/log'))}; then echo bad; fi"
    said = {
        status: subprocess.run(["sh", "-c", f"status={status}; {script}"], capture_output=True)
        for status in (0, 2, 77)
    }
    assert {status: done.stdout for status, done in said.items()} == {0: b"", 2: b"bad\n", 77: b""}
    assert is_bad(replace(case, bad="x y"), Path("/log")) == "grep -qP 'x y' /log"


def test_both_are_asked_by_the_same_test() -> None:
    assert words_of_test(Options()) == ["--scenario", "dns-flap"]
    options = Options(own_test=("vtc", "/tests/path.vtc"), make=("USE_OPENSSL=1",))
    assert words_of_test(options) == ["--make", "USE_OPENSSL=1", "--vtc", "/tests/path.vtc"]


def test_help() -> None:
    argv = [sys.executable, str(ROOT / "bench/vs_git_bisect"), "--help"]
    done = subprocess.run(argv, capture_output=True)
    assert done.returncode == 0 and b"--json FILE" in done.stdout


def test_a_run_is_what_its_lines_and_its_report_say() -> None:
    row = row_of(COLD, SAID, REPORT, "Name:\tx\nVmHWM:\t  2000 kB\n")
    assert (row.found, row.confirmed, row.wall, row.cpu) == (20.0, 40.0, 90.0, 80.0)
    assert (row.probes, row.more) == (2, 3)
    assert row.memory == 2_048_000
    assert row.answer == {"introduction": "a" * 40, "fix": f"{'b' * 40},{'c' * 40}"}


def test_what_is_known_from_before_is_found_at_the_end() -> None:
    row = row_of(WARM, Measured(0, 1.5, 1.0, ()), REPORT, "")
    assert (row.found, row.confirmed, row.probes, row.more, row.memory) == (1.5, 1.5, 0, 0, None)


def test_what_is_not_proven_was_never_confirmed() -> None:
    row = row_of(COLD, SAID, {**REPORT, "proven": False}, "")
    assert (row.found, row.confirmed, row.remark) == (20.0, None, "not proven")


def test_ratios() -> None:
    assert versus.ratios(ROWS) == {GIT: {COLD: {"found": 10.0, "confirmed": 5.0}}}


def test_the_table_has_each_part_and_what_to_think_of_it() -> None:
    lines = versus.text(ABOUT, ROWS)
    out = "\n".join(lines)
    assert "skipped: no ccache" in out and "DIFFERS" not in out
    assert "answer: introduction aaaaaaaaaa, fix bbbbbbbbbb" in out
    assert "git was told that v3.0-dev12 is bad" in out
    assert "git-default takes as long as cold: 10.0 times to found, 5.0 times to confirmed" in out
    other = Row(HINTED, found=1.0, answer={"introduction": "c" * 40})
    assert "DIFFERS" in "\n".join(versus.text(ABOUT, [*ROWS, other]))
    at_end = {**ABOUT, "bad": ABOUT["new"]}
    assert "git was told" not in "\n".join(versus.text(at_end, ROWS))


def test_the_parts_that_are_named() -> None:
    assert versus.chosen(None) == list(PARTS)
    assert versus.chosen("warm,cold") == [COLD, WARM]
    with pytest.raises(UsageProblem, match="no part x"):
        versus.chosen("cold,x")
    with pytest.raises(UsageProblem, match="goes on from cold"):
        versus.chosen("warm")


def test_parts_are_measured_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    assert versus.kept(file, ABOUT) == []
    file.write_text(json.dumps({"about": ABOUT, "rows": [asdict(row) for row in ROWS]}))
    rows = versus.kept(file, ABOUT)
    assert rows == ROWS
    again = Row(GIT, wall=2.0)
    assert versus.merged(rows, again) == [again, *ROWS[1:]]
    with pytest.raises(UsageProblem, match="another question"):
        versus.kept(file, {**ABOUT, "bad": "3" * 40})


def test_what_is_no_clone_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert versus.main(["--repo", str(tmp_path)]) == 3
    assert capsys.readouterr().err.startswith("bench/vs_git_bisect: ")


@pytest.mark.parametrize(
    ("wall", "cpu", "believed"),
    [(240.0, 430.0, True), (240.0, 130.0, True), (240.0, 16.0, False), (240.0, 500.0, False)],
)
def test_processor_time_that_the_clock_refutes_is_not_shown(
    wall: float, cpu: float, believed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.measure.cores", lambda: 2)
    row = believable(Row(COLD, wall, cpu, 20, answer=ANSWER))
    said = "\n".join(versus.text(ABOUT, [row]))
    assert (row.cpu == cpu) is believed
    assert (f"same, CPU not known: {cpu:.1f} s were counted, in 240.0 s on 2" in said) != believed
    assert believable(Row(WARM, wall, cpu)).cpu == cpu, "what built nothing only waited"
