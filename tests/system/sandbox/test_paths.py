"""What is readable in a sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisector.system.sandbox import home_of, outermost, visible


def test_the_installation_prefix_of_a_program_is_readable(tmp_path: Path) -> None:
    assert home_of(Path("/opt/gcc-13/bin/gcc")) == Path("/opt/gcc-13")
    assert home_of(tmp_path / "vtest") == tmp_path / "vtest"


def test_the_folder_of_a_fetched_program_is_readable(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "varnishtest").touch()
    assert home_of(tmp_path / "varnishtest") == tmp_path
    assert home_of(tmp_path / "other") == tmp_path / "other"


def test_paths_below_others_are_not_mounted_again() -> None:
    paths = [Path("/w/tools"), Path("/usr"), Path("/w/tools/tcc/cc.sh"), Path("/usr/bin/gcc")]
    assert outermost([*paths, Path("/w/tools"), Path("/lib/x"), Path("/o")]) == ("/w/tools", "/o")


def test_the_whole_home_is_never_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "bin").mkdir(parents=True)
    for place in (tmp_path / "home", tmp_path):
        assert home_of(place / "bin" / "gcc") == place / "bin" / "gcc"
        assert visible(place, place / "x.vtc") == place / "x.vtc"


def test_the_folder_of_a_test_is_readable_and_for_a_reg_test_all_reg_tests(tmp_path: Path) -> None:
    mine, checks = tmp_path / "mine", tmp_path / "reg-tests" / "checks"
    assert visible(mine, mine / "x.vtc") == mine
    assert visible(checks, checks / "x.vtc") == tmp_path / "reg-tests"
