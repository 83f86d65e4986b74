"""A bug that came while HAProxy did not compile."""

from __future__ import annotations

from pathlib import Path

from bisector.jobs.playground import Playground
from tests.support.planted import NO_BUILD, NO_LINK, NOT_FOUND
from tests.support.planted_hunts import BUG, found, hunted

STRETCH = range(6, 10)


def test_what_mends_the_source_is_picked_back_and_the_culprit_is_proven(
    ground: Playground, tmp_path: Path
) -> None:
    assert BUG.start in STRETCH
    report, commits, _ = hunted(tmp_path, ground, {NOT_FOUND: BUG, NO_BUILD: STRETCH})
    assert found(report, commits, "introduction") == BUG.start
    mender = f"hunk 1 of {commits[STRETCH.stop][:10]}"
    assert report["introduction"]["fixup"] == mender
    proof = [one for one in report["probes"] if one["purpose"].startswith("confirm")]
    assert {one["fixup"] for one in proof} == {mender}
    assert {one["toolchain"] for one in proof} == {"dev"}
    assert any(note.endswith(f"judged with {mender} picked onto it") for note in report["notes"])


def test_where_it_does_not_mend_it_the_set_remains(ground: Playground, tmp_path: Path) -> None:
    bugs = {NOT_FOUND: BUG, NO_BUILD: STRETCH, NO_LINK: range(7, 9)}
    report, commits, _ = hunted(tmp_path, ground, bugs, status=1)
    revisions = [commits.index(one["id"]) for one in report["introduction"]["revisions"]]
    assert revisions == [*STRETCH, STRETCH.stop]
    assert report["introduction"]["fixup"] == ""
    assert report["introduction"]["doubt"] == "the others before it cannot be tested"
