"""The line that a branch takes from, and the commits to look at."""

from __future__ import annotations

import pytest

from bisector.errors import NoSuchRevision, UsageProblem
from bisector.jobs.queue import source as sources
from bisector.jobs.queue.source import Line
from tests.support.queues import C, Lines, line

BUG = "BUG/MINOR: lamp: fix"


@pytest.fixture
def three(lines: Lines) -> list[str]:
    return [lines.main({C: f"int c{n};\n"}, f"{BUG} {n}", day=n) for n in (1, 2, 3)]


def released(lines: Lines, series: str, *versions: str) -> None:
    """Releases of a series on a branch of its own; the first one is on master, too."""
    for number, version in enumerate(versions):
        where = series if number else "master"
        made = lines.clone.commit({"VERSION": f"{version}\n"}, branch=where)
        lines.clone.tag(f"v{version}", made)
        lines.clone.git.references.create(f"refs/heads/{series}", made, force=True)


# --- the line above -------------------------------------------------------------------------------


def above(lines: Lines) -> str:
    history = lines.history
    return sources.above(history, sources.find_line(history, "3.0")).name


def test_without_newer_branches_it_is_the_main_line(lines: Lines, three: list[str]) -> None:
    assert above(lines) == "master"


def test_it_is_the_next_newer_series(lines: Lines) -> None:
    released(lines, "3.2", "3.2.0", "3.2.1")
    released(lines, "3.4", "3.4.0", "3.4.1")
    assert above(lines) == "3.2"


def test_a_series_of_which_only_the_first_release_is_known_is_skipped(lines: Lines) -> None:
    released(lines, "3.2", "3.2.0")
    released(lines, "3.4", "3.4.0", "3.4.1")
    assert above(lines) == "3.4"


def test_without_a_main_line_one_is_to_be_named(lines: Lines, three: list[str]) -> None:
    git = lines.clone.git
    git.references.create("refs/heads/topic", three[-1])
    git.set_head("refs/heads/topic")
    git.references.delete("refs/heads/master")
    with pytest.raises(NoSuchRevision, match="no branch 'master'"):
        above(lines)


def test_the_series_of_a_line_is_that_of_its_version(lines: Lines, three: list[str]) -> None:
    assert sources.find_line(lines.history, "3.0") == Line("3.0", lines.base, (3, 0))


# --- which commits --------------------------------------------------------------------------------


def test_without_a_pick_all_commits_since_the_branch_parted_count(
    lines: Lines, three: list[str]
) -> None:
    source = lines.source()
    assert source.commits == source.before == tuple(three)
    assert (source.base, source.own, source.named) == (lines.base, (), False)


def test_those_count_that_come_after_the_last_one_picked(lines: Lines, three: list[str]) -> None:
    own = lines.stable({C: "int c2;\n"}, f"{BUG} 2\n\n(cherry picked from commit {three[1]})")
    source = lines.source()
    assert (source.before, source.commits, source.own) == (tuple(three), (three[2],), (own,))


@pytest.mark.parametrize("name", ["hash", "digits", "tag"])
def test_since_a_commit_those_after_it_count(lines: Lines, three: list[str], name: str) -> None:
    lines.clone.tag("v3.1-dev1", three[0])
    since = {"hash": three[0], "digits": three[0][:10], "tag": "v3.1-dev1"}[name]
    assert lines.source(since=since).commits == tuple(three[1:])


def test_since_a_commit_before_the_range_all_count(lines: Lines, three: list[str]) -> None:
    assert lines.source(since=lines.base).commits == tuple(three)


@pytest.mark.parametrize(
    ("since", "first"),
    # START is 22:13:20 UTC
    [
        ("2023-11-16", 1),
        ("2023-11-16 22:13:20", 1),
        ("2023-11-16T23:13:21+00:00", 2),
        ("2024-01-01", 3),
    ],
)
def test_since_a_date_those_of_that_day_and_later_count(
    lines: Lines, three: list[str], since: str, first: int
) -> None:
    assert lines.source(since=since).commits == tuple(three[first:])


@pytest.mark.parametrize(
    ("since", "error"),
    [("2023-13-45", UsageProblem), ("v9.9", NoSuchRevision), ("3.0~0^{tree}", NoSuchRevision)],
)
def test_since_anything_else_is_refused(
    lines: Lines, three: list[str], since: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        lines.source(since=since)


def test_since_a_commit_of_the_branch_is_refused(lines: Lines, three: list[str]) -> None:
    own = lines.stable({C: "int own;\n"}, "MINOR: lamp: own")
    with pytest.raises(UsageProblem, match="not on that line"):
        lines.source(since=own)


# --- named commits --------------------------------------------------------------------------------


def test_named_commits_keep_their_order_and_count_once(lines: Lines, three: list[str]) -> None:
    source = lines.source(three[2], three[0][:12], three[2][:8])
    assert (source.commits, source.named) == ((three[2], three[0]), True)


def test_a_merge_is_refused(lines: Lines, three: list[str]) -> None:
    side = lines.clone.commit({"x": "1\n"}, parents=[three[0]], branch="side")
    merge = lines.clone.commit({"x": "1\n"}, parents=[three[-1], side])
    with pytest.raises(UsageProblem, match=f"{merge} is a merge"):
        lines.source(merge)


@pytest.mark.parametrize("kind", ["before", "branch"])
def test_a_commit_that_is_not_on_the_line_is_refused(
    lines: Lines, three: list[str], kind: str
) -> None:
    own = lines.stable({C: line(1, "own();")}, "MINOR: lamp: own")
    base = lines.clone.commit({C: "int a;\n"}, parents=[lines.base], branch="side")
    with pytest.raises(UsageProblem, match=r"is not on master since 3\.0 parted"):
        lines.source({"before": base, "branch": own}[kind])


def test_a_first_commit_is_refused(lines: Lines, three: list[str]) -> None:
    with pytest.raises(UsageProblem, match="is a first commit"):
        lines.source(lines.base)


# --- lines that do not fit ------------------------------------------------------------------------


def test_unrelated_history_is_refused(lines: Lines, three: list[str]) -> None:
    lines.clone.commit({"VERSION": "9.9\n"}, parents=[], branch="other")
    history = lines.history
    branch, other = (sources.find_line(history, name) for name in ("3.0", "other"))
    with pytest.raises(UsageProblem, match="no common history"):
        sources.find_source(history, branch, other, "", ())


def test_a_line_that_the_branch_has_is_refused(lines: Lines, three: list[str]) -> None:
    history = lines.history
    branch, older = (sources.find_line(history, name) for name in ("master", "3.0"))
    with pytest.raises(UsageProblem, match=r"master has all of 3\.0"):
        sources.find_source(history, branch, older, "", ())


# --- several branches -----------------------------------------------------------------------------


def test_of_several_branches_the_newest_comes_first() -> None:
    old, new = Line("b", "1", (2, 10)), Line("a", "2", (3, 0))
    assert sources.newest_first([old, new]) == [new, old]


@pytest.mark.parametrize("version", [None, (3, 0)])
def test_of_several_branches_each_has_a_series(version: tuple[int, int] | None) -> None:
    several = [Line("a", "1", (3, 0)), Line("b", "2", version)]
    with pytest.raises(UsageProblem, match="a series of its own"):
        sources.newest_first(several)
    assert sources.newest_first(several[1:]) == several[1:], "one alone needs none"
