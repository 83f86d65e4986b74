"""A bug that only the optimiser shows, in a HAProxy of two files: real tools, little time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bisector.system.workspace import Workspace
from tests.support.clone import Clone
from tests.support.planted_hunts import found
from tests.support.real import bisector
from tests.support.tiny_haproxy import MAKEFILE

COMMITS, FIRST_BAD = 12, 7
SOURCE = """\
#include <stdio.h>
int a(void);
int main(void)
{
#ifdef __OPTIMIZE__
	puts(a() < %d ? "sound" : "broken");
#else
	puts("sound");
#endif
	return 0;
}
"""
FILES = {
    "Makefile": "OPT_CFLAGS = -O2\n" + MAKEFILE,
    "include/haproxy/x.h": "#define X 7\n",
    "src/haproxy.c": SOURCE % FIRST_BAD,
}


@pytest.mark.usefixtures("with_tcc")
def test_a_bug_that_needs_the_optimiser_is_found_and_proven_with_release(
    clone: Clone, real_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a workspace of its own, so that no build tree of real HAProxy is lost."""
    own = tmp_path / "own"
    shutil.copytree(real_workspace.root / "tools", own / "tools", symlinks=True)
    monkeypatch.setenv("BISECTOR_WORKSPACE", str(own))
    commits = [
        clone.commit({**FILES, "src/a.c": f"int a(void) {{ return {number}; }}\n"})
        for number in range(COMMITS)
    ]
    answer, span = tmp_path / "answer.json", f"{commits[0]}..{commits[-1]}"
    where = ("--repo", str(clone.path), "--json", str(answer))
    done = bisector("run", span, *where, "--command", '"$HAPROXY_PROGRAM" | grep sound')
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(answer.read_text())
    assert found(report, commits, "introduction") == FIRST_BAD
    proof = [one for one in report["probes"] if one["purpose"].startswith("confirm")]
    assert {one["toolchain"] for one in proof} == {"release"}
    assert any("the hunt goes on with release" in note for note in report["notes"])
