"""The job, without builds: one branch, several, decisions, and what is delivered."""

from __future__ import annotations

from pathlib import Path

import pygit2
import pytest

from bisector.errors import UsageProblem, WouldOverwrite
from bisector.jobs.queue.decisions import Decision, Decisions
from bisector.jobs.queue.delivery import Delivery
from bisector.jobs.queue.queue import Wishes, queue
from bisector.jobs.runner import Execution, JobResult
from bisector.probing.options import Options
from bisector.probing.setup import Asked
from bisector.record.queue_events import Decided, Word
from bisector.record.summary import Summary, summarize
from tests.support.hunting import Silent
from tests.support.queues import ASKS, FUNCTION, OTHER, C, Lines, line

FIXED = {C: line(3, "right();")}


def asked(lines: Lines) -> Asked:
    options = Options(repo=str(lines.clone.path))
    return Asked(lines.workspace, options, lambda text: None, lambda text: None)


def run(
    lines: Lines,
    *branches: str,
    commits: tuple[str, ...] = (),
    out: Path | None = None,
    create: str = "",
    above: str = "master",
) -> JobResult:
    delivery = Delivery(out, create)
    wishes = Wishes(branches or ("3.0",), commits, above, plan=True, delivery=delivery)
    return queue(asked(lines), wishes, Execution("bisector queue", Silent()))


def told(result: JobResult) -> Summary:
    summary = summarize(result.events)
    assert summary is not None
    assert result.problem is None
    return summary


@pytest.fixture
def fix(lines: Lines) -> str:
    lines.main({OTHER: "int door, gate;\n"}, "MINOR: door: a gate")
    return lines.main(FIXED, f"BUG/MINOR: lamp: fix\n\n{ASKS}")


def with_31(lines: Lines) -> None:
    """The branch 3.1, which parts from the commit before the last one of master."""
    git = lines.clone.git
    base = git.revparse_single("master~1").peel(pygit2.Commit)
    git.references.create("refs/heads/3.1", base.id)
    lines.clone.commit({"VERSION": "3.1.0\n"}, subject="[RELEASE] 3.1.0", branch="3.1")


def test_the_rows_and_the_series_are_recorded(lines: Lines, fix: str) -> None:
    summary = told(run(lines))
    (row,), (series,) = summary.queued, summary.series
    assert (row.branch, row.revision, row.word) == ("3.0", fix, Word.PICK)
    assert (series.base, series.commits, series.origins) == (lines.base, (row.picked,), (fix,))
    assert (series.source, series.built, series.others) == ("master", False, 1)
    assert lines.read(series.tip).tree["src/lamp.c"].peel(pygit2.Blob).data.decode() == FIXED[C]


def test_a_line_that_is_named_by_a_whole_hash_is_shown_by_a_short_one(
    lines: Lines, fix: str
) -> None:
    (series,) = told(run(lines, above=fix)).series
    assert series.source == fix[:10]


def test_each_branch_takes_from_the_one_above_it(lines: Lines, fix: str) -> None:
    with_31(lines)
    upper, lower = told(run(lines, "3.0", "3.1")).series
    assert (upper.branch, upper.source) == ("3.1", "master")
    assert (lower.branch, lower.source) == ("3.0", "3.1")
    assert lower.origins == upper.commits


def test_what_only_the_store_has_is_named_by_its_original(lines: Lines, fix: str) -> None:
    with_31(lines)
    summary = told(run(lines, "3.0", "3.1"))
    assert [row.revision for row in summary.queued] == [fix, fix]
    message = lines.read(summary.series[1].tip).message
    assert message.count("cherry picked from commit") == 1
    assert fix in message


def test_a_branch_that_gets_nothing_is_noted(lines: Lines, fix: str) -> None:
    with_31(lines)
    other = lines.main({OTHER: "int gate;\n"}, "MINOR: door: none")
    summary = told(run(lines, "3.1", "3.0", commits=(other,)))
    assert [row.branch for row in summary.queued] == ["3.1"]
    assert "nothing comes down to 3.0" in summary.notes


def test_a_decision_comes_before_the_rules(lines: Lines, fix: str) -> None:
    refused = Decision(Decided.NO, "3.0", fix, "too risky")
    Decisions(lines.workspace, lines.history).add([refused])
    (row,) = told(run(lines)).queued
    assert (row.word, row.decided, row.because) == (Word.NOT_NEEDED, Decided.NO, "too risky")
    assert told(run(lines)).series[0].commits == ()


def test_branches_are_created_and_name_each_others_commits(lines: Lines, fix: str) -> None:
    with_31(lines)
    told(run(lines, "3.1", "3.0", create="q-{branch}"))
    git = lines.clone.git
    upper, lower = (
        git.references[f"refs/heads/q-{name}"].peel(pygit2.Commit) for name in ("3.1", "3.0")
    )
    assert f"(cherry picked from commit {fix})" in upper.message
    assert f"(cherry picked from commit {upper.id})" in lower.message
    with pytest.raises(WouldOverwrite):
        run(lines, create="q-3.0")


def test_patches_are_written(lines: Lines, fix: str, tmp_path: Path) -> None:
    (series,) = told(run(lines, out=tmp_path / "out")).series
    (written,) = series.files
    assert "BUG/MINOR: lamp: fix" in Path(written).read_text()
    assert told(run(lines, out=tmp_path / "out")).series[0].files == series.files


def test_mistakes_are_told_before_anything_begins(lines: Lines, fix: str) -> None:
    lines.clone.commit({"VERSION": "2.9.0\n", C: FUNCTION}, subject="[RELEASE] x", branch="2.9")
    for branches, commits in ((("2.9",), ()), (("3.0", "2.9"), ()), (("3.0",), (lines.base,))):
        with pytest.raises(UsageProblem):
            run(lines, *branches, commits=commits)
    assert list((lines.workspace.root / "hunts").glob("*")) == []
