"""Hunts that are not over one clean line: ends that part, a bug that is older, every change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bisector.git.history import History
from bisector.jobs.playground import Playground
from tests.support import stable
from tests.support.grown import Grown
from tests.support.planted import NEEDS_READY, READY, READY_NOW, Edit
from tests.support.planted_hunts import TEST
from tests.support.real import bisector

ADAPTED = Edit("src/hash.c", "#include", "int adapted_to_2_9;\n#include")


class Lines:
    """The playground, and two stable branches from before the bug.

    3.0 has a pick of it alone. 2.9 has one that was adapted, and a pick of its fix.
    """

    def __init__(self, ground: Playground, history: History, folder: Path) -> None:
        self.commits = (history.range(ground.range).old.id, *history.range(ground.range).commits)
        self.first = self.commits.index(ground.regression)
        self.ground, self.folder = ground, folder
        branch = folder / "haproxy-3.0.git"
        picks = [ground.regression, self.commits[self.first + 1]]
        tags = {0: "v3.0.0", 1: "v3.0.1"}
        base = self.commits[self.first - 1]
        self.picks = stable.make(ground.path, branch, base, picks, tags)
        older = folder / "haproxy-2.9.git"
        tags, adapted = {2: "v2.9.1", 3: "v2.9.2"}, {1: ADAPTED}
        self.older = stable.make(ground.path, older, base, [*picks, ground.heal], tags, adapted)
        self.words = ("--repo", str(ground.path), "--with", str(branch), "--with", str(older))

    def run(self, range_text: str, *words: str) -> dict[str, Any]:
        answer = self.folder / "answer.json"
        done = bisector("run", range_text, *self.words, "--json", str(answer), *words)
        print(done.stdout, done.stderr)
        assert done.returncode == 0
        report: dict[str, Any] = json.loads(answer.read_text())
        return report


@pytest.fixture(scope="module")
def lines(
    ground: Playground, ground_history: History, tmp_path_factory: pytest.TempPathFactory
) -> Lines:
    return Lines(ground, ground_history, tmp_path_factory.mktemp("lines"))


def revisions(report: dict[str, Any]) -> list[tuple[str, str]]:
    """What was found: the line of history and the commit."""
    assert all(one["proven"] for one in report["changes"])
    return [(one["line"], one["revisions"][-1]["id"]) for one in report["changes"]]


def test_a_branch_is_told_the_fix_that_it_lacks(lines: Lines) -> None:
    """It picked the bug; on master that was fixed, so both the base and master are good."""
    report = lines.run("3.0..master", "--blind")
    assert revisions(report) == [("", lines.picks[0]), ("master", lines.ground.heal)]
    had, lacks = report["other_lines"]
    assert (had["state"], had["counterpart"]) == ("had it", lines.ground.regression)
    assert (lacks["state"], lacks["line"]) == ("lacks it", "3.0")
    assert f"backport {lines.ground.heal[:10]} --onto 3.0" in report["conclusion"]["why"]


def test_a_bug_on_both_lines_is_found_on_both(lines: Lines) -> None:
    report = lines.run("3.0..v3.1-dev2", "--blind")
    assert revisions(report) == [("", lines.ground.regression), ("3.0", lines.picks[0])]
    assert [one["state"] for one in report["other_lines"]] == ["has it"]
    assert report["other_lines"][0]["affected"] == ["v3.0.1"]


def test_of_two_branches_one_is_told_the_pick_that_the_other_has(lines: Lines) -> None:
    """One had the bug by an adapted pick, the other has it by a plain one."""
    report = lines.run("3.0..2.9", "--blind")
    assert revisions(report) == [("", lines.picks[0]), ("2.9", lines.older[2])]
    origins = [lines.ground.regression, lines.ground.heal]
    assert [one["origin"] for one in report["changes"]] == origins
    had, lacks = report["other_lines"]
    assert (had["state"], had["line"], had["counterpart"]) == ("had it", "2.9", lines.older[0])
    assert (lacks["state"], lacks["line"]) == ("lacks it", "3.0")
    assert f"backport {lines.older[2][:10]} --onto 3.0" in report["conclusion"]["why"]


def test_two_bad_ends_are_taken_back_to_a_good_release(lines: Lines) -> None:
    report = lines.run("v3.1-dev1..v3.1-dev2", "--older", "--blind")
    assert revisions(report) == [("", lines.ground.regression)]
    assert any("goes back to v3.0.0" in note for note in report["notes"])


def test_every_change_of_the_verdict_is_found(lines: Lines) -> None:
    report = lines.run(lines.ground.range, "--all", "--blind")
    assert revisions(report) == [("", lines.ground.regression), ("", lines.ground.heal)]
    assert report["affected"] == ["v3.1-dev1", "v3.1-dev2"]


def test_a_pick_that_breaks_one_line_alone_is_told_what_it_lacks(
    ground: Playground, tmp_path: Path
) -> None:
    """On master the function that it calls was made to work before."""
    grown = Grown(ground, tmp_path / "repo.git")
    base = grown.commit(grown.base, "MINOR: hash: add play_ready()", READY)
    ready = grown.commit(base, "MEDIUM: hash: be ready", READY_NOW)
    origin = grown.commit(ready, "BUG/MINOR: http: only if ready", NEEDS_READY)
    trailer = f"(cherry picked from commit {origin})"
    noise = grown.commit(base, "MINOR: lru: a change", Edit("src/lru.c", "#include", "\n#include"))
    pick = grown.commit(noise, f"BUG/MINOR: http: only if ready\n\n{trailer}", NEEDS_READY)
    grown.branch("master", origin)
    grown.branch("3.0", pick)
    (tmp_path / "path.vtc").write_text(TEST)

    answer = tmp_path / "answer.json"
    words = ("--repo", str(tmp_path / "repo.git"), "--vtc", str(tmp_path / "path.vtc"))
    done = bisector("run", "3.0..master", *words, "--json", str(answer))
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(answer.read_text())
    assert revisions(report) == [("", pick)]
    (other,) = report["other_lines"]
    assert (other["state"], other["counterpart"], other["healed"]) == ("lacks it", origin, True)
    assert other["lacks"] == [f"{ready[:10]} MEDIUM: hash: be ready"]


def test_a_bug_that_comes_twice_is_found_twice(
    ground: Playground, ground_history: History, tmp_path: Path
) -> None:
    """The playground's history, and after its fix the bug and the fix once more."""
    grown = Grown(ground, tmp_path / "repo.git")
    span = ground_history.range(ground.range)
    bad, good = (ground_history.tree_id(one) for one in (ground.regression, ground.heal))
    again = grown.commit(span.new.id, "MINOR: x: the same once more", tree=bad)
    still = grown.commit(again, "DOC: a remark", Edit("doc/intro.txt", "the", "The"))
    healed = grown.commit(still, "BUG/MINOR: x: mended again", tree=good)
    grown.branch("master", healed)

    answer = tmp_path / "answer.json"
    words = ("--repo", str(tmp_path / "repo.git"), "--blind", "--all", "--json", str(answer))
    done = bisector("run", ground.range, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(answer.read_text())
    found = [commit for _, commit in revisions(report)]
    assert found == [ground.regression, ground.heal, again, healed]
