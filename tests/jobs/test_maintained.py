"""--maintained: the branches that are added, what is left out, and the commits beyond a range."""

from __future__ import annotations

import pytest

from bisector.errors import NoSuchRevision
from bisector.jobs import maintained
from bisector.probing.options import Options
from bisector.probing.setup import Asked
from bisector.system.workspace import Workspace
from tests.support.clone import Clone


class Lines:
    """v3.0.0 and v3.2.0 on master, and two commits on each of their branches; v3.0.1 is one."""

    def __init__(self, clone: Clone, workspace: Workspace) -> None:
        self.main = clone.line(6)
        clone.tag("v3.0.0", self.main[1])
        clone.tag("v3.2.0", self.main[3])
        self.branches = {
            name: [self._commit(clone, name, number, self.main[at]) for number in (1, 2)]
            for name, at in {"3.0": 1, "3.2": 3}.items()
        }
        clone.tag("v3.0.1", self.branches["3.0"][0])
        self.notes: list[str] = []
        options = Options(repo=str(clone.path))
        self.asked = Asked(workspace, options, lambda text: None, self.notes.append)

    def _commit(self, clone: Clone, name: str, number: int, base: str) -> str:
        parents = [base] if number == 1 else None
        return clone.commit({"src/x.c": f"{name}, {number}\n"}, branch=name, parents=parents)

    def after(self, text: str) -> dict[str, tuple[str, ...]]:
        return maintained.after(self.asked, self.asked.history.range(text))


@pytest.fixture
def lines(clone: Clone, workspace: Workspace) -> Lines:
    return Lines(clone, workspace)


def test_the_branches_follow_the_revisions_that_are_named(lines: Lines) -> None:
    assert maintained.added(lines.asked, ["master"], True) == ["master", "3.2", "3.0"]
    assert lines.notes == ["maintained: 3.2, 3.0"]
    assert maintained.added(lines.asked, ["master"], False) == ["master"]


def test_a_branch_of_which_only_the_first_release_is_known_is_noted(
    clone: Clone, lines: Lines
) -> None:
    clone.tag("v3.4.0", lines.main[5])
    assert maintained.added(lines.asked, [], True) == ["3.4", "3.2", "3.0"]
    assert lines.notes[0].endswith("known by the first release alone: 3.4: name --with 3.4")


def test_what_lies_beyond_a_range_is_told_by_branch_oldest_first(lines: Lines) -> None:
    for text in ("v3.0.0..master", f"{lines.main[0]}..v3.2.0"):
        beyond = lines.after(text)
        assert {name: list(part) for name, part in beyond.items()} == lines.branches
        assert [*beyond] == ["3.0", "3.2"]


def test_the_branch_that_the_range_ends_at_is_part_of_the_range(lines: Lines) -> None:
    assert [*lines.after("v3.0.0..3.0")] == ["3.2"]


def test_a_branch_that_parted_before_the_range_is_left_out_with_a_note(lines: Lines) -> None:
    assert [*lines.after(f"{lines.main[2]}..master")] == ["3.2"]
    assert lines.notes[1] == f"not after {lines.main[2]}, and left out: 3.0"


def test_a_clone_without_releases_is_refused(clone: Clone, workspace: Workspace) -> None:
    clone.commit({})
    asked = Asked(workspace, Options(repo=str(clone.path)), print, print)
    with pytest.raises(NoSuchRevision, match=r"no release of a maintained branch .*--with"):
        maintained.added(asked, [], True)
