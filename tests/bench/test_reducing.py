"""The case that is reduced."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench import long_case, reducing
from bench.measure import ROOT
from bisector.testing.oracles.vtest_case import VTestCase


def test_help() -> None:
    argv = [sys.executable, str(ROOT / "bench/reduce"), "--help"]
    done = subprocess.run(argv, capture_output=True)
    assert done.returncode == 0
    assert b"--lines" in done.stdout


def test_a_folder_that_is_no_clone_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reducing.main(["--repo", str(tmp_path), "--lines", "100"]) == 3
    assert "is not a git repository" in capsys.readouterr().out


@pytest.mark.parametrize("lines", [100, 2000])
def test_the_case_has_so_many_lines_and_its_own_are_among_them(tmp_path: Path, lines: int) -> None:
    case = long_case.write(tmp_path, lines)
    text = case.read_text().splitlines()
    assert lines <= len(text) < lines + 80
    own = (long_case.REG_TESTS / long_case.CASE).read_text().splitlines()
    assert set(own) <= set(text)
    oracle = VTestCase.of_option(str(case), bad_if=None, skip_if=None)
    assert [name for name, _ in oracle.files_of_user()] == ["long.vtc", "dns_flap.lua"]
