"""Templates: the first folder that has one wins, and errors name file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import ScenarioProblem
from bisector.testing.templates import rendered


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    made = tmp_path / "own", tmp_path / "bundled"
    for folder in made:
        folder.mkdir()
    return made


def test_a_template_is_filled_in_and_another_file_is_not(folders: tuple[Path, Path]) -> None:
    (folders[0] / "a.j2").write_text("{{ x }}\n")
    (folders[0] / "a.cfg").write_text("{{ x }}\n")
    assert rendered(folders, "a.j2", {"x": 1}) == "1\n"
    assert rendered(folders, "a.cfg", {"x": 1}) == "{{ x }}\n"


def test_the_first_folder_wins_and_others_can_be_included(folders: tuple[Path, Path]) -> None:
    for folder in folders:
        (folder / "a.j2").write_text(f"{folder.name} {{% include 'b.j2' %}}")
    (folders[1] / "b.j2").write_text("included")
    assert rendered(folders, "a.j2", {}) == "own included"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x\n{% if %}", r"a\.j2:2"),
        ("x\n{{ y }}", r"a\.j2:2: 'y' is undefined"),
        ("{% include 'no.j2' %}", r"no template 'no\.j2'"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_an_error_says_where(folders: tuple[Path, Path], text: str, said: str) -> None:
    (folders[0] / "a.j2").write_text(text)
    with pytest.raises(ScenarioProblem, match=said):
        rendered(folders, "a.j2", {})
