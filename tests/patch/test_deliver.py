"""The names of the branches to create in a clone."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import UsageProblem, WouldOverwrite
from bisector.patch import deliver
from tests.support.clone import Clone


@pytest.fixture
def branched(clone: Clone) -> Clone:
    for name in ("2.9", "3.0"):
        clone.commit({}, branch=name)
    return clone


@pytest.mark.parametrize(
    ("pattern", "branches", "names"),
    [
        ("new", ["3.0"], ["new"]),
        ("port-{branch}", ["3.0", "origin/2.9"], ["port-3.0", "port-origin/2.9"]),
    ],
)
def test_the_placeholder_is_replaced_by_each_branchs_name(
    branched: Clone, pattern: str, branches: list[str], names: list[str]
) -> None:
    found = deliver.branch_names(pattern, branches, branched.git)
    assert found == dict(zip(branches, names, strict=True))


@pytest.mark.parametrize(
    ("pattern", "branches", "said"),
    [
        ("new", ["3.0", "2.9"], r"one name for 2 branches: put \{branch\} into it"),
        ("a b", ["3.0"], "no name for a branch"),
        ("3.0", ["2.9"], "there already"),
    ],
)
def test_a_name_that_is_shared_invalid_or_taken_is_refused(
    branched: Clone, pattern: str, branches: list[str], said: str
) -> None:
    with pytest.raises(UsageProblem, match=said):
        deliver.branch_names(pattern, branches, branched.git)


@pytest.mark.parametrize("content", ["junk\n", "ref: refs/heads/gone\n"])
def test_the_name_of_a_damaged_branch_is_taken(branched: Clone, content: str) -> None:
    (Path(branched.git.path) / "refs/heads/odd").write_text(content)
    with pytest.raises(WouldOverwrite, match="odd is there already"):
        deliver.branch_names("odd", ["3.0"], branched.git)
