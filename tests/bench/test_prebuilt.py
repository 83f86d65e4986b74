"""The figures on prebuilt sources, from what was measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from bench import prebuilt
from bench.measure import ROOT
from bench.prebuilt import Taken
from bisector.jobs.prebuild import PrebuildPlan
from bisector.record.prebuilding import Prebuilding


class Planned:
    work = Prebuilding("v2.9..master", "fast", 4, 4, 8.0, 2)
    sources = ("a", "b", "c", "d")


def test_help() -> None:
    argv = [sys.executable, str(ROOT / "bench/prebuilt"), "--help"]
    done = subprocess.run(argv, capture_output=True)
    assert done.returncode == 0
    assert b"--toolchain" in done.stdout


def test_a_folder_that_is_no_clone_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prebuilt.main(["--repo", str(tmp_path)]) != 0
    assert capsys.readouterr().err.startswith("bench/prebuilt: ")


def test_the_table_has_means_of_each_source_and_medians_of_what_was_taken() -> None:
    taken = [
        Taken(unpacked, linked=0.1, size=5_000_000, alone=1_000_000, beside=beside)
        for unpacked, beside in ((0.1, 0), (0.2, 80_000), (0.6, 100_000))
    ]
    said = prebuilt.text(cast("PrebuildPlan", Planned()), 10.0, 4_000_000, taken)
    figures = [line.split()[-2:] for line in said.splitlines()[2:]]
    assert figures == [
        ["sources", "4"],
        ["one", "2.50"],
        ["4.0", "MB"],
        ["1.0", "MB"],
        ["median", "0.300"],
        ["objects", "0.200"],
        ["most", "0.700"],
        ["5.0", "MB"],
        ["1.0", "MB"],
        ["90.0", "KB"],
    ]
