"""Patches verified on the real playground: what they fix, what they break, what cannot be told."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bisector.jobs.playground import Playground
from bisector.probing import setup
from tests.support.real import bisector

BAD, HEALED = "v3.1-dev1", "v3.1-dev3"

FIRST = next(setup.bundled_patches("dns-flap").glob("0001-*.patch"))
SECOND = next(setup.bundled_patches("dns-flap").glob("0002-*.patch"))

Verified = Callable[..., tuple[subprocess.CompletedProcess[str], dict[str, Any]]]


@pytest.fixture
def verify(ground: Playground, tmp_path: Path) -> Verified:
    """Runs the command; what it said, and its report as JSON, if there is one."""

    def run(*words: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
        report = tmp_path / "report.json"
        done = bisector("verify", *words, "--repo", str(ground.path), "--json", str(report))
        return done, json.loads(report.read_text()) if report.exists() else {}

    return run


def outcomes(report: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(one["name"], one["scenario"]): one["outcome"] for one in report["judged"]}


def test_the_first_patch_alone_fixes_one_bug_and_brings_another(verify: Verified) -> None:
    done, report = verify("--patch", str(FIRST), "--on", f"{BAD},{HEALED}")
    assert done.returncode == 1
    assert outcomes(report) == {
        (BAD, "dns-flap"): "fixes",
        (BAD, "dns-false-up"): "breaks",
        (HEALED, "dns-flap"): "not needed",
        (HEALED, "dns-false-up"): "not needed",
    }
    assert "breaks dns-false-up" in done.stdout.splitlines()[-1]
    judged = {one["scenario"]: one for one in report["judged"] if one["name"] == BAD}
    assert len(judged["dns-flap"]["cells"]) == 30
    assert all(
        "record=SRV" not in c["variant"]
        for c in judged["dns-flap"]["cells"]
        if c["outcome"] == "fixes"
    )


@pytest.mark.usefixtures("with_tcc")
def test_both_patches_are_clean_and_each_live_hunk_is_noticed(verify: Verified) -> None:
    done, report = verify("--on", BAD, "--hunks")
    assert done.returncode == 0, done.stdout + done.stderr
    assert outcomes(report) == {(BAD, "dns-flap"): "fixes", (BAD, "dns-false-up"): "not needed"}
    states = [(one["path"], one["state"]) for one in report["hunks"]]
    server = "src/server.c"
    # the branch under `invalid:` in snr_resolution_cb() is dead code: a hunk of each patch
    assert states == [
        ("src/resolvers.c", "comment"),
        *[(server, "noticed"), (server, "not covered"), (server, "noticed")],
        *[(server, "noticed"), (server, "not covered"), (server, "noticed")],
    ]
    assert report["confirmed"], "gcc was asked, too"


def made(folder: Path, kind: str) -> Path:
    """The first patch, spoilt in some way."""
    text = FIRST.read_bytes()
    spoilt = {
        "crlf": text.replace(b"\n", b"\r\n"),
        "not compiling": text.replace(b"server_get_inetaddr(", b"server_get_nonesuch(;"),
        "conflict": text.replace(b"snr_set_srv_down", b"nonesuch").replace(b"index ", b"index f00"),
        "three": text + SECOND.read_bytes() + _DOCUMENT,
        "empty": b"",
        "binary": _BINARY,
        "outside": text.replace(b"src/server.c", b"../src/server.c"),
    }
    path = folder / "spoilt.patch"
    path.write_bytes(spoilt[kind])
    return path


_DOCUMENT = b"""From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001
From: Jo Doe <jo@example.org>
Date: Mon, 1 Jan 2024 00:00:00 +0000
Subject: [PATCH 3/3] DOC: say so

---
diff --git a/doc/so.txt b/doc/so.txt
new file mode 100644
--- /dev/null
+++ b/doc/so.txt
@@ -0,0 +1 @@
+so
"""
_BINARY = b"""Subject: [PATCH] a picture

---
diff --git a/doc/x.png b/doc/x.png
new file mode 100644
index 0000000..1234567
GIT binary patch
literal 4
LcmZQzWMT#Y01f~L

"""


@pytest.mark.parametrize(
    ("kind", "flap", "false_up", "problem"),
    [
        ("crlf", "fixes", "breaks", ""),
        ("three", "fixes", "not needed", ""),
        ("not compiling", "unbuildable", "unbuildable", "src/server.c:"),
        ("conflict", "conflict", "not needed", "src/server.c @@ "),
    ],
)
def test_each_patch_has_the_row_that_it_deserves(
    verify: Verified, tmp_path: Path, kind: str, flap: str, false_up: str, problem: str
) -> None:
    done, report = verify("--patch", str(made(tmp_path, kind)), "--on", BAD)
    assert outcomes(report) == {(BAD, "dns-flap"): flap, (BAD, "dns-false-up"): false_up}
    assert done.returncode == (0 if kind == "three" else 1)
    assert problem in report["judged"][0]["problem"]


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("empty", "holds no patch"),
        ("binary", "a binary change"),
        ("outside", "is not a path below the tree"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_one_line(
    verify: Verified, tmp_path: Path, kind: str, line: str
) -> None:
    done, report = verify("--patch", str(made(tmp_path, kind)), "--on", BAD)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("bisector: ")
    assert line in done.stderr
    assert not report


def test_without_a_known_bug_somebody_has_to_say_where(verify: Verified) -> None:
    done, _ = verify("--scenario", "dns-false-up")
    assert done.returncode == 2
    assert "--on" in done.stderr.splitlines()[-1]
