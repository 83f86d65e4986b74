"""A patch for real HAProxy that means harm: contained, judged, and told in well-formed reports."""

from __future__ import annotations

import html
import json
import os
import re
import socket
from pathlib import Path
from xml.etree import ElementTree as ET

import pygit2
import pytest

from bisector.git.history import History
from bisector.jobs.playground import Playground
from bisector.system.sandbox import Sandbox
from bisector.system.sandbox.landlock import Landlock
from tests.support.boxed import without_namespaces
from tests.support.obtain import SANDBOXES
from tests.support.real import bisector, edited

BAD = "v3.1-dev1"
DAEMON = "setsid sleep 86399 >/dev/null 2>&1 &"  # else make would wait for it
FORMS = ("json", "junit", "html", "markdown")
TOP = "# This GNU Makefile supports different OS and CPU combinations.\n"
MARKUP = "]]><script>alert(1)</script>"
SAID = f"\x1b[31mowned\x1b[2J {MARKUP}"
HEAD = "From: Mallory <m@example.org>\nSubject: [PATCH] BUG/MINOR: build: a fix\n\n---\n"


@pytest.fixture(params=SANDBOXES)
def said(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a report calls the sandbox; for Landlock, bubblewrap fails here."""
    box: Sandbox = request.getfixturevalue(request.param)
    if isinstance(box, Landlock):
        monkeypatch.setenv("PATH", f"{without_namespaces(tmp_path)}:{os.environ['PATH']}")
    return box.said


@pytest.mark.usefixtures("with_tcc")
def test_a_hostile_patch_is_contained_and_its_reports_are_well_formed(
    ground: Playground, ground_history: History, tmp_path: Path, said: str
) -> None:
    key, planted = tmp_path / "home" / ".ssh" / "id", tmp_path / "planted"
    key.parent.mkdir(parents=True)
    key.write_text("a private key")
    with socket.create_server(("127.0.0.1", 0)) as server:
        connect = f"exec 3<>/dev/tcp/127.0.0.1/{server.getsockname()[1]}"
        deeds = f"cat {key} >&2; echo x >{planted}; bash -c '{connect}'; {DAEMON}"
        evil = f"{TOP}$(shell {deeds})\n$(error {SAID})\n"
        commit = ground_history.resolve(BAD).id
        store = ground_history.store
        after = store[edited(ground_history, commit, "Makefile", TOP, evil)].peel(pygit2.Tree)
        diff = store[ground_history.tree_id(commit)].peel(pygit2.Tree).diff_to_tree(after)
        patch = tmp_path / "evil.patch"
        patch.write_text(HEAD + (diff.patch or ""))
        reports = {form: tmp_path / f"report.{form}" for form in FORMS}
        done = bisector(
            *("verify", "--patch", str(patch), "--on", BAD, "--set", "failure=nxdomain"),
            *("--toolchain", "fast", "--sandbox", "require"),
            *("--repo", str(ground.path)),
            *(word for form, path in reports.items() for word in (f"--{form}", str(path))),
        )
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()

    assert done.returncode == 1, done.stderr
    assert "does not compile" in done.stdout.splitlines()[-1]
    assert not planted.exists()
    report = json.loads(reports["json"].read_text())
    assert report["asked"]["sandbox"] == said
    lacks = [note for note in report["notes"] if note.startswith(f"sandboxed by {said}, which")]
    assert bool(lacks) == said.startswith("Landlock")
    told = next(one["problem"] for one in report["judged"] if one["outcome"] == "unbuildable")
    assert SAID in told
    assert all("a private key" not in Path(one["log"]).read_text() for one in report["probes"])

    assert "\x1b" not in done.stdout + done.stderr
    assert r"\x1b[31mowned" in done.stdout
    cases = list(ET.parse(reports["junit"]).iter())
    assert any(MARKUP in f"{case.attrib} {case.text}" for case in cases)
    page, comment = reports["html"].read_text(), reports["markdown"].read_text()
    assert MARKUP in html.unescape(page) and "<script" not in page
    fences = r"^(```+)$.*?^\1$"
    assert MARKUP in comment and "<script" not in re.sub(fences, "", comment, flags=re.M | re.S)
    assert "\x1b" not in comment
