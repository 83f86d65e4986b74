"""Decisions are kept, replaced, written to a file and read from one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import BisectorError, UsageProblem
from bisector.jobs.queue.decisions import Decision, Decisions, parse
from bisector.record.queue_events import Decided
from tests.support.queues import C, Lines

FILE = Path("decisions.txt")


@pytest.fixture
def fix(lines: Lines) -> str:
    return lines.main({C: "int fixed;\n"}, "BUG/MINOR: lamp: fix it")


def decisions(lines: Lines) -> Decisions:
    return Decisions(lines.workspace, lines.history)


def test_what_was_decided_is_known_the_next_time(lines: Lines, fix: str) -> None:
    no = Decision(Decided.NO, "3.0", fix, "too risky")
    decisions(lines).add([no])
    assert decisions(lines).of("3.0") == {fix: no}
    assert decisions(lines).of("3.2") == {}


def test_of_two_decisions_the_last_one_counts(lines: Lines, fix: str) -> None:
    kept = decisions(lines)
    kept.add([Decision(Decided.NO, "3.0", fix), Decision(Decided.NO, "3.2", fix)])
    kept.add([Decision(Decided.YES, "3.0", fix)])
    assert decisions(lines).of("3.0")[fix].decided is Decided.YES
    assert decisions(lines).of("3.2")[fix].decided is Decided.NO


def test_what_is_exported_can_be_imported(lines: Lines, fix: str, tmp_path: Path) -> None:
    kept = decisions(lines)
    kept.add(
        [
            Decision(Decided.WAIT, "3.2", fix),
            Decision(Decided.NO, "3.0", fix, "it needs # a rework"),
        ]
    )
    file = tmp_path / "kept.txt"
    file.write_text(kept.text())
    kept.add([Decision(Decided.YES, "3.0", fix)])
    assert kept.take(file) == 2
    assert decisions(lines).text() == file.read_text()


def test_the_text_does_not_depend_on_the_order(lines: Lines, fix: str) -> None:
    both = [Decision(Decided.NO, "3.2", fix), Decision(Decided.YES, "3.0", fix)]
    decisions(lines).add(both)
    text = decisions(lines).text()
    decisions(lines).add(reversed(both))
    assert decisions(lines).text() == text == f"yes 3.0 {fix}\nno 3.2 {fix}\n"


def test_an_imported_hash_may_be_short(lines: Lines, fix: str, tmp_path: Path) -> None:
    file = tmp_path / "kept.txt"
    file.write_text(f"# why not\n\n  no  3.0 {fix[:10]}   #  too big \n")
    kept = decisions(lines)
    assert kept.take(file) == 1
    assert kept.of("3.0") == {fix: Decision(Decided.NO, "3.0", fix, "too big")}


def test_nothing_of_a_file_is_kept_if_a_commit_is_unknown(
    lines: Lines, fix: str, tmp_path: Path
) -> None:
    file = tmp_path / "kept.txt"
    file.write_text(f"no 3.0 {fix}\nno 3.0 {'9' * 40}\n")
    with pytest.raises(UsageProblem, match="no commit 9999"):
        decisions(lines).take(file)
    assert decisions(lines).text() == ""


def test_a_file_that_is_not_there_is_an_error(lines: Lines, tmp_path: Path) -> None:
    with pytest.raises(BisectorError, match="cannot read"):
        decisions(lines).take(tmp_path / "none")


def test_a_damaged_file_is_an_error_and_stays(lines: Lines, fix: str) -> None:
    decisions(lines).add([Decision(Decided.NO, "3.0", fix)])
    (kept,) = (lines.workspace.folder("decisions")).glob("*.txt")
    kept.write_text(kept.read_text()[:-10] + "\n\0junk")
    with pytest.raises(UsageProblem, match="line 2"):
        decisions(lines)
    assert kept.read_text().endswith("junk")


@pytest.mark.parametrize(
    "text",
    [
        "maybe 3.0 a1b2c3d4",
        "no 3.0",
        "no a1b2c3d4",
        "no 3.0 xyz",
        "no 3.0 a1b2c3d4 because",
        "NO 3.0 a1b2c3d4",
    ],
)
def test_a_line_that_is_no_decision_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem, match=r"decisions\.txt, line 2"):
        parse(f"yes 3.0 a1b2c3d4\n{text}\n", FILE)


def test_a_branch_may_have_any_name() -> None:
    (one,) = parse("wait haproxy-3.0/master a1b2c3d4", FILE)
    assert one == Decision(Decided.WAIT, "haproxy-3.0/master", "a1b2c3d4")
