"""Fixes that bring a reg-test: which there are, and what is kept of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from bench.proven import Case, Proven, cases, named, read
from bisector.git.history import History
from bisector.system.workspace import Workspace
from tests.support.clone import Clone

FOLDER = "reg-tests/http"


def test_a_case_is_a_fix_with_a_test_in_it_or_in_a_commit_soon_after(
    clone: Clone, workspace: Workspace
) -> None:
    line = clone.line(3)
    clone.commit({f"{FOLDER}/old.vtc": "1"}, subject="REGTESTS: one of no fix")
    with_it = clone.commit(
        {"src/a.c": "1", f"{FOLDER}/a.vtc": "1", f"{FOLDER}/a.lua": "1"},
        subject=f"BUG/MINOR: x: fix\n\nSince {line[1][:10]} it is broken.",
    )
    clone.commit({f"{FOLDER}/a.vtc": None}, subject="BUG/MINOR: reg-tests: x")
    alone = clone.commit({"src/a.c": "2"}, subject="BUG/MAJOR: y: fix without a test")
    after = clone.commit({f"{FOLDER}/b.vtc": "1"}, subject="REGTESTS: y: test it")
    clone.commit({"src/a.c": "3"}, subject="MINOR: no fix")
    history = History.open(clone.path, workspace)
    commits = history.between(line[0], history.head().id)
    assert list(cases(history, commits)) == [
        Case(alone, after, "http/b.vtc"),
        Case(with_it, with_it, "http/a.vtc"),
        Case(with_it, after, "http/b.vtc"),
    ]
    assert named(history, with_it) == [line[1]]
    assert named(history, alone) == []


def test_what_became_of_cases_is_read_again(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert read(kept) == []
    proven = Proven(Case("1" * 40, "2" * 40, "http/a.vtc"), culprit="3" * 40, named=True)
    kept.write_text(f'{json.dumps(asdict(proven))}\n{{"case": {{"fi')
    assert read(kept) == [proven]
    assert proven.held_out
