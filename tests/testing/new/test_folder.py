"""A kind is a folder; a scenario's folder is made whole, and replaces nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.errors import UsageProblem, WouldOverwrite
from bisector.testing.new import folder
from bisector.testing.scenario_loader import load

KINDS = ["cli", "command", "config", "dns", "h2", "http", "lua", "tcp", "tls"]


def test_the_kinds_are_the_folders() -> None:
    assert folder.kinds() == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_makes_a_scenario_that_can_be_read_and_says_what_to_fill_in(
    tmp_path: Path, kind: str
) -> None:
    files = folder.of_kind(kind, "mine")
    folder.write(tmp_path / "mine", files)
    scenario = load(str(tmp_path / "mine"))
    assert scenario.name == "mine"
    texts = scenario.render(scenario.choose({}))
    assert not any("NAME" in text.replace("_NAME", "") for text in [*files, *texts.values()])
    assert folder.MARK in files["scenario.toml"]


@pytest.mark.parametrize("name", ["", "../x", "a b", "a/b", ".a", "-a", "1a", "a" * 61, "a\n"])
def test_a_name_is_a_plain_word(name: str) -> None:
    with pytest.raises(UsageProblem, match="no name for a scenario"):
        folder.of_kind("http", name)


def test_an_unknown_kind_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(UsageProblem, match="no kind 'smtp': there are cli, command"):
        folder.of_kind("smtp", "mine")


def test_no_file_takes_the_place_of_another() -> None:
    with pytest.raises(UsageProblem, match="'control' is the name of another file"):
        folder.of_kind("config", "control")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(WouldOverwrite, match="mine is there already"):
        folder.write(tmp_path / "mine", {"a": "b"})
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_folder_that_cannot_be_written_whole_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="surrogates"):
        folder.write(tmp_path / "mine", {"a": "b", "c": "\udc80"})
    assert not (tmp_path / "mine").exists()
