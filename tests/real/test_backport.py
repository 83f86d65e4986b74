"""A real fix ported to real releases, on the playground, as a user does it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bisector.jobs.playground import Playground
from tests.real.helpers import bisector


def test_a_fix_goes_where_it_is_needed_and_git_am_takes_it(
    ground: Playground, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ("backport", ground.heal, "--onto", "v3.1-dev1,v3.0.11", "--out", str(out))
    done = bisector(*words, "--toolchain", "fast", "--repo", str(ground.path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "backported: applies to v3.1-dev1; not needed on v3.0.11" in done.stdout

    (patch,) = out.rglob("*.patch")
    assert patch.parent.name == "v3.1-dev1"
    work = tmp_path / "work"
    who = ("-c", "user.name=Jo", "-c", "user.email=jo@example.org")
    branch = ("-b", "v3.1-dev1", "-c", "advice.detachedHead=false")
    subprocess.run(["git", "clone", "-q", *branch, str(ground.path), str(work)], check=True)
    subprocess.run(["git", *who, "am", "-q", str(patch)], cwd=work, check=True)
    again = bisector("probe", "HEAD", "--toolchain", "fast", "--repo", str(work))
    assert again.returncode == 0, again.stdout + again.stderr
