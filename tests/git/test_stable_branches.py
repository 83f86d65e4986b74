"""Where a stable branch ends, and which of them are maintained."""

from __future__ import annotations

import random
from pathlib import Path

import pygit2
import pytest

from bisector.git.history import History
from bisector.git.repositories import open_beside
from bisector.git.stable_branches import Number, is_maintained, maintained
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

MONTH = int(365.25 / 12 * 86_400)
NOW = 2_000_000_000


class Lines:
    """A main line with v3.0.0 and v3.2.0, and repositories of stable branches beside it."""

    def __init__(self, folder: Path, workspace: Workspace) -> None:
        self.folder, self.workspace = folder, workspace
        self.clone = Clone(folder / "clone")
        self.first = self.release(self.clone, "3.0.0", NOW - 24 * MONTH)
        self.second = self.release(self.clone, "3.2.0", NOW - 12 * MONTH)
        self.main = commit(self.clone, "3.3-dev1", NOW - MONTH)

    def release(self, clone: Clone, version: str, at: int, branch: str = "master") -> str:
        made = commit(clone, version, at, branch=branch)
        clone.tag(f"v{version}", made)
        return made

    def stable(self, name: str, *versions: str, at: int = NOW - 6 * MONTH) -> Clone:
        """A repository in which these releases follow v3.0.0, on its master."""
        path = self.folder / name
        pygit2.clone_repository(str(self.clone.path), str(path), bare=True)
        made = Clone(path, bare=True)
        made.git.references.create("refs/heads/master", self.first, force=True)
        for number, version in enumerate(versions):
            self.release(made, version, at + number)
        return made

    def with_(self, *beside: Clone) -> History:
        history = History.open(self.clone.path, self.workspace)
        return history.beside([open_beside(b.path, history.clone) for b in beside], self.workspace)


def commit(clone: Clone, version: str, at: int, branch: str = "master") -> str:
    """A commit with this VERSION and time on a branch."""
    made = clone.commit({"VERSION": f"{version}\n", "src/x.c": f"{at}\n"}, branch=branch)
    old = clone.git[made].peel(pygit2.Commit)
    who = pygit2.Signature("Jo Doe", "jo@example.org", at, 0)
    again = clone.git.create_commit(None, who, who, old.message, old.tree.id, old.parent_ids)
    clone.git.references.create(f"refs/heads/{branch}", again, force=True)
    return str(again)


def tip(clone: Clone) -> str:
    return str(clone.git.references["refs/heads/master"].target)


@pytest.fixture
def lines(tmp_path: Path, workspace: Workspace) -> Lines:
    return Lines(tmp_path, workspace)


# --- the tip --------------------------------------------------------------------------------------


def test_the_master_of_a_stable_repository_is_its_branch_by_its_version(lines: Lines) -> None:
    stable = lines.stable("haproxy-3.0.git", "3.0.1", "3.0.2")
    later = commit(stable, "3.0.2", NOW)
    history = lines.with_(stable)
    assert history.resolve("3.0").id == later
    assert history.resolve("3.0~1").id == history.resolve("v3.0.2").id
    assert history.resolve("v3.0").id == lines.first, "the tag"
    assert history.resolve("master").id == lines.main
    assert history.resolve("haproxy-3.0/master").id == later
    assert history.resolve("3.2").id == lines.second, "nothing newer is known"


def test_a_remote_of_the_clone_counts_as_a_repository_beside_it(lines: Lines) -> None:
    stable = lines.stable("haproxy-3.0.git", "3.0.1")
    lines.clone.git.remotes.create("haproxy-3.0", f"file://{stable.path}")
    lines.clone.git.remotes["haproxy-3.0"].fetch()
    assert lines.with_().resolve("3.0").id == tip(stable)


def test_of_several_branches_the_one_that_descends_from_the_others_counts(lines: Lines) -> None:
    """It was rebased with an older date."""
    old = lines.stable("old.git", "3.0.1", at=NOW)
    pygit2.clone_repository(str(old.path), str(lines.folder / "new.git"), bare=True)
    new = Clone(lines.folder / "new.git", bare=True)
    end = commit(new, "3.0.1", NOW - MONTH)
    assert lines.with_(old, new).resolve("3.0").id == end


def test_of_branches_that_part_the_newest_counts_in_any_order(lines: Lines) -> None:
    made = [lines.stable(f"{n}.git", "3.0.1", at=NOW + n) for n in range(3)]
    for seed in range(3):
        random.Random(seed).shuffle(made)
        history = lines.with_(*made)
        assert history.resolve("3.0").id == tip(next(m for m in made if m.path.name == "2.git"))
        assert history.resolve("v3.0.1").id == history.resolve("3.0").id, "of tags, too"


def test_a_topic_branch_is_not_the_stable_branch(lines: Lines) -> None:
    stable = lines.stable("haproxy-3.0.git", "3.0.1")
    end = tip(stable)
    stable.git.references.create("refs/heads/topic", end)
    commit(stable, "3.0.1", NOW, branch="topic")
    assert lines.with_(stable).resolve("3.0").id == end


def test_a_branch_of_that_name_with_another_version_is_not(lines: Lines) -> None:
    lines.clone.git.references.create("refs/remotes/x/3.0", lines.main)
    assert lines.with_().resolve("3.0").id == lines.first


def test_the_clones_own_branch_of_that_name_comes_first(lines: Lines) -> None:
    own = commit(lines.clone, "3.0.0", NOW, branch="3.0")
    assert lines.with_(lines.stable("haproxy-3.0.git", "3.0.1")).resolve("3.0").id == own


def test_without_a_branch_the_newest_tag_is_the_tip(lines: Lines) -> None:
    for number in (9, 10):
        lines.clone.tag(f"v3.0.{number}", lines.clone.commit({}, branch="x"))
    assert lines.with_().resolve("3.0").id == lines.with_().resolve("v3.0.10").id


# --- maintained -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "months", "expected"),
    [((3, 1), 17, True), ((3, 1), 19, False), ((3, 0), 59, True), ((3, 0), 61, False)],
)
def test_odd_branches_are_maintained_for_18_months_and_even_ones_for_five_years(
    number: Number, months: int, expected: bool
) -> None:
    assert is_maintained(number, NOW - months * MONTH, NOW) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`--+-+-+--+---+--|  EOL      3.0\n", False),
        ("The branch 3.0 has reached its end of life.\n", False),
        ("EOL  13.0 or 3.01\n3.0 is fine\n", True),
        ('they will be marked End-Of-Life ("EOL" for short)\n', True),
    ],
)
def test_a_branch_has_ended_when_its_own_file_says_so(text: str, expected: bool) -> None:
    assert is_maintained((3, 0), NOW - MONTH, NOW, text) is expected


def test_the_maintained_branches_are_named_with_what_is_left_out(lines: Lines) -> None:
    lines.release(lines.clone, "2.8.0", NOW - 70 * MONTH, branch="old")
    lines.release(lines.clone, "3.1.0", NOW - 20 * MONTH, branch="odd")
    lines.release(lines.clone, "3.3.0", NOW)
    found = maintained(lines.with_(lines.stable("haproxy-3.0.git", "3.0.1")).refs)
    assert found.names == ("3.3", "3.2", "3.0")
    assert found.bare == ("3.3", "3.2")
    assert found.ended == ("3.1",), "2.8 is older than all that are maintained"


def test_a_branch_whose_own_file_ends_it_is_left_out(lines: Lines) -> None:
    stable = lines.stable("haproxy-3.0.git", "3.0.1")
    stable.commit({"BRANCHES": "3.0 is EOL\n", "VERSION": "3.0.1\n"})
    found = maintained(lines.with_(stable).refs)
    assert found.names == ("3.2",)


def test_without_releases_nothing_is_maintained(clone: Clone, workspace: Workspace) -> None:
    clone.commit({})
    assert maintained(History.open(clone.path, workspace).refs).names == ()
