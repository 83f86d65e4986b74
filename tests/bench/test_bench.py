"""The benchmark runs, and what it compares with is what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import pairs, searches
from bench.simulate import Cost, bits, git_bisect, search
from bisector.git.history import History
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

LINE = [f"c{number}" for number in range(40)]
EQUAL = dict.fromkeys(LINE, 1.0)


@pytest.fixture
def told(clone: Clone) -> tuple[list[str], list[str]]:
    """A line of commits, and its fixes: three of them blame commit 1, 2, 4."""
    line = clone.line(6)
    texts = [
        f"BUG/MINOR: x: one\n\nIt was introduced in 2.4-dev1 by commit {line[1][:10]}.",
        f"BUG/MEDIUM: x: two\n\nBroken since {line[2]} at least.",
        f"BUG/MAJOR: x: three\n\nA regression\nfrom {line[4][:8]} (see {line[0][:8]}).",
        f"MINOR: x: no bug\n\nIntroduced by {line[4][:8]}.",
        f"BUG/MINOR: x: blames nobody\n\nIt is caused by haste. See commit {line[3][:8]}.",
        "BUG/MINOR: x: blames what there is not\n\nIntroduced by 0123456789ab.",
    ]
    fixes = [
        clone.commit({"src/haproxy.c": f"int y = {n};\n"}, subject=text)
        for n, text in enumerate(texts)
    ]
    return line, fixes


def test_pairs_are_those_that_messages_name(
    clone: Clone, told: tuple[list[str], list[str]], workspace: Workspace
) -> None:
    line, fixes = told
    history = History.open(clone.path, workspace)
    everything = pairs.line(history, fixes[-1])
    assert everything == [*line, *fixes]
    found = list(pairs.named(history, everything, everything))
    assert [(p.fix, p.culprit) for p in found] == [
        (fixes[0], line[1]),
        (fixes[1], line[2]),
        (fixes[2], line[4]),
    ]
    assert found[1].window == (*line, fixes[0])
    assert [p.fix for p in pairs.named(history, everything, fixes[1:2])] == [fixes[1]]


def test_a_culprit_before_the_window_is_no_pair(
    clone: Clone,
    told: tuple[list[str], list[str]],
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pairs, "WINDOW", 4)
    history = History.open(clone.path, workspace)
    everything = pairs.line(history, told[1][-1])
    found = list(pairs.named(history, everything, everything))
    assert [p.culprit for p in found] == [told[0][4]]
    assert len(found[0].window) == 4


def test_the_table_is_printed_and_written(
    clone: Clone,
    told: tuple[list[str], list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(searches, "LENGTHS", (10, 30))
    file = tmp_path / "out.json"
    assert searches.main(["--repo", str(clone.path), "--json", str(file)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("3 pairs, ") and not err
    rows = json.loads(file.read_text())["rows"]
    assert len(rows) == len(out.splitlines()) - 3
    assert {row["priors"] for row in rows} == {"git bisect", "uniform", "files", "functions"}
    assert all(row["right"] == 1 for row in rows if not row["false_old"])
    assert searches.main(["--repo", str(clone.path), "--pairs", "2", f"{told[0][5]}.."]) == 0
    assert capsys.readouterr().out.startswith("2 pairs, ")


def test_what_is_no_clone_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert searches.main(["--repo", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("bench/search: ")


@pytest.mark.parametrize("total, probes", [(1, {0}), (2, {1}), (3, {1, 2}), (40, {5, 6})])
def test_git_finds_each_culprit(total: int, probes: set[int]) -> None:
    costs = [git_bisect(total, culprit) for culprit in range(total)]
    assert all(cost.right for cost in costs)
    assert {cost.probes for cost in costs} == probes


def test_a_false_old_leads_git_astray_and_not_the_search() -> None:
    assert not git_bisect(40, 3, false_old=0.3, seed="a").right
    cost = search(LINE, "c3", EQUAL, false_old=0.3, seed="a")
    assert cost.right and cost.probes > 6


def test_several_at_once_take_fewer_rounds() -> None:
    one, four = (search(LINE, "c17", EQUAL, at_once=n) for n in (1, 4))
    assert one == Cost(one.probes, one.probes, True)
    assert four.right and four.rounds < one.rounds < four.probes


def test_the_bits_of_a_culprit() -> None:
    assert bits(dict.fromkeys("abcdefgh", 1.0), "c") == 3.0
