"""The queue beside what people picked, on a made repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import picked, queue_choice, queue_repairs, queue_series, queues
from bench.queue_choice import Choice
from bisector.errors import UsageProblem
from bisector.record.queue_events import Needed, Queued, Says, Word
from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.queues import ASKS, FUNCTION, OTHER, REFUSES, C, Lines, line

LAMP, DOOR, FIX = "MINOR: lamp: first", "BUG/MINOR: door: fix", "BUG/MINOR: lamp: fix"
CHANGELOG = f"""ChangeLog :

2024/02/02 : 3.0.2
    - {FIX}
    - MINOR: twice: the same

2024/01/01 : 3.0.1
    - {DOOR}
    - {LAMP}
    - MINOR: unknown: of nobody

2023/12/01 : 3.0.0
    - MINOR: old: is released

2023/11/01 : 3.0-dev1
    - MINOR: old: is new
"""


@pytest.fixture
def lines(clone: Clone, workspace: Workspace) -> Lines:
    return Lines(clone, workspace)


@pytest.fixture
def commits(lines: Lines) -> list[str]:
    """A change, a fix that needs it, and another fix; and two of one subject."""
    made = [
        lines.main({C: line(3, "first();")}, LAMP),
        lines.main({C: line(3, "fixed();")}, f"{FIX}\n\n{ASKS}"),
        lines.main({OTHER: "int fixed;\n"}, f"{DOOR}\n\n{REFUSES}"),
    ]
    for number in (1, 2):
        lines.main({"src/new.c": f"int c{number};\n"}, "MINOR: twice: the same")
    return made


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The source of what people made."""
    folder = tmp_path / "release"
    files = {"CHANGELOG": CHANGELOG, C: line(3, "fixed();"), OTHER: "int fixed;\nint more;\n"}
    for path, text in {**files, "include/haproxy/x.h": "#define X 1\n"}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "src/haproxy.c").write_text("int main(void) { return 0; }\n")
    return folder


# --- what people picked ---------------------------------------------------------------------------


def test_picks_come_in_the_order_of_the_releases() -> None:
    same = "MINOR: twice: the same"
    assert picked.subjects(CHANGELOG, "3.0") == [DOOR, LAMP, "MINOR: unknown: of nobody", FIX, same]
    assert picked.subjects(CHANGELOG, "3.1") == []


def test_those_count_whose_subject_one_commit_has(
    lines: Lines, commits: list[str], release: Path
) -> None:
    people = queues.people_of(lines.history, lines.source(), release)
    assert people == [commits[2], commits[0], commits[1]]


# --- choice ---------------------------------------------------------------------------------------


def test_precision_and_recall() -> None:
    choice = Choice("x", frozenset("abcd"))
    assert (choice.precision("abe"), choice.recall("abe")) == (0.5, 2 / 3)
    assert (Choice("x", frozenset()).precision("a"), choice.recall("")) == (0, 0)


def test_the_plan_beside_the_message_alone(lines: Lines, commits: list[str], release: Path) -> None:
    history, source = lines.history, lines.source()
    people = queues.people_of(history, source, release)
    planned = queues.plan(history, source)
    text = queues.choice(history, source, people, planned, each=True)
    assert text.splitlines() == [
        "                   chosen  precision  recall",
        "the message alone       1      1.000   0.333",
        "pick, pick with         2      1.000   0.667",
        "… conflict, wait        2      1.000   0.667",
        "",
        "1 missed:",
        "    1  not needed: its message refuses it",
        f"missed {commits[2][:10]}  not needed: its message refuses it",
    ]


@pytest.mark.parametrize(
    ("word", "says", "why"),
    [
        (Word.CONFLICT, Says.YES, "conflict"),
        (Word.NOT_NEEDED, Says.NO, "not needed: its message refuses it"),
        (Word.NOT_NEEDED, Says.NOTHING, "not needed: the branch lacks what it fixes, or"),
        (Word.WAIT, Says.WAIT, "wait"),
        (Word.WAIT, Says.YES, "wait: what repairs it is not picked"),
    ],
)
def test_why_a_commit_was_missed(word: Word, says: Says, why: str) -> None:
    row = Queued("3.0", "a" * 40, "", "", 0, word, "", says=says)
    assert queue_choice.why_missed(row).startswith(why)
    assert queue_choice.why_missed(None).startswith("it fixes nothing")


# --- series ---------------------------------------------------------------------------------------


def test_git_leaves_out_what_the_queue_can_pick(lines: Lines, commits: list[str]) -> None:
    change, fix, door = commits
    order = [fix, door]
    git = queue_series.by_git(lines.history, lines.base, order)
    queue = queue_series.by_queue(lines.history, lines.source(), order)
    assert (git.clean, [*git.lacking]) == (1, [fix])
    assert (queue.clean, [*queue.lacking], queue.with_others) == (2, [], 1)
    assert queue.needed == {change}


def test_lines_that_differ_from_the_release(
    lines: Lines, commits: list[str], release: Path
) -> None:
    made = queue_series.by_git(lines.history, lines.base, commits)
    differ = queue_series.lines_that_differ(lines.history, made.tip, release)
    assert differ == {"src": 1, "include": 0}
    lost = queue_series.lines_that_differ(lines.history, lines.base, release)
    assert lost == {"src": 5, "include": 0}


@pytest.mark.parametrize(
    ("lacks", "why"),
    [
        ("", "no commit of the line explains it"),
        ("a", "it clashes with what people picked"),
        ("ab", "it needs a commit that people did not pick"),
    ],
)
def test_a_refusal_is_explained(lacks: str, why: str) -> None:
    needed = [Needed(one, "", "") for one in lacks]
    assert queue_series.why(needed, ["a"]).startswith(why)


def test_the_table_has_both_orders(lines: Lines, commits: list[str], release: Path) -> None:
    text = queues.series(lines.history, lines.source(), commits[1:], release, each=True)
    assert [row.split() for row in text.splitlines()[:5]] == [
        ["order", "by", "clean", "conflicts", "with", "others", "src", "include"],
        ["CHANGELOG", "git", "1", "1", "0", "3", "0"],
        ["CHANGELOG", "queue", "2", "0", "1", "1", "0"],
        ["master", "git", "1", "1", "0", "3", "0"],
        ["master", "queue", "2", "0", "1", "1", "0"],
    ]
    assert f"needed  {commits[0][:10]}  {LAMP}" in text


# --- repairs --------------------------------------------------------------------------------------


@pytest.fixture
def repairs(lines: Lines) -> list[str]:
    first = lines.main({C: line(3, "one();")}, FIX)
    text = f"{DOOR}\n\nThis is a regression of {first[:10]}."
    second = lines.main({OTHER: "int two;\n"}, text)
    text = f"BUG/MINOR: lamp: third\n\nBroken by commit {second[:10]}."
    third = lines.main({C: FUNCTION}, text)
    lines.main({C: "int x;\n"}, f"MINOR: lamp: no fix\n\nBroken by commit {first[:10]}.")
    return [first, second, third]


def test_what_is_found_is_compared_with_the_list(
    lines: Lines, repairs: list[str], tmp_path: Path
) -> None:
    first, second, third = repairs
    history = lines.history
    file = tmp_path / "truth"
    file.write_text(f"# repair fix\n{second[:10]} {first}\n{third} {first} r # missed\n")
    pairs = queue_repairs.found(history, lines.source().before)
    assert pairs == {(second, first), (third, second)}
    text = queue_repairs.report(pairs, queue_repairs.read(history, file), each=True)
    assert text.splitlines() == [
        "1 of 2 found, 1 named wrongly, 0 arguable",
        f"missed {third[:10]} repairs {first[:10]}",
        f"wrong  {third[:10]} repairs {second[:10]}",
    ]
    file.write_text(f"{second} {first} y\n{third} {second} m\n")
    text = queue_repairs.report(pairs, queue_repairs.read(history, file), each=False)
    assert text == "1 of 1 found, 0 named wrongly, 1 arguable"


@pytest.mark.parametrize("text", ["one\n", "HEAD HEAD x\n", "a b c d\n"])
def test_a_damaged_list_is_refused(lines: Lines, tmp_path: Path, text: str) -> None:
    file = tmp_path / "truth"
    file.write_text(text)
    with pytest.raises(UsageProblem, match="line 1"):
        queue_repairs.read(lines.history, file)


def test_the_last_year_ends_with_the_newest_commit(lines: Lines) -> None:
    made = [lines.main({C: f"int d{day};\n"}, FIX, day=day) for day in (0, 300, 500)]
    assert queue_repairs.last_year(lines.history, made) == tuple(made[1:])


def test_commits_of_the_day_and_later_are_cut_off(lines: Lines) -> None:
    made = [lines.main({C: f"int d{day};\n"}, FIX, day=day) for day in (0, 1, 2)]
    history = lines.history
    cut = queues.source_until(history, "3.0", "master", "2023-11-16T22:13:20+00:00")
    assert cut.commits == tuple(made[:2])
    assert queues.source_until(history, "3.0", "master", "").commits == tuple(made)
