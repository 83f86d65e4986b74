"""A single build: what happens on the way is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bisector.jobs.single import build_once
from bisector.probing.options import Options
from bisector.probing.setup import Asked
from tests.support.clone import Clone
from tests.support.clusters import with_lua
from tests.support.tiny_haproxy import TinyHAProxy


def test_a_damaged_binary_is_built_again_and_that_is_said(clone: Clone, tmp_path: Path) -> None:
    workspace = with_lua(tmp_path / "workspace")
    TinyHAProxy(clone, workspace)
    notes: list[str] = []
    options = Options(repo=str(clone.path), toolchain="dev", sandbox="off")
    asked = Asked(workspace, options, lambda text: None, notes.append)

    binary = build_once(asked, "HEAD", lambda text: None)
    assert not notes
    binary.chmod(0o755)
    binary.write_bytes(b"damaged")
    binary = build_once(asked, "HEAD", lambda text: None)
    assert subprocess.run([binary], check=False).returncode == 7
    (note,) = notes
    assert note.startswith("a damaged binary in the cache was built again: ")
