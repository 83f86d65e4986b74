"""The comparison of searches: its table, its file, and a folder that is no clone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import searches
from tests.support.clone import Clone


def test_the_table_is_printed_and_written(
    clone: Clone,
    line_and_fixes: tuple[list[str], list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(searches, "LENGTHS", (10, 30))
    file = tmp_path / "out.json"
    assert searches.main(["--repo", str(clone.path), "--json", str(file)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("3 pairs, ") and not err
    rows = json.loads(file.read_text())["rows"]
    assert len(rows) == len(out.splitlines()) - 3
    assert {row["priors"] for row in rows} == {"git bisect", "uniform", "files", "functions"}
    assert all(row["right"] == 1 for row in rows if not row["false_old"])
    assert (
        searches.main(["--repo", str(clone.path), "--pairs", "2", f"{line_and_fixes[0][5]}.."]) == 0
    )
    assert capsys.readouterr().out.startswith("2 pairs, ")


def test_what_is_no_clone_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert searches.main(["--repo", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("bench/search: ")
