"""A triage of the small playground, and its answer as a record for OSV."""

from __future__ import annotations

import json
from pathlib import Path

from bisector.jobs.playground import Playground
from bisector.probing import setup
from bisector.system.workspace import Workspace
from tests.support.real import bisector


def test_a_report_is_answered_with_the_fix_and_the_introduction_and_a_text(
    real_workspace: Workspace, ground: Playground, tmp_path: Path
) -> None:
    files = {name: tmp_path / f"report.{name}" for name in ("json", "markdown", "html")}
    written = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    words = ("triage", "v3.0.11", "v3.1-dev1", "v3.1-dev3", "master", "--repo", str(ground.path))

    done = bisector(*words, *written)

    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(files["json"].read_text())
    assert [one["verdict"] for one in found["releases"]] == ["good", "bad", "good", "good"]
    assert found["fix"]["revisions"][0]["id"] == ground.heal and found["fix"]["proven"]
    assert found["introduction"]["revisions"][0]["id"] == ground.regression
    assert found["introduction"]["proven"]
    assert done.stdout.endswith(found["text"])
    assert found["text"].startswith("Already fixed: bad on v3.1-dev1; fixed by")
    assert "v3.1-dev1 lacks it" in found["text"] and "127.0.0.1:0" in found["text"]
    for text in (found["text"], files["markdown"].read_text(), files["html"].read_text()):
        assert str(ground.path) not in text and str(real_workspace.root) not in text
    again = bisector(*words)
    assert again.stdout.endswith(found["text"]), "what is finished is not done again"


def test_the_proven_commits_are_in_the_record_for_osv(
    real_workspace: Workspace, ground: Playground, tmp_path: Path
) -> None:
    record = tmp_path / "osv.json"
    done = bisector("affected", ground.range, "--repo", str(ground.path), "--osv", str(record))
    assert done.returncode == 0, done.stdout + done.stderr
    (affected,) = json.loads(record.read_text())["affected"]
    assert affected["versions"] == ["v3.1-dev1", "v3.1-dev2"]
    (commits,) = (one["events"] for one in affected["ranges"])
    assert commits == [{"introduced": ground.regression}, {"fixed": ground.heal}]


def test_a_patch_that_fixes_one_bug_and_brings_another_fails_the_triage(
    real_workspace: Workspace, ground: Playground
) -> None:
    """The builds are those of the verification of the same patch."""
    first = next(setup.bundled_patches("dns-flap").glob("0001-*.patch"))
    words = ("triage", "v3.0.11", "v3.1-dev1", "master", "--repo", str(ground.path))

    done = bisector(*words, "--patch", str(first))

    assert done.returncode == 1, done.stdout + done.stderr
    text = done.stdout.partition("-- for an issue or a mail")[2]
    assert "breaks dns-false-up on v3.1-dev1" in text
    assert f"--patch {first.name}\n" in text and str(first) not in text
