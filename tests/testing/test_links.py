"""Companions that lie outside of a test's folder: which are allowed, and what must be visible."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import ScenarioProblem
from bisector.testing import links


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git work tree below the home folder, with a test's folder and other files."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for folder in (".ssh", "tree/.git", "tree/tests", "tree/lib/more"):
        (tmp_path / folder).mkdir(parents=True)
    for file in (".ssh/id", "tree/.git/config", "tree/lib/x.lua", "tree/lib/more/y.lua"):
        (tmp_path / file).write_text("")
    return tmp_path / "tree"


def link(tree: Path, name: str, target: str | Path) -> Path:
    (tree / name).symlink_to(target)
    return tree / name


# --- what is allowed ------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["../lib/x.lua", "/usr/bin/env"])
def test_a_link_may_lead_to_the_tree_of_the_test_and_to_the_system(tree: Path, target: str) -> None:
    links.check(link(tree, "tests/x", target), tree / "tests")


@pytest.mark.parametrize("target", ["../../.ssh/id", "../.git/config", "/etc/passwd"])
def test_it_may_lead_nowhere_else(tree: Path, target: str) -> None:
    with pytest.raises(ScenarioProblem, match=r"companion .*/tests/x is .*, outside of"):
        links.check(link(tree, "tests/x", target), tree / "tests")


def test_nor_may_it_by_way_of_another_link(tree: Path) -> None:
    link(tree, "lib/more/z", "../../../.ssh/id")
    with pytest.raises(ScenarioProblem, match="put a copy of it beside the test"):
        links.check(link(tree, "tests/x", "../lib/more/z"), tree / "tests")


def test_nor_may_a_name_with_dots(tree: Path) -> None:
    links.check(tree / "tests/../lib/x.lua", tree / "tests")
    with pytest.raises(ScenarioProblem):
        links.check(tree / "tests/../../.ssh/id", tree / "tests")


def test_the_tree_is_the_git_work_tree(tree: Path) -> None:
    assert links.tree_of(tree / "lib/more") == tree


def test_haproxys_sources_need_no_git(tmp_path: Path) -> None:
    assert links.tree_of(tmp_path / "haproxy/reg-tests/checks") == tmp_path / "haproxy"


def test_elsewhere_it_is_the_folder_of_the_test(tmp_path: Path) -> None:
    assert links.tree_of(tmp_path / "mine") == tmp_path / "mine"


@pytest.mark.parametrize("folder", ["mine", "reg-tests/mine"])
def test_it_never_has_the_home_folder_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """As where somebody keeps the files of the home folder in git."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".git").mkdir()
    assert links.tree_of(tmp_path / folder) == tmp_path / folder


# --- what must be visible -------------------------------------------------------------------------


def stations(tree: Path, name: str, folder: str = "tests") -> list[str]:
    paths = links.stations(tree / name, tree / folder)
    return [str(path.relative_to(tree)) for path in paths]


def test_a_file_in_the_folder_needs_nothing_else(tree: Path) -> None:
    (tree / "tests/a").write_text("")
    link(tree, "tests/b", "a")
    assert stations(tree, "tests/a") == stations(tree, "tests/b") == []


def test_a_link_needs_what_it_leads_to(tree: Path) -> None:
    link(tree, "tests/x", "../lib/x.lua")
    assert stations(tree, "tests/x") == ["lib/x.lua"]


def test_a_link_to_a_link_needs_both(tree: Path) -> None:
    link(tree, "lib/again", "more/y.lua")
    link(tree, "tests/x", "../lib/again")
    assert stations(tree, "tests/x") == ["lib/again", "lib/more/y.lua"]


def test_of_a_linked_folder_only_the_file_is_needed(tree: Path) -> None:
    link(tree, "tests/lib", "../lib")
    assert stations(tree, "tests/lib/more/y.lua") == ["lib/more/y.lua"]


def test_so_is_a_file_that_is_named_with_dots(tree: Path) -> None:
    assert stations(tree, "tests/../lib/x.lua") == ["lib/x.lua"]


def test_a_link_to_itself_ends(tree: Path) -> None:
    assert stations(tree, "tests/../lib/round") == ["lib/round"]
    link(tree, "lib/loop", "loop")
    assert set(stations(tree, "lib/loop")) == {"lib/loop"}
